package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// errTaken says that a program ended since somebody else has its port.
var errTaken = errors.New("its port was taken")

// process is a program that ends with this one.
type process struct {
	cmd  *exec.Cmd
	log  string
	gone chan struct{} // closed when the process has ended and was waited for
}

// startProcess starts a program that writes to the file log.
func startProcess(path string, args []string, log string) (*process, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("making its log: %w", err)
	}
	defer out.Close()
	p := &process{cmd: exec.Command(path, args...), log: log, gone: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = attributes()

	started := make(chan error)
	go func() {
		// The kernel kills the child when the thread that forked it ends, not when
		// the process does, so the thread is kept for as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		// How it ended is in its log, and ProcessState has the exit code.
		_ = p.cmd.Wait()
		close(p.gone)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// await returns when ready does without an error, or with the end of the log when
// the process ends or ctx does.
func (p *process) await(ctx context.Context, ready func(context.Context) error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.gone:
			words := p.lastWords()
			if strings.Contains(words, "address already in use") {
				return fmt.Errorf("%w: %s", errTaken, words)
			}
			return fmt.Errorf("it ended early (%s): %s", p.cmd.ProcessState, words)
		case <-ctx.Done():
			return fmt.Errorf("%w, it is not ready (%w): %s", ctx.Err(), err, p.lastWords())
		case <-tick.C:
		}
	}
}

// end asks the process to end, makes it end after grace, and waits for it.
func (p *process) end(grace time.Duration) {
	// A process that is gone already needs no signal; that is the only error.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.gone:
		return
	case <-timer.C:
	}
	_ = p.cmd.Process.Kill()
	<-p.gone
}

// lastWords are the last lines of the log.
func (p *process) lastWords() string {
	const lines = 8
	data, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(data)), "\n")
	return filepath.Base(p.log) + " ends:\n" + strings.Join(all[max(0, len(all)-lines):], "\n")
}
