package advance

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// SettleModelWrite judges a write of the model by the model.
func SettleModelWrite(d *Draft, op *rollout.Operation) *view.Hold {
	if d.IsOfAnotherTarget(op) {
		return settleForeignWrite(d, op)
	}
	if d.Model().State == rollout.StateUpdating && !view.IsLateWrite(d.View, op) && !view.IsModelRestored(d.View, op) {
		return view.Wait(rollout.ReasonProgressing, view.RecheckBusy, "%s: Azure still applies it", view.Describe(op))
	}
	if target.Shows(op, d.Spec.Target, d.Model()) {
		return settleShownWrite(d, op)
	}
	if left, isSettling := settling(d, op); isSettling {
		return view.Wait(rollout.ReasonProgressing, left, "%s: waiting for the result to show", view.DescribeEnd(op))
	}
	return settleMissingWrite(d, op)
}

// settleForeignWrite waits for a write that was begun for another target, unless it never ends.
func settleForeignWrite(d *Draft, op *rollout.Operation) *view.Hold {
	isUpdating := d.Model().State == rollout.StateUpdating
	if isUpdating && !view.IsLateWrite(d.View, op) {
		return view.Wait(rollout.ReasonProgressing, view.RecheckBusy, "waiting until the earlier write of the model ends")
	}
	if isUpdating {
		preempt(d, op) // the write that restores the model supersedes it
	}
	d.State.Rollback.Baseline.Fixed = true // it may have been written, so the model may not be what it was before
	d.State.Operation = nil
	return nil
}

// settleShownWrite ends a write that the model shows.
func settleShownWrite(d *Draft, op *rollout.Operation) *view.Hold {
	if op.EndedAt.IsZero() {
		// The list was read before the model. If the write came in between, it shows every instance at the latest model: the one before.
		op.EndedAt, op.PollToken = d.At(), ""
		return view.Wait(rollout.ReasonProgressing, view.RecheckSoon, "%s: done; reading the instances again", view.Describe(op))
	}
	noteScriptWritten(d, op)
	d.State.Rollback.Baseline.Fixed = true
	d.State.Operation = nil
	if current := d.State.Rollback.Current; current != nil && d.IsCarried() {
		NoteModelRestored(d) // an earlier write that never ends is superseded by this one
	}
	forgetNoEffect(&d.State)
	return nil
}

// noteScriptWritten notes that the script extension is the rollout's, with its protected settings.
func noteScriptWritten(d *Draft, op *rollout.Operation) {
	if op.Kind != rollout.WriteScriptOperation {
		return
	}
	d.State.Model.ScriptWritten = true
	if settings := d.Obs.Cluster.Settings; settings.State == rollout.Read && !d.State.IsRollingBack() {
		d.State.Model.SettingsDigest = settings.Value.Digest
	}
}

// settleMissingWrite tries again what changed nothing, and after a few times keeps it as rejected, to be tried at a slow pace.
func settleMissingWrite(d *Draft, op *rollout.Operation) *view.Hold {
	if op.AcceptedAt.IsZero() {
		d.State.Operation = nil // it never got through, and is sent again
		return nil
	}
	failed := op.Error != nil && op.Error.Kind == rollout.KindOperationFailed
	if (!failed || d.State.IsRollingBack()) && noEffectsOn(d.State, nil) < maxNoEffect {
		noEffect(d, nil)
		return nil
	}
	op.Rejection = op.Error
	if op.Rejection == nil {
		op.Rejection = &rollout.Problem{Kind: rollout.KindInvalid, Message: "Azure accepted the write, but the model does not show it"}
	}
	op.CreatedAt = d.At()
	op.PollToken = ""
	return view.Rejected(op, view.RecheckRefused)
}
