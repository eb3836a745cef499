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
func (m *Memory) leave(op *Operation, at time.Time) {
	for _, ref := range op.Instances {
		if !slices.ContainsFunc(m.Former, ref.means) {
			m.Former = append(m.Former, ref)
		}
	}
	m.FormerSince, m.FormerBegun, m.FormerID = at, op.IntentAt, op.ID
}

// forgetFormer forgets what was left behind.
func (m *Memory) forgetFormer() {
	m.Former, m.FormerSince, m.FormerBegun, m.FormerID = nil, zeroTime, zeroTime, ""
}

// isLateWrite reports whether the way back waits no longer for a write of the model to end: the model itself tells whether it was written,
// and another write supersedes it.
func (r *round) isLateWrite(op *Operation) bool {
	since := op.IntentAt
	if op.BegunAt.After(since) {
		since = op.BegunAt
	}
	return r.memory.isGoingBack() && !op.touches() && op.Refused == nil && !r.at.Before(since.Add(stuckAfter))
}

// isWrittenBack says whether the write that restores the model is over and shows, whatever else is still running on the scale set.
func (r *round) isWrittenBack(op *Operation) bool {
	return r.memory.isGoingBack() && !op.EndedAt.IsZero() && op.Trouble == nil && r.wrote(op, r.obs.Model.Value)
}

// mayStillBeWritten says whether a write of the model from before the way back may still come, though the model does not show it.
func (r *round) mayStillBeWritten() bool {
	m := r.memory
	return m.Return.RestoredAt.IsZero() && !m.FormerSince.IsZero() && len(m.Former) == 0 && r.obs.Model.Value.State == StateUpdating
}

// goesBeside says whether the way back does not wait any longer for what it left behind. One operation at a time is the rule, since Azure
// answers 409 or preempts one of two. Here both are safe: the model was put back, what is named now is none of what is in flight, and
// should Azure preempt the operation that was left behind, its instances are suspect already. It is not so for an operation of somebody
// else, nor for a batch of the way back itself.
func (r *round) goesBeside() bool {
	m := r.memory
	return m.isGoingBack() && !m.Return.RestoredAt.IsZero() && r.isStuck() && !r.isOverdue()
}

// isStuck says whether what the release began is in flight for longer than the way back waits.
func (r *round) isStuck() bool {
	m := r.memory
	since := m.Return.At
	if m.FormerSince.After(since) {
		since = m.FormerSince
	}
	return !r.at.Before(since.Add(stuckAfter)) && (!m.FormerSince.IsZero() || len(r.leftAtWork()) > 0)
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
	moved := m.Return.At
	for _, t := range []time.Time{m.Return.RestoredAt, m.FormerSince, m.LastBatchEnd} {
		if t.After(moved) {
			moved = t
		}
	}
	return !r.at.Before(moved.Add(max(most, 2*stuckAfter)))
}

// tellStuck makes the way back name what does not end, and once nothing moved for as long as is borne, that a person has to see to it.
func (r *round) tellStuck(because Because) Because {
	if !r.memory.isGoingBack() || because.Reason != ReasonProgressing || !r.isStuck() {
		return because
	}
	because.Message += "; " + r.former() + " does not end"
	if r.isOverdue() && r.memory.Operation == nil {
		because.Reason = ReasonFailed
		because.Message = r.memory.Return.doing() + ": " + because.Message + "; the rollout goes on when it ends: delete those instances, or wait"
	}
	return because
}

// former says in words what was left behind.
func (r *round) former() string {
	m := r.memory
	switch {
	case m.FormerSince.IsZero():
		return "what Azure does to " + names(r.leftAtWork(), refTo)
	case len(m.Former) == 0:
		return fmt.Sprintf("the earlier write of the model%s", (&Operation{ID: m.FormerID, IntentAt: m.FormerBegun}).named())
	default:
		return fmt.Sprintf("the earlier operation on %s%s", names(m.Former, self), (&Operation{ID: m.FormerID, IntentAt: m.FormerBegun}).named())
	}
}

// named is what Azure calls the operation, and when it was begun. Its age is not told, since that would change with every look.
func (o *Operation) named() string {
	if o.ID == "" {
		return ""
	}
	return fmt.Sprintf(" (operation %s, begun at %s)", o.ID, clock(o.IntentAt))
}

// isFormerAtWork reports that Azure is still at work on what was left behind.
func (r *round) isFormerAtWork() bool {
	m := r.memory
	isBusy := func(ref Ref) bool {
		i, listed := find(r.obs.Instances.Value, ref)
		return listed && i.busy()
	}
	return !m.FormerSince.IsZero() && (len(m.Former) == 0 || slices.ContainsFunc(m.Former, isBusy))
}
