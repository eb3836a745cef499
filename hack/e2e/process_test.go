package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/subprocess"
)

const (
	// stopGrace is how long a program may take to end by itself when it is asked to.
	stopGrace = 45 * time.Second
	// tailLines is how much of a log is shown.
	tailLines = 40
)

// process is a program that runs beside the tests and ends with them, at the latest.
type process struct {
	*subprocess.Child
	cmd *exec.Cmd
}

// launch starts a program that writes to the file log, with env added to our own environment.
func launch(log string, env []string, path string, args ...string) (*process, error) {
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), env...)
	c, err := subprocess.Start(cmd, log)
	if err != nil {
		return nil, err
	}
	return &process{Child: c, cmd: cmd}, nil
}

// kill ends the program without asking, and returns when it is gone.
func (p *process) kill() {
	// The only error is that it is gone already.
	_ = p.cmd.Process.Kill()
	p.Stop(stopGrace)
}

// terminate asks the program to end, and fails if it does not do so in good order.
func (p *process) terminate() error {
	p.Stop(stopGrace)
	if !p.cmd.ProcessState.Success() {
		return errors.New(filepath.Base(p.cmd.Path) + " ended with " + p.cmd.ProcessState.String())
	}
	return nil
}

// tail is the end of the log.
func (p *process) tail() string {
	return fmt.Sprintf("%s (process %d) ends:\n%s", filepath.Base(p.cmd.Path), p.PID(), p.Tail(tailLines))
}
