package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/subprocess"
	"github.com/vmss-rollouts/vmss-rollouts/hack/testenv"
)

// actLimit is how long a rollout of three simulated instances may take on two busy cores.
const actLimit = 2 * time.Minute

// kubectl runs the real kubectl and shows what it is asked and what it answers.
type kubectl struct {
	path   string
	dir    string // where it runs
	env    []string
	screen *screen
}

func (k *kubectl) command(ctx context.Context, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, k.path, args...)
	cmd.Dir, cmd.Env = k.dir, k.env
	return cmd
}

// run runs kubectl to its end.
func (k *kubectl) run(ctx context.Context, args ...string) error {
	k.screen.command(append([]string{"kubectl"}, args...)...)
	out, err := testenv.RunQuietly(k.command(ctx, args))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("running kubectl %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	k.screen.output(out)
	return nil
}

// follow shows how a rollout gets on, as kubectl prints it, until its status is want. It must not be want to begin with.
func (k *kubectl) follow(ctx context.Context, name, want string) error {
	args := []string{"get", "vmssr", name, "--watch", "-o", "wide"}
	k.screen.command(append([]string{"kubectl"}, args...)...)
	limited, cancel := context.WithTimeout(ctx, actLimit)
	defer cancel()
	cmd := k.command(limited, args)
	rows := &progress{screen: k.screen, want: want, end: cancel}
	var complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = rows, &complaints
	err := subprocess.Run(cmd)
	switch {
	case rows.status == want:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case rows.status != "":
		return fmt.Errorf("rollout %q is %s instead of %s", name, rows.status, want)
	case limited.Err() != nil:
		return fmt.Errorf("rollout %q is not %s after %s", name, want, actLimit)
	default:
		return fmt.Errorf("watching rollout %q: kubectl ended (%w): %s", name, err, complaints.String())
	}
}
