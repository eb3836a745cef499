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

// nobodyID is the id of the unprivileged user and group as which scripts run if this process may choose.
const nobodyID = 65534

var errNotAllowed = errors.New("scripts are not allowed here: start with --allow-scripts")

// sandbox is a way to run scripts.
type sandbox struct {
	name     string
	confined bool
	uid, gid int // the owner of the disks: the scripts' user and group, as seen outside of namespaces
	attr     syscall.SysProcAttr
}

// sandboxesOfThisProcess lists the ways to run scripts that may be open to this process, the tightest first.
func sandboxesOfThisProcess() []sandbox {
	uid, gid := os.Geteuid(), os.Getegid()
	sandboxes := confinedSandboxes(uid, gid)
	if uid == 0 {
		loose := sandbox{name: "unconfined, as nobody", uid: nobodyID, gid: nobodyID}
		loose.attr.Credential = &syscall.Credential{Uid: nobodyID, Gid: nobodyID}
		sandboxes = append(sandboxes, loose)
	}
	return append(sandboxes, sandbox{name: "unconfined, as this user", uid: uid, gid: gid})
}

// chooseSandbox takes the first that works. The error tells callers of Run why scripts do not run.
func chooseSandbox(scratch string, o Options, sandboxes []sandbox) (sandbox, error) {
	none := sandbox{name: "none", uid: os.Geteuid(), gid: os.Getegid()}
	if !o.AllowScripts {
		return none, errNotAllowed
	}
	var failures []string
	for _, c := range sandboxes {
		if !c.confined && !o.AllowUnconfined {
			return none, fmt.Errorf("scripts cannot be confined here (%s): start with --allow-unconfined-scripts to run them anyway",
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
func (c sandbox) try(scratch string) (err error) {
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
