package rollout

import (
	"fmt"
	"slices"
	"time"
)

// stuckAfter is how long the way back waits for what is in flight from before it, and for a write of the model. Recorded writes took at
// most two minutes, and recorded upgrades three.
const stuckAfter = 5 * time.Minute

// leave lets go of an operation that may never end. What it named is suspect until it is listed at rest.
func (m *State) leave(op *Operation, at time.Time) {
	for _, ref := range op.Instances {
		if !slices.ContainsFunc(m.Preempted.Instances, ref.Means) {
			m.Preempted.Instances = append(m.Preempted.Instances, ref.Ref)
		}
	}
	m.Preempted.At, m.Preempted.CreatedAt, m.Preempted.ID = at, op.CreatedAt, op.ID
}

// forgetFormer forgets what was left behind.
func (m *State) forgetFormer() {
	m.Preempted.Instances, m.Preempted.At, m.Preempted.CreatedAt, m.Preempted.ID = nil, zeroTime, zeroTime, ""
}

// isLateWrite reports whether the way back waits no longer for a write of the model to end: the model itself tells whether it was written,
// and another write supersedes it.
func (r *round) isLateWrite(op *Operation) bool {
	since := op.CreatedAt
	if op.AcceptedAt.After(since) {
		since = op.AcceptedAt
	}
	return r.memory.IsRollingBack() && !op.TouchesInstances() && op.Rejection == nil && !r.at.Before(since.Add(stuckAfter))
}

// isWrittenBack says whether the write that restores the model is over and shows, whatever else is still running on the scale set.
func (r *round) isWrittenBack(op *Operation) bool {
	return r.memory.IsRollingBack() && !op.EndedAt.IsZero() && op.Error == nil && r.wrote(op, r.obs.Model.Value)
}

// mayStillBeWritten says whether a write of the model from before the way back may still come, though the model does not show it.
func (r *round) mayStillBeWritten() bool {
	m := r.memory
	return m.Rollback.Current.ModelRestoredAt.IsZero() && !m.Preempted.At.IsZero() && len(m.Preempted.Instances) == 0 &&
		r.obs.Model.Value.State == StateUpdating
}

// goesBeside says whether the way back does not wait any longer for what it left behind. One operation at a time is the rule, since Azure
// answers 409 or preempts one of two. Here both are safe: the model was put back, what is named now is none of what is in flight, and
// should Azure preempt the operation that was left behind, its instances are suspect already. It is not so for an operation of somebody
// else, nor for a batch of the way back itself.
func (r *round) goesBeside() bool {
	m := r.memory
	return m.IsRollingBack() && !m.Rollback.Current.ModelRestoredAt.IsZero() && r.isStuck() && !r.isOverdue()
}

// isStuck says whether what the release began is in flight for longer than the way back waits.
func (r *round) isStuck() bool {
	m := r.memory
	since := m.Rollback.Current.StartedAt
	if m.Preempted.At.After(since) {
		since = m.Preempted.At
	}
	return !r.at.Before(since.Add(stuckAfter)) && (!m.Preempted.At.IsZero() || len(r.leftAtWork()) > 0)
}

// leftAtWork are the instances with the target that Azure is at work on, and no operation in flight names.
func (r *round) leftAtWork() []Instance {
	if r.memory.Operation != nil {
		return nil
	}
	var list []Instance
	for _, i := range byOrder(OrderInstanceID, r.obs.Instances.Value) {
		if i.State == StateUpdating && r.memory.isExposed(i.ID) {
			list = append(list, i)
		}
	}
	return list
}

// isOverdue says whether nothing moved on the way back for as long as is borne: failurePolicy.progressDeadline, or else the time after
// which no operation is waited for. What goes beside ends then, too, so that a scale set on which nothing moves is left in peace.
func (r *round) isOverdue() bool {
	m := r.memory
	most := r.declared.Failure.ProgressDeadline
	if most == 0 {
		most = operationDeadline
	}
	moved := m.Rollback.Current.StartedAt
	for _, t := range []time.Time{m.Rollback.Current.ModelRestoredAt, m.Preempted.At, m.Pacing.LastBatchEnd} {
		if t.After(moved) {
			moved = t
		}
	}
	return !r.at.Before(moved.Add(max(most, 2*stuckAfter)))
}

// tellStuck makes the way back name what does not end, and once nothing moved for as long as is borne, that a person has to see to it.
func (r *round) tellStuck(because Explanation) Explanation {
	if !r.memory.IsRollingBack() || because.Reason != ReasonProgressing || !r.isStuck() {
		return because
	}
	because.Message += "; " + r.former() + " does not end"
	if r.isOverdue() && r.memory.Operation == nil {
		because.Reason = ReasonFailed
		because.Message = r.memory.Rollback.Current.doing() + ": " + because.Message + "; the rollout goes on when it ends: delete those instances, or wait"
	}
	return because
}

// former says in words what was left behind.
func (r *round) former() string {
	m := r.memory
	switch {
	case m.Preempted.At.IsZero():
		return "what Azure does to " + names(r.leftAtWork(), Instance.Ref)
	case len(m.Preempted.Instances) == 0:
		return fmt.Sprintf("the earlier write of the model%s", (&Operation{ID: m.Preempted.ID, CreatedAt: m.Preempted.CreatedAt}).named())
	default:
		return fmt.Sprintf(
			"the earlier operation on %s%s",
			names(m.Preempted.Instances, self),
			(&Operation{ID: m.Preempted.ID, CreatedAt: m.Preempted.CreatedAt}).named(),
		)
	}
}

// named is what Azure calls the operation, and when it was begun. Its age is not told, since that would change with every look.
func (o *Operation) named() string {
	if o.ID == "" {
		return ""
	}
	return fmt.Sprintf(" (operation %s, begun at %s)", o.ID, clock(o.CreatedAt))
}

// isFormerAtWork reports that Azure is still at work on what was left behind.
func (r *round) isFormerAtWork() bool {
	m := r.memory
	isBusy := func(ref Ref) bool {
		i, listed := find(r.obs.Instances.Value, ref)
		return listed && i.busy()
	}
	return !m.Preempted.At.IsZero() && (len(m.Preempted.Instances) == 0 || slices.ContainsFunc(m.Preempted.Instances, isBusy))
}
