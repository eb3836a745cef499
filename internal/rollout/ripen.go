package rollout

import "time"

// ripen waits where all that a batch lacks is time. Its round reads the list alone: nothing but to wait can come of it, and a model that
// somebody changed shows in the list, since the batch is not at the latest model then.
func ripen(r *round) (verdict, bool) {
	if r.obs.Model.State != NotRead || r.obs.Instances.State != Read || !r.mayRipen() {
		return undecided()
	}
	op := r.memory.Operation
	seen := op.LastReadingAt
	t := r.tally(op)
	if len(t[standsReadying]) < len(op.Instances) {
		op.LastReadingAt = seen
		return undecided() // time went by while the list was read
	}
	op.Instances = inIDOrder(t[standsReadying])
	return r.waitForHealth(op, t), true
}

// mayRipen reports whether, as far as is remembered, the instances of a batch have the target and are well, and were not for long enough
// yet. In every two minutes the model is read as well.
func (r *round) mayRipen() bool {
	op := r.memory.Operation
	if op == nil || !op.isOver() || r.isForeign(op) {
		return false
	}
	if r.memory.Rollback.Current != nil || r.spec.Deletion != DeletionNone || len(r.obs.Actions) > 0 {
		return false
	}
	for _, ref := range op.Instances {
		if ref.HealthySince.IsZero() {
			return false
		}
	}
	since := r.at.Sub(op.EndedAt)
	return since < recheckHeld || since%recheckHeld >= recheckBusy
}

// isOver reports that the operation was on instances that are still to be judged, and has ended.
func (o *Operation) isOver() bool {
	return o.TouchesInstances() && !o.EndedAt.IsZero() && o.Rejection == nil && len(o.Instances) > 0
}

// needsListOnly reports that the list of instances is all that the round has to read.
func (r *round) needsListOnly() bool {
	return r.mayRipen() && (r.obs.Instances.State == NotRead || r.isRipening())
}

// isRipening reports whether the list leaves nothing to decide: each instance of the batch goes on being well and has to for some time, and
// every other instance is well too.
func (r *round) isRipening() bool {
	if r.obs.Instances.State != Read || !r.mayRipen() {
		return false
	}
	for _, i := range r.obs.Instances.Value {
		if i.State != StateDeleting && wellness(r.spec.Health, i) != True {
			return false
		}
	}
	t := r.tally(r.memory.Operation)
	return len(t[standsReadying]) == len(r.memory.Operation.Instances) && !r.isAboutReady(t)
}

// isAboutReady reports whether the last of the batch may have been well for long enough by the time that everything is read.
func (r *round) isAboutReady(t tally) bool {
	last := r.lastReady(t)
	return !last.IsZero() && last.Sub(r.at) < leastBetweenLooks
}

// evenly divides the time that is left into looks that are equally far apart, and at most that far.
func evenly(left, most time.Duration) time.Duration {
	return left / ((left + most - 1) / most)
}
