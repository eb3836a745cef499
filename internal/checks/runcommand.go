package checks

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Commands runs scripts on instances through Azure's agent, so that no network path to them is needed. Run returns when the script has
// ended. An error means that it is not known to have ended, and says nothing about the release; a script that ended badly is no error.
// Running the same script twice must do no harm: after a crash it is run again.
type Commands interface {
	Run(ctx context.Context, set ScaleSet, instance Instance, script string) (exitCode int, outputTail string, err error)
}

// RunCommand runs a script on one instance.
type RunCommand struct {
	Script   string
	ExitCode int           // the one that passes
	Timeout  time.Duration // 0: 2 min
	// ShowOutput puts the end of the output into the measurement of a script that failed. Who may read the rollout can then read it.
	ShowOutput bool
}

const (
	maxScript             = 16 << 10 // bytes
	defaultCommandTimeout = 2 * time.Minute
)

type runCommandProbe struct {
	RunCommand
	commands Commands
}

func newRunCommand(r RunCommand, p Ports) (Probe, error) {
	switch {
	case p.Commands == nil:
		return nil, errors.New("nothing runs commands here")
	case r.Script == "" || len(r.Script) > maxScript:
		return nil, fmt.Errorf("a script has 1 to %d bytes", maxScript)
	}
	if r.Timeout <= 0 {
		r.Timeout = defaultCommandTimeout
	}
	return &runCommandProbe{RunCommand: r, commands: p.Commands}, nil
}

// Measure runs the script.
func (r *runCommandProbe) Measure(ctx context.Context, s Subject) Measurement {
	if s.Instance == nil {
		return errored("a command runs on an instance; declare scope Instance")
	}
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	code, output, err := r.commands.Run(ctx, s.Set, *s.Instance, r.Script)
	if err != nil {
		return errored("running the command: %s", why(ctx, err))
	}
	m := Measurement{Outcome: Passed, Value: strconv.Itoa(code), Threshold: "exit code " + strconv.Itoa(r.ExitCode), Samples: 1}
	if code != r.ExitCode {
		m.Outcome, m.Detail = Failed, fmt.Sprintf("exit code %d, not %d", code, r.ExitCode)
		if r.ShowOutput && output != "" {
			m.Detail += ": " + shownOutput(redact.From(ctx), output, maxTextLength-len(m.Detail)-2)
		}
	}
	return m
}

// shownOutput is the end of what a script printed, without secrets. Where not all of them are known, it is not shown.
func shownOutput(r *redact.Redactor, output string, most int) string {
	if r != nil && r.Blind != "" {
		return clip("its output is not shown: "+r.Blind, maxProblem)
	}
	return tail(r.Text(output), most)
}

// why puts an error of Azure into words. Problems are made for people, and say what to do next; of other errors nothing is known but that
// they happened.
func why(ctx context.Context, err error) string {
	var known *rollout.Problem
	switch {
	case errors.As(err, &known):
		return told(known)
	case ctx.Err() != nil:
		return "it did not end in time"
	default:
		return "it could not be done"
	}
}

// told returns a problem with what comes next: the command that fixes it, or how long Azure asks to wait. The command is whole or left out,
// since users would paste a part of one, too.
func told(p *rollout.Problem) string {
	text := clip(p.Error(), maxProblem)
	if p.Remediation == "" && p.RetryAfter > 0 {
		return text + "; Azure asks to wait " + p.RetryAfter.String()
	}
	return p.WithHint(text)
}
