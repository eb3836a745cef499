package rollout

import (
	"slices"
	"time"
)

// mostFruitless is how many effects in a row may change nothing before a person is asked.
const mostFruitless = 3

// lagTime is how long a list may be older than an upgrade that is over. No list was seen to be late for longer than a few minutes.
const lagTime = 5 * time.Minute

// settleOperation judges an operation that is over, or of which nobody knows whether it was begun. The world decides: what an
// operation says of itself only tells when to look.
func settleOperation(r *round) (verdict, bool) {
	op := r.memory.Operation
	if op == nil {
		return undecided()
	}
	if op.Rejection != nil {
		if !r.showsEffect(op) {
			return undecided()
		}
		// A later try of the same intent did get through, and the answer was lost.
		op.Rejection = nil
	}
	r.noteEnd(op)
	if op.TouchesInstances() {
		return judgeBatch(r, op)
	}
	return settleModelWrite(r, op)
}

// noteEnd notes what a poll said of an operation that is over.
func (r *round) noteEnd(op *Operation) {
	if r.obs.Operation.State != Read || !op.EndedAt.IsZero() {
		return
	}
	status := r.obs.Operation.Value
	op.Error = status.Problem
	r.noteTrouble(op)
	switch status.State {
	case OperationSucceeded, OperationFailed, OperationCanceled:
		op.EndedAt = r.at
		r.giveBackStall(op)
	case OperationLost:
		op.PollToken = ""
	case OperationRunning:
	}
	if status.State == OperationSucceeded && op.TouchesInstances() {
		r.memory.Pacing.LastUpgradeDuration = status.Duration
		if status.Duration == 0 && !op.AcceptedAt.IsZero() {
			r.memory.Pacing.LastUpgradeDuration = r.at.Sub(op.AcceptedAt)
		}
	}
}

// showsEffect says whether any named machine shows that the operation was begun.
func (r *round) showsEffect(op *Operation) bool {
	for _, ref := range op.Instances {
		if i, listed := find(r.obs.Instances.Value, ref.Ref); listed && (i.busy() || r.upgraded(op, ref, i)) {
			return true
		}
	}
	return false
}

// upgraded says whether the machine shows what the operation was to bring about.
func (r *round) upgraded(op *Operation, ref Attempt, i Instance) bool {
	if op.Kind == ReimageOperation {
		return i.Disk.ID != "" && ref.OSDisk != "" && i.Disk.ID != ref.OSDisk
	}
	return i.Latest == True
}

// busy says whether the platform is at work on the machine, or does not say what it does.
func (i Instance) busy() bool {
	switch i.State {
	case StateCreating, StateUpdating, StateUnknown:
		return true
	case StateSucceeded, StateFailed, StateDeleting:
		return i.Latest == Unknown
	}
	return true
}

// settling says whether an effect may still be on its way into what can be read.
func (r *round) settling(op *Operation) (time.Duration, bool) {
	last := op.CreatedAt
	for _, t := range []time.Time{op.AcceptedAt, op.EndedAt} {
		if t.After(last) {
			last = t
		}
	}
	return r.until(last.Add(settleTime), settleTime), r.at.Before(last.Add(settleTime))
}

// appearing says whether what the operation did may still be on its way into what can be read. An operation that Azure accepted, and that
// did not end badly, is believed for longer than a list, which may be minutes old. The second attempt at the same instances has waited for
// that already.
func (r *round) appearing(op *Operation) (time.Duration, bool) {
	left, settling := r.settling(op)
	if settling || op.Attempt > 1 || op.AcceptedAt.IsZero() || op.EndedAt.IsZero() || op.Error != nil {
		return left, settling
	}
	shown := op.EndedAt.Add(lagTime)
	return r.until(shown, recheckBusy), r.at.Before(shown)
}

// fruitless drops an operation that changed nothing for the instances, or for the model, and spaces out the next try.
func (r *round) fruitless(unchanged []Ref) {
	r.memory.countFruitless(unchanged)
	r.memory.Operation = nil
	r.memory.Pacing.NotBefore = r.at.Add(backoff(r.memory.Pacing.NoEffectCount))
	r.memory.Pacing.Throttled = false
	r.recount()
}

// fruitlessOn is how many effects in a row left any of the instances, or with none of them the model, as they were.
func (m State) fruitlessOn(refs []Ref) int {
	if len(m.Pacing.NoEffectInstances) == 0 && len(refs) == 0 || len(m.stillUnchanged(refs)) > 0 {
		return m.Pacing.NoEffectCount
	}
	return 0
}

// stillUnchanged are those of the instances that the last effects left as they were.
func (m State) stillUnchanged(refs []Ref) []Ref {
	return slices.DeleteFunc(slices.Clone(refs), func(ref Ref) bool { return !slices.ContainsFunc(m.Pacing.NoEffectInstances, ref.Means) })
}

// countFruitless counts an effect that changed nothing. It counts for each instance: several that are late once are not one that is late
// often.
func (m *State) countFruitless(refs []Ref) {
	m.Pacing.NoEffectCount = m.fruitlessOn(refs) + 1
	if m.Pacing.NoEffectCount > 1 {
		refs = m.stillUnchanged(refs)
	}
	m.Pacing.NoEffectInstances = nil
	for _, ref := range refs {
		m.Pacing.NoEffectInstances = append(m.Pacing.NoEffectInstances, Ref{ID: ref.ID, VMID: ref.VMID})
	}
}

// forgetFruitless begins to count anew.
func (m *State) forgetFruitless() { m.Pacing.NoEffectCount, m.Pacing.NoEffectInstances = 0, nil }

// backoff is 15 s, 30 s, 1 min and so on, up to the pace of refused writes.
func backoff(times int) time.Duration {
	return min(15*time.Second<<min(max(times-1, 0), 5), recheckRefused)
}
