package strategy

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// writeModel writes the target into the model, one part a round. Instances are not touched by it.
func writeModel(d *advance.Draft) *view.Hold {
	if d.IsCarried() {
		advance.NoteModelApplied(d)
		return nil
	}
	if h := gate.Effect(d.View); h != nil {
		return h
	}
	if h := gate.Settings(d.View); h != nil {
		return withoutSettings(d, h)
	}
	if h := advance.EnsureStored(d); h != nil {
		return h
	}
	if h := advance.SuspendRepairs(d); h != nil {
		return h
	}
	return advance.BeginOperation(d, target.NextWrite(d.Spec.Target, d.Model(), d.State.Model.ScriptWritten), nil)
}

// withoutSettings ends the wait for the Secret of a script that is to be restored, where the object is being deleted. Access that was
// refused is waited for, unless it cannot be granted again.
func withoutSettings(d *advance.Draft, h *view.Hold) *view.Hold {
	isLost := h.Reason == rollout.ReasonInvalid || h.Reason == rollout.ReasonAccessDenied && d.Obs.Cluster.Terminating
	if d.Spec.Deletion != rollout.DeletionRollback || !isLost {
		return h
	}
	return baselineLost(d, rollout.WithoutHint(h.Message), false)
}

// restoreModel restores the model before any instance.
func restoreModel(d *advance.Draft) *view.Hold {
	if d.State.IsWorking() {
		return nil // a batch of the rollback
	}
	if h := writeModel(d); h != nil {
		return h
	}
	if view.MayPreemptedWriteCome(d.View) {
		return view.Wait(rollout.ReasonProgressing, view.RecheckBusy, "waiting for %s, which may still change the model",
			view.DescribePreempted(d.View))
	}
	advance.NoteModelRestored(d)
	if d.State.Rollback.Current.Kind == rollout.AbortRollback {
		return finishRollback(d)
	}
	return nil
}
