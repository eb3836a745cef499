package rollout

import "slices"

// isPutOff reports that Azure keeps an effect from beginning, or ended it for another operation. The progress deadline stands still
// meanwhile: such a wait says nothing of the release.
func (r *round) isPutOff() bool {
	if r.at.Before(r.memory.Pacing.NotBefore) {
		return true
	}
	op := r.memory.Operation
	return op != nil && !op.EndedAt.IsZero() && op.isPreempted() && r.obs.Instances.State == Read && !r.showsEffect(op)
}

// isPreempted reports that Azure ended the operation for a later one.
func (o *Operation) isPreempted() bool {
	return o.Error != nil && (o.Error.Kind == KindPreempted || o.Error.Kind == KindCanceled)
}

// worksOnFailed reports that Azure is still at work on an instance that failed. What keeps the next effect from beginning is then the run's
// own.
func (r *round) worksOnFailed() bool {
	return slices.ContainsFunc(r.memory.Ledger.Failed, func(f Failure) bool {
		i, listed := find(r.obs.Instances.Value, f.Ref)
		return listed && i.busy()
	})
}

// stopStall lets the timer of the progress deadline stand still once it is known that an effect was not begun. It runs again when the
// effect is tried again.
func (r *round) stopStall(o StepResult) {
	if o.Problem != nil && o.Problem.Kind != KindAmbiguous {
		r.memory.Timers.Progress.Timer = r.memory.Timers.Progress.Stopped(o.At)
	}
}

// giveBackStall takes the time of an operation that Azure ended for a later one out of the progress deadline.
func (r *round) giveBackStall(op *Operation) {
	if op.isPreempted() {
		stall := &r.memory.Timers.Progress
		stall.Timer = Timer{Elapsed: max(0, stall.Passed(r.at)-r.at.Sub(op.CreatedAt))}
	}
}
