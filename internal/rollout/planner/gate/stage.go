package gate

import (
	"fmt"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/task"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Soak waits until the step's share has been reached and healthy for as long as declared.
func Soak(v *view.View) *view.Hold {
	return timed(v, "soaking", v.Step().Soak-v.State.Stage.Timer.Passed(v.At()))
}

// Bake waits, after the last step, for as long as declared.
func Bake(v *view.View) *view.Hold {
	if !v.Spec.IsLastStep(v.State) {
		return nil
	}
	return timed(v, "baking", v.Step().Soak+v.Spec.Canary.Bake-v.State.Stage.Timer.Passed(v.At()))
}

// timed waits for the timer of the stage.
func timed(v *view.View, what string, left time.Duration) *view.Hold {
	if left <= 0 {
		return nil
	}
	if h := Held(v); h != nil {
		return h
	}
	c, over := v.Inventory(), v.At().Add(left)
	return view.Wait(rollout.ReasonSoaking, min(left, view.RecheckHeld), "%s%d of %d instances have the target and are healthy; %s until %s",
		view.StepPrefix(v.Step()), len(c.Verified), c.Eligible, what, view.FormatTime(over)).WithUntil(over)
}

// StepChecks keeps the stage until the checks of its share have passed.
func StepChecks(v *view.View) *view.Hold {
	if !task.HasStepChecks(v) || task.HasPassed(v) {
		return nil
	}
	if h := Held(v); h != nil {
		return h
	}
	c := v.Inventory()
	return view.Wait(rollout.ReasonSoaking, view.RecheckHeld,
		"%s%d of %d instances have the target and are healthy; waiting for the result of %s",
		view.StepPrefix(v.Step()), len(c.Verified), c.Eligible, "check "+strings.Join(task.RunningStepChecks(v), ", "))
}

// Approval waits for a person, as long as declared. What happens then is no matter of a gate.
func Approval(v *view.View) *view.Hold {
	step := v.Step()
	if step.Approval == nil || v.State.Stage.IsApproved(step.Name) {
		return nil
	}
	if h := Held(v); h != nil {
		return h
	}
	c, approval := v.Inventory(), *step.Approval
	recheck, then := view.RecheckHeld, ""
	var over time.Time
	if left := approval.Timeout - (v.State.Stage.Timer.Passed(v.At()) - step.Soak); approval.Timeout > 0 &&
		approval.OnTimeout != rollout.TimeoutWait {
		over = v.At().Add(left)
		recheck, then = min(left, view.RecheckHeld), fmt.Sprintf(" until %s, then onTimeout is %s", view.FormatTime(over), approval.OnTimeout)
	}
	return view.Wait(rollout.ReasonAwaitingApproval, recheck,
		"%s%d of %d instances have the target and are healthy; waiting for approval%s; create a RolloutAction with action Approve, run %d and "+
			"step %s",
		view.StepPrefix(step), len(c.Verified), c.Eligible, then, v.State.Run.Number, step.Name).WithUntil(over)
}
