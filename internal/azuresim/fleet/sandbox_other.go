//go:build !linux

package fleet

import "syscall"

// confinedSandboxes are none: only Linux has namespaces.
func confinedSandboxes(int, int) []sandbox { return nil }

// attributes put a script into a group of its own. Only Linux ties that to the life of this process.
func (c sandbox) attributes() *syscall.SysProcAttr {
	attr := c.attr
	attr.Setpgid = true
	return &attr
}
