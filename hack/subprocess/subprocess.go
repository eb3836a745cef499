// Package subprocess runs programs that end with this one, however it ends (on Linux), so that what starts processes of its own leaves
// none behind.
package subprocess

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Child is a running program.
type Child struct {
	cmd  *exec.Cmd
	log  string
	gone chan struct{} // closed when the program has ended and was waited for
}

// Start starts a program whose output goes to the file log, which is emptied first.
func Start(cmd *exec.Cmd, log string) (*Child, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("making the log of %s: %w", cmd.Path, err)
	}
	// The child has a descriptor of its own.
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	c := &Child{cmd: cmd, log: log, gone: make(chan struct{})}
	// How it ended is in its log, and ProcessState has the exit code.
	if err := launch(cmd, func(error) { close(c.gone) }); err != nil {
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	return c, nil
}

// Run runs a command to its end, as Cmd.Run does.
func Run(cmd *exec.Cmd) error {
	ended := make(chan error, 1)
	if err := launch(cmd, func(err error) { ended <- err }); err != nil {
		return err
	}
	return <-ended
}

// launch starts the command; ended is told what Cmd.Wait returns.
func launch(cmd *exec.Cmd, ended func(error)) error {
	hearInterrupts()
	cmd.SysProcAttr = attributes()
	started := make(chan error)
	go func() {
		// The kernel ends the child with the thread that forked it, not with the process, so the thread is kept for the child's life.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended(cmd.Wait())
		}
	}()
	return <-started
}

// hearInterrupts gives children the default action for interrupts. A shell starts its background jobs with interrupts ignored, and what a
// process ignores, its children ignore too: Interrupt would not end them. A handler is not inherited. This one does nothing, so that
// interrupts still do not end this process.
var hearInterrupts = sync.OnceFunc(func() {
	if signal.Ignored(os.Interrupt) {
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
})

// PID is the process id.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Args is the command line it was started with.
func (c *Child) Args() []string { return c.cmd.Args }

// Await returns when ready does without an error, or with an error when the program ends or ctx does.
func (c *Child) Await(ctx context.Context, ready func(context.Context) error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-c.gone:
			return fmt.Errorf("it ended early (%s): %s", c.cmd.ProcessState, c.Tail(8))
		case <-ctx.Done():
			return fmt.Errorf("it is not ready (%w): %w", err, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// Stop asks the program to end, makes it end after grace, and waits for it. It may be called for one that is gone.
func (c *Child) Stop(grace time.Duration) {
	// The only error is that it is gone already.
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-c.gone:
		return
	case <-timer.C:
	}
	_ = c.cmd.Process.Kill()
	<-c.gone
}

// Tail is the last lines of the log.
func (c *Child) Tail(lines int) string {
	data, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
