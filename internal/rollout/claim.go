package rollout

// holdClaimed leaves a scale set to the oldest rollout that names it: two that take turns at one model would undo each other for
// ever. What this one has in flight, it sees through first; so it is asked before anything is read, and again once what was in flight is over. One that
// only plans is in nobody's way.
func holdClaimed(r *round) (verdict, bool) {
	if r.mayShare() {
		return undecided()
	}
	if claim := r.obs.Claim; claim.State == ReadFailed {
		return wait(ReasonProgressing, recheckBusy, "reading the other rollouts: %s", claim.Problem.advice()), true
	}
	if holder := r.holder(); holder != "" {
		if r.memory.RepairsSuspended {
			return r.resumeRepairs(), true // the other one does not know of it, and nobody else would take it back
		}
		return wait(ReasonPreflightFailed, recheckMissing,
			"the scale set is claimed by the older VMSSRollout %s; nothing is touched; to mend it: delete one of the two", holder), true
	}
	return undecided()
}

// mayShare says whether another rollout may have the scale set too.
func (r *round) mayShare() bool { return r.memory.Operation != nil || r.spec.PlanOnly }

// holder is the rollout that keeps this one from the scale set, "" for none that is known.
func (r *round) holder() string {
	if r.mayShare() {
		return ""
	}
	return r.obs.Claim.Value.Holder
}
