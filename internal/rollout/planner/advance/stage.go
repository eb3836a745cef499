package advance

import (
	"fmt"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/task"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// KeepStageTimer lets the timer of the step's gate run, stand still or begin again. It runs while the step's share is reached and healthy.
// It stands still while the rollout is paused or the window is closed. Whatever reduces the share or its health resets what had passed: a
// soak is a time without a break. It is kept before anything else may end the round, so that a canary that becomes unhealthy while a
// preflight check or a drift holds the rollout does not pass its soak meanwhile.
func KeepStageTimer(d *Draft) {
	timer := &d.State.Stage.Timer
	switch {
	case !view.HasGate(d.View) || !view.IsReached(d.View) || !view.IsSound(d.View):
		ResetStage(d)
	case d.IsHeld():
		*timer = timer.Stopped(d.At())
	case timer.Since.IsZero():
		timer.Since = d.At()
	}
}

// ResetStage lets the gate begin again, with its checks and hooks, once the share is reached and healthy.
func ResetStage(d *Draft) {
	stage := &d.State.Stage
	if stage.Timer != (rollout.Timer{}) && task.HasStepChecks(d.View) {
		stage.GateResets++
		stage.ChecksPassed = task.OtherPassed(d.View)
	}
	ClearHooks(d, rollout.AfterStep)
	stage.Timer = rollout.Timer{}
}

// PassStepChecks notes that the checks of the current share passed, once they all have. What has to pass after them begins to pass then, as
// after an approval.
func PassStepChecks(d *Draft) {
	if !task.HasStepChecks(d.View) || task.HasPassed(d.View) || len(task.RunningStepChecks(d.View)) > 0 {
		return
	}
	d.State.Stage.ChecksPassed = append(task.OtherPassed(d.View), task.PassedKey(d.View))
	restartAfterSoak(d)
}

// approveStage notes the approval of the current step. What has to pass after it begins to pass now.
func approveStage(d *Draft) {
	d.State.Stage.Approved = append(d.State.Stage.Approved, d.Step().Name)
	restartAfterSoak(d)
}

// restartAfterSoak sets the stage's timer back to the end of the soak.
func restartAfterSoak(d *Draft) {
	soak, timer := d.Step().Soak, &d.State.Stage.Timer
	if timer.Passed(d.At()) <= soak {
		return
	}
	timer.Elapsed = soak
	if !timer.Since.IsZero() {
		timer.Since = d.At()
	}
}

// requestedByTimeout is who approved a step that no person approved: the field that says so.
const requestedByTimeout = "onTimeout"

// ExpireApproval does what was declared about an approval that did not come in time.
func ExpireApproval(d *Draft) *view.Hold {
	step := d.Step()
	if step.Approval == nil || d.State.Stage.IsApproved(step.Name) || !hasExpired(d, *step.Approval) {
		return nil
	}
	why := fmt.Sprintf("step %q was not approved within %s", step.Name, step.Approval.Timeout)
	switch step.Approval.OnTimeout {
	case rollout.TimeoutAbort:
		return RollBack(d, rollout.AbortRollback, rollout.CauseTimeout, why)
	case rollout.TimeoutRollback:
		return RollBack(d, rollout.FullRollback, rollout.CauseTimeout, why)
	case rollout.TimeoutApprove, rollout.TimeoutWait:
	}
	approveStage(d)
	if s := &d.State; len(s.Actions) < maxActions {
		s.Actions = append(s.Actions, rollout.AppliedAction{
			Verb: rollout.VerbApprove, Step: step.Name, RequestedBy: requestedByTimeout, At: d.At(),
		})
	}
	return nil
}

// hasExpired reports that an approval did not come in time. No time passes while nothing may begin.
func hasExpired(d *Draft, a rollout.Approval) bool {
	waited := d.State.Stage.Timer.Passed(d.At()) - d.Step().Soak
	isHeld := d.IsHeld() || d.Obs.Window.Problem != nil
	return !isHeld && a.Timeout > 0 && waited >= a.Timeout && a.OnTimeout != rollout.TimeoutWait
}

// NextStage moves on to the next step.
func NextStage(d *Draft) {
	next := d.Spec.Canary.Steps[d.Spec.StepIndex(d.State)+1]
	d.State.Stage.Name, d.State.Stage.Timer, d.State.Timers.Progress = next.Name, rollout.Timer{}, rollout.ProgressTimer{}
	d.Forget()
	KeepStageTimer(d)
}
