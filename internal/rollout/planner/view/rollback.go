package view

import (
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// IsLateWrite reports that the rollback waits no longer for a write of the model to end: the model itself shows whether it was written, and
// another write supersedes it.
func IsLateWrite(v *View, op *rollout.Operation) bool {
	since := op.CreatedAt
	if op.AcceptedAt.After(since) {
		since = op.AcceptedAt
	}
	return v.State.IsRollingBack() && op.WritesModel() && !v.At().Before(since.Add(StuckAfter))
}

// IsModelRestored reports that the write that restores the model is over and shows, whatever else is still running on the scale set.
func IsModelRestored(v *View, op *rollout.Operation) bool {
	return v.State.IsRollingBack() && !op.EndedAt.IsZero() && op.Error == nil && target.Shows(op, v.Spec.Target, v.Model())
}

// MayPreemptedWriteCome reports that a write of the model from before the rollback may still come, though the model does not show it.
func MayPreemptedWriteCome(v *View) bool {
	preempted := v.State.Preempted
	return v.State.Rollback.Current.ModelRestoredAt.IsZero() && !preempted.At.IsZero() && len(preempted.Instances) == 0 &&
		v.Model().State == rollout.StateUpdating
}

// GoesBeside reports that the rollback does not wait any longer for what it preempted. One operation at a time is the rule, since Azure
// answers 409 or preempts one of two. Here both are safe: the model was restored, what is named now is none of what is in flight, and
// should Azure preempt the older operation, its instances are suspect already. It is not so for an operation of another tool, nor for a
// batch of the rollback itself.
func GoesBeside(v *View) bool {
	return v.State.IsRollingBack() && IsStuck(v) && !IsOverdue(v)
}

// IsStuck reports that what the release began is in flight for longer than the rollback waits.
func IsStuck(v *View) bool {
	since := v.State.Rollback.Current.StartedAt
	if v.State.Preempted.At.After(since) {
		since = v.State.Preempted.At
	}
	return !v.At().Before(since.Add(StuckAfter)) && (!v.State.Preempted.At.IsZero() || len(busyExposed(v)) > 0)
}

// busyExposed are the instances with the target that Azure is at work on, and no operation in flight names.
func busyExposed(v *View) []rollout.Instance {
	if v.State.Operation != nil {
		return nil
	}
	var list []rollout.Instance
	for _, i := range inventory.ByID(v.Instances()) {
		if i.State == rollout.StateUpdating && v.State.Ledger.IsExposed(i.ID) {
			list = append(list, i)
		}
	}
	return list
}

// IsOverdue reports that nothing moved in the rollback until failurePolicy.progressDeadline, or else until the time after which no
// operation is waited for. What goes beside ends then, too, so that a scale set on which nothing moves is not loaded for ever.
func IsOverdue(v *View) bool {
	most := v.Declared.Failure.ProgressDeadline
	if most == 0 {
		most = OperationDeadline
	}
	moved := v.State.Rollback.Current.StartedAt
	for _, t := range []time.Time{v.State.Rollback.Current.ModelRestoredAt, v.State.Preempted.At, v.State.Pacing.LastBatchEnd} {
		if t.After(moved) {
			moved = t
		}
	}
	return !v.At().Before(moved.Add(max(most, 2*StuckAfter)))
}

// DescribePreempted says what the rollback preempted.
func DescribePreempted(v *View) string {
	preempted := v.State.Preempted
	name := OperationName(preempted.ID, preempted.CreatedAt)
	switch {
	case preempted.At.IsZero():
		return "an Azure operation on " + ListInstances(busyExposed(v))
	case len(preempted.Instances) == 0:
		return "the earlier write of the model" + name
	default:
		return "the earlier operation on " + ListRefs(preempted.Instances) + name
	}
}

// IsPreemptedAtWork reports that Azure is still at work on what the rollback preempted.
func IsPreemptedAtWork(v *View) bool {
	isBusy := func(ref rollout.Ref) bool {
		i, listed := v.Find(ref)
		return listed && i.IsBusy()
	}
	preempted := v.State.Preempted
	return !preempted.At.IsZero() && (len(preempted.Instances) == 0 || slices.ContainsFunc(preempted.Instances, isBusy))
}

// IsUntouched reports that the run has done nothing that could be undone: what spec.baseline declares is no reason to write it then.
func IsUntouched(v *View) bool {
	s := v.State
	return !s.Rollback.Current.AllInstances && !s.Rollback.Baseline.Fixed && s.Operation == nil && len(s.Ledger.Exposed) == 0 && !v.IsCarried()
}

// MayReturn reports that the run has still to find out whether its target equals the baseline.
func MayReturn(v *View) bool {
	b := v.State.Rollback.Baseline
	return b.Fixed && b.Revision != "" && !v.State.Model.Applied && !v.State.IsBaselineDecided()
}
