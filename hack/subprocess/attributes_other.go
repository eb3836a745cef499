//go:build !linux

package subprocess

import (
	"os"
	"syscall"
)

// attributes leave children in the group of this process, so that at least Ctrl-C ends them when this process can't: only Linux ties
// them to its life.
func attributes() *syscall.SysProcAttr { return nil }

// Interrupt asks a process to end.
func Interrupt(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Signal(os.Interrupt)
}
