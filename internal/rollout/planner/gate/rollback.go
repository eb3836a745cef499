package gate

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// RollbackHeld lets a rollback wait where its cause does not override a pause or a closed window.
func RollbackHeld(v *view.View) *view.Hold {
	current := v.State.Rollback.Current
	switch {
	case current.Cause == rollout.CauseAction || current.Cause == rollout.CauseDeletion:
		return nil
	case v.Spec.Paused:
		return view.Wait(rollout.ReasonPaused, view.RecheckHeld, "paused while %s (%s); to continue, set spec.paused to false",
			view.RollbackVerb(current), current.Message)
	case current.Cause == rollout.CauseTimeout && v.Obs.Window.Problem != nil:
		return Held(v)
	case current.Cause == rollout.CauseTimeout && v.Obs.Window.Closed:
		return view.Wait(rollout.ReasonOutsideWindow, view.RecheckHeld,
			"%s (%s) waits for the window to open; to roll back now, create a RolloutAction Rollback",
			view.RollbackVerb(current), current.Message).WithUntil(v.Obs.Window.NextChange)
	}
	return nil
}

// RollbackPlanOnly touches nothing in a rollback either, where only a plan was asked for.
func RollbackPlanOnly(v *view.View) *view.Hold {
	if !v.Spec.PlanOnly {
		return nil
	}
	current := v.State.Rollback.Current
	return view.Wait(rollout.ReasonPlanned, view.RecheckHeld, "%s (%s) waits because spec.mode is Plan; to continue, set it to Apply",
		view.RollbackVerb(current), current.Message)
}
