package rollout

import "time"

// mostFruitless is how many effects in a row may change nothing before a person is asked.
const mostFruitless = 3

// settleOperation judges an operation that is over, or of which nobody knows whether it was begun. The world decides: what an
// operation says of itself only tells when to look.
func settleOperation(r *round) (verdict, bool) {
	op := r.memory.Operation
	if op == nil {
		return undecided()
	}
	if op.Refused != nil {
		if !r.showsEffect(op) {
			return undecided()
		}
		// A later try of the same intent did get through, and the answer was lost.
		op.Refused = nil
	}
	r.noteEnd(op)
	if op.touches() {
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
	op.Trouble = status.Problem
	switch status.State {
	case OperationSucceeded, OperationFailed, OperationCanceled:
		op.EndedAt = r.at
		r.giveBackStall(op)
	case OperationLost:
		op.Token = ""
	case OperationRunning:
	}
	if status.State == OperationSucceeded && op.touches() {
		r.memory.Pace = status.Took
		if status.Took == 0 && !op.BegunAt.IsZero() {
			r.memory.Pace = r.at.Sub(op.BegunAt)
		}
	}
}

// showsEffect says whether any named machine shows that the operation was begun.
func (r *round) showsEffect(op *Operation) bool {
	for _, ref := range op.Instances {
		if i, listed := find(r.obs.Instances.Value, ref); listed && (i.busy() || r.upgraded(op, ref, i)) {
			return true
		}
	}
	return false
}

// upgraded says whether the machine shows what the operation was to bring about.
func (r *round) upgraded(op *Operation, ref Ref, i Instance) bool {
	if op.Kind == ReimageOperation {
		return i.OSDisk != "" && ref.OSDisk != "" && i.OSDisk != ref.OSDisk
	}
	return i.Latest == Yes
}

// busy says whether the platform is at work on the machine, or does not say what it does.
func (i Instance) busy() bool {
	switch i.State {
	case StateCreating, StateUpdating, StateUnknown:
		return true
	case StateSucceeded, StateFailed, StateDeleting:
		return i.Latest == Unsure
	}
	return true
}

// settling says whether an effect may still be on its way into what can be read.
func (r *round) settling(op *Operation) (time.Duration, bool) {
	last := op.IntentAt
	for _, t := range []time.Time{op.BegunAt, op.EndedAt} {
		if t.After(last) {
			last = t
		}
	}
	return r.until(last.Add(settleTime), settleTime), r.at.Before(last.Add(settleTime))
}

// fruitless drops an operation that changed nothing and spaces out the next try.
func (r *round) fruitless() {
	r.memory.Fruitless++
	r.memory.Operation = nil
	r.memory.NotBefore = r.at.Add(backoff(r.memory.Fruitless))
	r.memory.Throttled = false
	r.recount()
}

// backoff is 15 s, 30 s, 1 min and so on, up to the pace of refused writes.
func backoff(times int) time.Duration {
	return min(15*time.Second<<min(max(times-1, 0), 5), recheckRefused)
}
