package subprocess

import "syscall"

// attributes let a child die with this process even when that is killed, and keep Ctrl-C from reaching it before this process has
// had its say.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// Interrupt asks a process and all it started to end.
func Interrupt(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) }
