//go:build !linux

package controlplane

import "syscall"

// attributes leave children in the group of this process, so that at least
// Ctrl-C ends them when this process can't: only Linux ties them to its life.
func attributes() *syscall.SysProcAttr { return nil }
