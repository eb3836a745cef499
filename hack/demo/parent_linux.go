package main

import "syscall"

// endWithParent lets this program be asked to end when the one that started it is gone: `go run` and make pass Ctrl-C on, but not
// the SIGTERM that ends them.
func endWithParent() {
	// It cannot fail, since the signal exists.
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0)
}
