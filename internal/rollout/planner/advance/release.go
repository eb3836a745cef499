package advance

import (
	"fmt"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// SuspendRepairs keeps Azure from replacing unhealthy instances while the model carries a target that is on trial: what it creates is
// created from that model, and would be exposed without having been chosen; nil: they need not be suspended.
func SuspendRepairs(d *Draft) *view.Hold {
	if d.Spec.Repairs != rollout.RepairsSuspend || !d.Model().AutomaticRepairs || d.State.RepairsSuspended ||
		d.State.Rollback.Current != nil {
		return nil
	}
	d.State.RepairsSuspended = true // before the call, so that it is resumed whatever becomes of this round
	return view.Effect(rollout.SuspendRepairs{}, "suspending automatic repairs")
}

// ResumeRepairs takes that back. It may be done at any time.
func ResumeRepairs(d *Draft) *view.Hold {
	if h := gate.Effect(d.View); h != nil {
		return h
	}
	return view.Effect(rollout.ResumeRepairs{}, "resuming automatic repairs")
}

// BeginDeletion lets an object that is being deleted go: at once, or, where that was declared, once everything is restored.
func BeginDeletion(d *Draft) *view.Hold {
	switch d.Spec.Deletion {
	case rollout.DeletionNone:
		return nil
	case rollout.DeletionLeave:
		return ReleaseObject(d, "the scale set stays as it is")
	case rollout.DeletionRollback:
	}
	if why := nothingToRestore(d); why != "" {
		return ReleaseObject(d, why)
	}
	earlier := d.State.Rollback.Current
	if earlier != nil && earlier.Cause == rollout.CauseDeletion {
		return nil
	}
	StartRollback(d, rollout.Rollback{
		Kind: rollout.FullRollback, Cause: rollout.CauseDeletion, Message: "the VMSSRollout is being deleted and onDelete is Rollback",
	})
	if earlier != nil && earlier.Revision != "" { // the rollback that is under way goes to its end, an undo's too
		current := d.State.Rollback.Current
		current.Revision, current.AllInstances = earlier.Revision, earlier.AllInstances && !earlier.Done
		d.State.Ledger.Failed = nil
	}
	return nil
}

// nothingToRestore says why an object may go although onDelete is Rollback; "": it may not yet.
func nothingToRestore(d *Draft) string {
	switch s := d.State; {
	case d.Spec.PlanOnly:
		return "spec.mode is Plan, so the scale set stays as it is"
	case s.Run.Completed:
		return "there is nothing to roll back"
	case s.IsRolledBack() && (len(s.Ledger.Exposed) == 0 || s.Rollback.Current.Cause == rollout.CauseDeletion):
		return RollbackOutcome(s.Rollback.Current)
	default:
		return ""
	}
}

// RollbackOutcome is the result of a rollback that has ended, for the event of a deletion.
func RollbackOutcome(r *rollout.Rollback) string {
	if r.Cause == rollout.CauseRecorded {
		return "the scale set stays as it is"
	}
	if r.ModelRestoredAt.IsZero() {
		return "nothing was written; the scale set is unchanged"
	}
	return "everything was restored"
}

// ReleaseObject lets go of the object, once what was suspended for it is resumed.
func ReleaseObject(d *Draft, why string) *view.Hold {
	d.IsReleasing = true
	ClearHooks(d, rollout.BeforeInstance)
	if d.IsReplaced() {
		d.State.RepairsSuspended = false // they were those of the scale set that was deleted
	}
	if d.State.RepairsSuspended {
		return ResumeRepairs(d)
	}
	if h := giveCapacityBack(d); h != nil {
		return h
	}
	if h := gate.LastUncordoned(d.View); h != nil {
		return h
	}
	d.Release = true
	return view.Wait(rollout.ReasonProgressing, view.RecheckMissing, "deleted: %s", why)
}

// ReleaseWithoutRollback lets go of an object that cannot be rolled back: keeping it would not change that.
func ReleaseWithoutRollback(d *Draft, why string) *view.Hold {
	d.State.RepairsSuspended = d.State.RepairsSuspended && d.Obs.Model.State == rollout.Read
	h := ReleaseObject(d, "")
	if d.Release {
		h = view.Wait(rollout.ReasonNotRollbackable, view.RecheckMissing, "deleted without a rollback: %s%s", why, leftWithTarget(d))
	}
	return h
}

// ReleaseReplaced lets go of an object whose scale set another one replaced.
func ReleaseReplaced(d *Draft) *view.Hold {
	h := ReleaseObject(d, "")
	if d.Release {
		h = view.Wait(rollout.ReasonScaleSetReplaced, view.RecheckMissing,
			"deleted: the scale set was deleted and created again; the new one stays as it is")
	}
	return h
}

// leftWithTarget says what keeps the target; "" where the scale set is not known.
func leftWithTarget(d *Draft) string {
	if d.Obs.Model.State != rollout.Read {
		return ""
	}
	who := ""
	if left := d.State.Ledger.Exposed; len(left) > 0 {
		who = view.ListIDs(left)
	}
	switch isCarried := target.Carries(d.Declared.Target, d.Model(), true); {
	case isCarried && who == "":
		return fmt.Sprintf("; the model of scale set %s keeps the target", d.Spec.ScaleSet)
	case isCarried:
		return fmt.Sprintf("; the model of scale set %s and %s keep the target", d.Spec.ScaleSet, who)
	case who == "":
		return fmt.Sprintf("; the model of scale set %s stays as it is", d.Spec.ScaleSet)
	default:
		return fmt.Sprintf("; the model of scale set %s stays as it is, and the target stays on %s", d.Spec.ScaleSet, who)
	}
}
