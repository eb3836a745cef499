//go:build !linux

package fleet

import "syscall"

// confinedCages are none: only Linux has namespaces.
func confinedCages(int, int) []cage { return nil }

// attributes put a script into a group of its own. Only Linux ties that to the life of this process.
func (c cage) attributes() *syscall.SysProcAttr {
	attr := c.attr
	attr.Setpgid = true
	return &attr
}
