// Package guest declares the interfaces through which the simulator lets a fleet run its instances.
package guest

import (
	"fmt"
	"net/netip"
	"strconv"
)

// Fleet runs the guests of instances. Keys are lower-case ARM ids of instances. Its methods are safe for concurrent use. They must not call
// back into the Server before they return: done, too, is called later, from another goroutine.
type Fleet interface {
	// Boot gives the instance a fresh disk made from the image and opens its web server.
	Boot(key string, image Image)
	// Run downloads the script's URIs to the instance's disk and runs its command or program there. It calls done exactly once, later.
	Run(key string, s Script, done func(ScriptResult))
	// Down closes the instance's address; the disk is kept.
	Down(key string)
	// Up opens the instance's address again.
	Up(key string)
	// Remove ends the instance: its disk and its address are gone.
	Remove(key string)
	// Address returns the instance's own 127.x.y.z, which stays the same until the instance is removed.
	Address(key string) netip.Addr
	// SetSick makes the instance answer 503, or stops it from doing so.
	SetSick(key string, sick bool)
}

// Image is a disk image. Files holds the content of its web root, by path.
type Image struct {
	ID    string
	Files map[string][]byte
	// DiskSizeGB is how large a disk it needs; 0: any will do.
	DiskSizeGB int
	// Generation is that of the virtual hardware that it needs, V1 or V2; "": V1.
	Generation string
	// Security is the value of the feature SecurityType of its definition; "": there is no such feature.
	Security string
	// Regions are the ones that a version in a gallery is replicated to; nil: all that are asked about.
	Regions []string
}

// Script is a script that runs in an instance: the command of the custom script extension, among the files of its URIs, or of a gallery
// application, beside its package, or the program of a run command.
type Script struct {
	URIs    []string
	Files   map[string][]byte // that lie beside the command, by name
	Command string
	// Program is a file's content. If it is set, the fleet executes it instead of Command, with Args, in the web root, so that it can read
	// what the instance serves.
	Program string
	Args    []string
	// Env holds further variables of the environment, each as NAME=value.
	Env []string
}

// ScriptResult is the result of a script. Err is the reason why it never ran: a download failed, it was not allowed, or its time was up.
type ScriptResult struct {
	ExitCode       int
	Stdout, Stderr string
	Err            string
}

// Failed reports whether the script failed.
func (r ScriptResult) Failed() bool { return r.ExitCode != 0 || r.Err != "" }

// Message is the agent's wording of how a script ended.
func (r ScriptResult) Message() string {
	switch {
	case r.Err != "":
		return fmt.Sprintf("Enable failed: processing file downloads failed: %s", r.Err)
	case r.ExitCode != 0:
		return fmt.Sprintf("Enable failed: failed to execute command: command terminated with exit status=%d\n[stdout]\n%s\n[stderr]\n%s\n",
			r.ExitCode, r.Stdout, r.Stderr)
	}
	return fmt.Sprintf("Enable succeeded: \n[stdout]\n%s\n[stderr]\n%s\n", r.Stdout, r.Stderr)
}

// Code is the status code of the extension in the instance view.
func (r ScriptResult) Code() string {
	if !r.Failed() {
		return "ProvisioningState/succeeded"
	}
	// The agent reports a script that never ran with an exit code of its own.
	return "ProvisioningState/failed/" + strconv.Itoa(max(1, r.ExitCode))
}
