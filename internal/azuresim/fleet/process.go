package fleet

import (
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

// outputDelay is how long the output of a script may stay open after its end. Only an unconfined process that it left behind keeps it open.
// On a busy host, reading the rest of the output takes time, too.
const outputDelay = 2 * time.Second

// runCommand runs the command in a directory of the disk. An error means that it was not started, or not left to end by itself.
func (f *Fleet) runCommand(d *disk, command, dir string, env []string) (guest.ScriptResult, error) {
	limit := f.options.ScriptTimeout
	ctx, cancel := context.WithTimeoutCause(d.ctx, limit, fmt.Errorf("killed at the time limit of %v", limit))
	defer cancel()
	stdout, stderr := tail{limit: f.options.MaxOutput}, tail{limit: f.options.MaxOutput}
	cmd := f.sandbox.command(ctx, command)
	cmd.Dir = d.path(dir)
	cmd.Env = append([]string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=" + d.path(homeDir),
		"TMPDIR=" + d.path(tempDir),
		"WEB_ROOT=" + d.path(webDir),
	}, env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr

	err := cmd.Run()
	if cmd.ProcessState == nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return guest.ScriptResult{}, fmt.Errorf("starting the script: %w", err)
	}
	_ = killGroup(cmd) // processes that it left behind, if no namespace has ended them already
	result := guest.ScriptResult{ExitCode: exitCode(cmd), Stdout: stdout.String(), Stderr: stderr.String()}
	if ctx.Err() != nil && !cmd.ProcessState.Success() {
		return result, context.Cause(ctx)
	}
	return result, nil
}

// command makes a shell command that is killed, with all that it started, when ctx ends or, where the system can, this process dies.
func (c sandbox) command(ctx context.Context, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	cmd.SysProcAttr = c.attributes()
	cmd.Cancel = func() error { return killGroup(cmd) }
	cmd.WaitDelay = outputDelay
	return cmd
}

func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// exitCode is as a shell shows it: 128 and the signal for a process that died of one.
func exitCode(cmd *exec.Cmd) int {
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return cmd.ProcessState.ExitCode()
}
