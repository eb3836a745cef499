package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// namespaces take the script's sight of other processes, the network and all else that is the host's.
	namespaces = syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS
	// nobody is the user and the group that scripts run as if this process may choose.
	nobody = 65534
)

var errNotAllowed = errors.New("scripts are not allowed here: start with --allow-scripts")

// cage is a way to run scripts.
type cage struct {
	name     string
	confined bool
	uid, gid int // whom the disks belong to: who scripts are, seen from outside
	attr     syscall.SysProcAttr
}

// cagesOfThisProcess lists the ways to run scripts that may be open to this process, the tightest first.
func cagesOfThisProcess() []cage {
	uid, gid := os.Geteuid(), os.Getegid()
	own := cage{name: "user namespace", confined: true, uid: uid, gid: gid, attr: userNamespace(uid, gid)}
	plain := cage{name: "unconfined, as this user", uid: uid, gid: gid}
	if uid != 0 {
		return []cage{own, plain}
	}
	drop := &syscall.Credential{Uid: nobody, Gid: nobody}
	// In a user namespace without root, set-user-ID programs give nothing; so it is tried first, though root needs none for the others.
	tightest := cage{name: "user namespace as nobody", confined: true, uid: nobody, gid: nobody, attr: userNamespace(nobody, nobody)}
	tightest.attr.Credential, tightest.attr.GidMappingsEnableSetgroups = drop, true
	tight := cage{name: "namespaces as nobody", confined: true, uid: nobody, gid: nobody}
	tight.attr.Cloneflags, tight.attr.Credential = namespaces, drop
	loose := cage{name: "unconfined, as nobody", uid: nobody, gid: nobody}
	loose.attr.Credential = drop
	return []cage{tightest, tight, own, loose, plain}
}

// userNamespace adds a namespace in which the script is nobody and nobody is root; outside it is uid.
func userNamespace(uid, gid int) syscall.SysProcAttr {
	return syscall.SysProcAttr{
		Cloneflags:  namespaces | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: nobody, HostID: uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: nobody, HostID: gid, Size: 1}},
	}
}

// chooseCage takes the first that works. The error says why scripts will not run, to those who try.
func chooseCage(scratch string, o Options, cages []cage) (cage, error) {
	none := cage{name: "none", uid: os.Geteuid(), gid: os.Getegid()}
	if !o.AllowScripts {
		return none, errNotAllowed
	}
	var failures []string
	for _, c := range cages {
		if !c.confined && !o.AllowUnconfined {
			return none, fmt.Errorf("scripts cannot be confined here (%s): start with --allow-unconfined-scripts to run them all the same",
				strings.Join(failures, "; "))
		}
		err := c.try(scratch)
		if err == nil {
			return c, nil
		}
		failures = append(failures, c.name+": "+err.Error())
	}
	return none, fmt.Errorf("scripts cannot run here (%s)", strings.Join(failures, "; "))
}

// try runs a script that does what all others do: start in its directory and write there.
func (c cage) try(scratch string) (err error) {
	dir := filepath.Join(scratch, "try")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeTree(dir)) }()
	if err := os.Chown(dir, c.uid, c.gid); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := c.command(ctx, ": > tried")
	cmd.Dir = dir
	return cmd.Run()
}
