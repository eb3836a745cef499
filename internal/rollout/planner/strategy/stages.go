package strategy

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// passStages opens every gate that may open, one after the other, until a step is not reached or a gate still holds. A gate never opens
// while the rollout is paused or the window is closed.
func passStages(d *advance.Draft) *view.Hold {
	for view.IsReached(d.View) {
		isLast := d.Spec.IsLastStep(d.State)
		if isLast && !view.HasGate(d.View) {
			return reached(d)
		}
		if !view.IsSound(d.View) {
			return nil
		}
		if h := passStage(d); h != nil {
			return h
		}
		if isLast {
			return reached(d)
		}
		if h := gate.Held(d.View); h != nil {
			return h
		}
		advance.NextStage(d)
	}
	return nil
}

// passStage waits for what has to pass, in this order: the soak, the checks, an approval, and after the last step the bake. The hooks
// hear of it when all of it has passed.
func passStage(d *advance.Draft) *view.Hold {
	stage := d.State.Stage
	isPromoted := stage.PromoteAll || stage.Promoted != "" && stage.Promoted == d.Step().Name
	if !isPromoted {
		if h := stageGates.First(d); h != nil {
			return h
		}
	}
	return hooksAfterStep(d)
}

// stageGates are the gates that a promotion skips.
var stageGates = Chain{
	hold(gate.Soak),
	update(advance.PassStepChecks),
	hold(gate.StepChecks),
	advance.ExpireApproval,
	hold(gate.Approval),
	hold(gate.Bake),
}

// reached reports success: as many instances as desired have the target for certain and are healthy, and have been for as long as declared.
func reached(d *advance.Draft) *view.Hold {
	advance.DropOperation(d) // what was refused is not needed any more
	c := d.Inventory()
	if d.Spec.IsWhole(d.State) {
		return advance.CompleteRun(d)
	}
	overshoot := ""
	if len(c.Exposed) > c.Desired {
		overshoot = "; more instances have it than desired, after scaling, repair or a lower percentage; the rollout does not reduce that"
	}
	return view.Wait(rollout.ReasonCanaryReached, view.RecheckHeld, "%d of %d instances have the target and are healthy, %d desired%s%s",
		len(c.Verified), c.Eligible, c.Desired, view.Percentage(d.Step()), overshoot)
}

// hooksBeforeFirstStep calls hooks before anything is written for the first step.
func hooksBeforeFirstStep(d *advance.Draft) *view.Hold {
	if d.IsCarried() {
		return nil
	}
	return hooksBeforeStep(d)
}

// hooksBeforeStep lets nothing of a step begin before its hooks were called.
func hooksBeforeStep(d *advance.Draft) *view.Hold {
	share := d.Spec.ShareKey(d.State)
	if d.State.Tasks.StepBefore == share {
		return nil
	}
	if h, done := stepHooks(d, rollout.BeforeStep); !done {
		return h
	}
	if len(d.Spec.Tasks.HooksAt(rollout.BeforeStep)) > 0 {
		advance.NoteStepHooks(d, rollout.BeforeStep)
	}
	return nil
}

// hooksAfterStep leaves a step only when its hooks were called.
func hooksAfterStep(d *advance.Draft) *view.Hold {
	share := d.Spec.ShareKey(d.State)
	if d.State.Tasks.StepAfter == share || len(d.Spec.Tasks.HooksAt(rollout.AfterStep)) == 0 {
		advance.ClearHooks(d, rollout.AfterStep)
		return nil
	}
	if h := gate.Held(d.View); h != nil {
		return h
	}
	if h, done := stepHooks(d, rollout.AfterStep); !done {
		return h
	}
	advance.NoteStepHooks(d, rollout.AfterStep)
	return nil
}

// stepHooks calls the hooks of a step's point. Where the release as a whole failed, that is decided.
func stepHooks(d *advance.Draft, point rollout.HookPoint) (*view.Hold, bool) {
	h, done := advance.StepHooks(d, point)
	if h == nil && !done {
		return holdFailed(d), false
	}
	return h, done
}
