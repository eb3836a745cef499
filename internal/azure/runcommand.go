package azure

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	// usualPause is how long is waited where Azure does not say.
	usualPause = 10 * time.Second
	// maxCommand bounds a call whose context does not: Azure ends a script after 90 minutes.
	maxCommand = 2 * time.Hour
	// noExitCode is returned with errors, because a zero would read as success.
	noExitCode = -1
)

// RunCommand runs a script on one instance through Azure's agent, which needs no network path to it: one POST, and then GETs, as
// Azure asks for them, until the script has ended. The script is a process of its own, under the interpreter that its first line
// names, or sh, and on Windows under PowerShell. What it printed comes back with its exit code: the end, at most 4 KiB, both streams as
// they were written.
//
// An error means that the script is not known to have ended; it may still run, and until it ends Azure begins no other there. No
// error holds anything of the script or of what it printed. Azure refuses a command of another operating system than the instance's.
// The model and the list tell which one it is.
func (a *Adapter) RunCommand(ctx context.Context, set rollout.ScaleSet, id, script string) (exitCode int, outputTail string, err error) {
	if a.orchestrations.of(set).windows {
		return a.runScript(ctx, set, id, script, newWindowsScript(script))
	}
	return a.runScript(ctx, set, id, script, newWrappedScript(script))
}

// runScript runs a script that is wrapped for the operating system.
func (a *Adapter) runScript(
	ctx context.Context, set rollout.ScaleSet, id, script string, e wrappedScript,
) (exitCode int, outputTail string, err error) {
	c, err := a.in(set)
	if err != nil {
		return noExitCode, "", err
	}
	x := &arm.Call{
		Operation: "RunCommand", Set: set,
		Doing:  fmt.Sprintf("running a command on instance %s of scale set %q", message.Head(message.Flat(id), 64), set),
		Effect: true, Secrets: e.secrets(script),
	}
	if !instanceID.MatchString(id) {
		return noExitCode, "", x.Refuse("%q cannot be an instance id", id)
	}
	ctx, cancel := context.WithTimeout(ctx, maxCommand)
	defer cancel()
	report, err := a.runWrappedScript(x.With(ctx), c, x, id, e)
	if err != nil {
		return noExitCode, "", err
	}
	exitCode, outputTail, ended := e.outcome(report)
	if !ended {
		return noExitCode, "", unknown(x, "the report of the instance does not contain the result of the script")
	}
	return exitCode, outputTail, nil
}

// runWrappedScript sends the wrapped script and waits for the agent's report. An instance of a Flexible set is asked by its own path, since
// that of the scale set takes numbers only.
func (a *Adapter) runWrappedScript(ctx context.Context, c clients, x *arm.Call, id string, e wrappedScript) (armcompute.RunCommandResult,
	error) {
	input := armcompute.RunCommandInput{CommandID: &e.command, Script: e.lines()}
	if arm.OrchestrationOf(id) == rollout.OrchestrationUniform {
		p, err := c.instances.BeginRunCommand(ctx, x.Set.ResourceGroup, x.Set.Name, id, input, nil)
		report, err := await(ctx, a, x, p, err)
		return report.RunCommandResult, err
	}
	p, err := c.virtualMachines.BeginRunCommand(ctx, x.Set.ResourceGroup, id, input, nil)
	report, err := await(ctx, a, x, p, err)
	return report.RunCommandResult, err
}

// await asks how a begun command is doing until it has ended or the context has. Asking changes nothing, so what only failed for the
// moment is asked again.
func await[T any](ctx context.Context, a *Adapter, x *arm.Call, p *runtime.Poller[T], err error) (T, error) {
	var none T
	if err != nil {
		return none, notBegun(x, err)
	}
	x.Effect = false
	var last *rollout.Problem
	for pause, over := arm.RetryAfter(x.Response()), p.Done(); ; over = false {
		if !over && a.wait(ctx, cmp.Or(pause, usualPause)) != nil {
			return none, unfinished(x, last)
		}
		var report *T
		report, pause, last = ask(ctx, x, p)
		switch {
		case report != nil:
			return *report, nil
		case last != nil && last.Kind != rollout.KindTransient && last.Kind != rollout.KindThrottled:
			return none, last
		case last != nil:
			pause = last.RetryAfter
		}
	}
}

// notBegun is why a command was refused. Of one that the instance's operating system does not have Azure says what it says of an
// instance that is gone.
func notBegun(x *arm.Call, err error) error {
	p := x.Problem(err)
	if p.Kind == rollout.KindInstanceGone {
		p.Message = message.Head(p.Message, message.Limit-64) + " It is gone, or has another operating system."
	}
	return p
}

// ask asks once, and for the report if the command has ended. Without report and problem it runs.
func ask[T any](ctx context.Context, x *arm.Call, p *runtime.Poller[T]) (*T, time.Duration, *rollout.Problem) {
	if !p.Done() {
		resp, err := p.Poll(ctx)
		if err == nil && resp.StatusCode >= http.StatusBadRequest {
			err = runtime.NewResponseError(resp) // some pollers take a refusal for an outcome
		}
		if err != nil {
			return nil, 0, unread(x, err)
		}
		status := x.Status(resp, p.Done())
		if status.Problem != nil {
			return nil, 0, cutShort(x, status.Problem)
		}
		if !p.Done() {
			return nil, status.RetryAfter, nil
		}
	}
	report, err := p.Result(ctx)
	if err != nil {
		return nil, 0, unread(x, err)
	}
	return &report, 0, nil
}

// unread is why an answer about a begun command could not be had. What a refusal says of it is not shown: it may be the output.
func unread(x *arm.Call, err error) *rollout.Problem {
	p := x.Problem(err)
	if x.Response() != nil && arm.Gone(x.Response().StatusCode) {
		p.Kind, p.Remediation = rollout.KindOperationLost, ""
		p.Message = fmt.Sprintf("%s: how it ended can no longer be read: Azure answered %d", x.Doing, x.Response().StatusCode)
	}
	return p
}

// cutShort is why the operation ended without the script having ended by itself. What Azure says of it is not shown, either.
func cutShort(x *arm.Call, p *rollout.Problem) *rollout.Problem {
	how := "the operation failed"
	switch p.Kind {
	case rollout.KindPreempted:
		how = "a later operation ended it"
	case rollout.KindCanceled:
		how = "it was canceled"
	default:
	}
	return &rollout.Problem{Kind: p.Kind, Code: message.Clean(p.Code, 64, x.Redactor()), Message: x.Doing + ": " + how}
}

// unfinished is that the time was up first. The code is that of the last answer, if it was an error.
func unfinished(x *arm.Call, last *rollout.Problem) error {
	p := unknown(x, "it started, and its end was not reported in time")
	if last != nil {
		p.Code, p.RetryAfter = last.Code, last.RetryAfter
	}
	return p
}

func unknown(x *arm.Call, why string) *rollout.Problem {
	return &rollout.Problem{Kind: rollout.KindAmbiguous, Message: x.Doing + ": " + why}
}

// wait lets time pass, unless the context ends first.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
