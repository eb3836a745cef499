package fleet

import "syscall"

// namespaces take the script's sight of other processes, the network and all else that is the host's.
const namespaces = syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS

// confinedSandboxes are those that confine scripts by namespaces, the tightest first.
func confinedSandboxes(uid, gid int) []sandbox {
	own := sandbox{name: "user namespace", confined: true, uid: uid, gid: gid, attr: userNamespace(uid, gid)}
	if uid != 0 {
		return []sandbox{own}
	}
	drop := &syscall.Credential{Uid: nobodyID, Gid: nobodyID}
	// In a user namespace without root, set-user-ID programs give nothing; so it is tried first, though root needs none for the others.
	tightest := sandbox{name: "user namespace as nobody", confined: true, uid: nobodyID, gid: nobodyID}
	tightest.attr = userNamespace(nobodyID, nobodyID)
	tightest.attr.Credential, tightest.attr.GidMappingsEnableSetgroups = drop, true
	tight := sandbox{name: "namespaces as nobody", confined: true, uid: nobodyID, gid: nobodyID}
	tight.attr.Cloneflags, tight.attr.Credential = namespaces, drop
	return []sandbox{tightest, tight, own}
}

// userNamespace adds a namespace in which the script is the unprivileged user and no process is root; outside it is uid.
func userNamespace(uid, gid int) syscall.SysProcAttr {
	return syscall.SysProcAttr{
		Cloneflags:  namespaces | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: nobodyID, HostID: uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: nobodyID, HostID: gid, Size: 1}},
	}
}

// attributes put a script into a group of its own, which ends when this process dies.
func (c sandbox) attributes() *syscall.SysProcAttr {
	attr := c.attr
	attr.Setpgid, attr.Pdeathsig = true, syscall.SIGKILL
	return &attr
}
