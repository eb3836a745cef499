package rollout

// holdClaimed leaves a scale set to the oldest rollout that names it and can work: two that take turns at one model would undo each other
// for ever. What this one has in flight, it sees through first; so it is asked before anything is read, and again once what was in flight
// is over. One that only plans is in nobody's way.
func holdClaimed(r *round) (verdict, bool) {
	if r.mayShare() {
		return undecided()
	}
	if claim := r.obs.Cluster.Ownership; claim.State == ReadFailed {
		return wait(ReasonProgressing, recheckBusy, "reading the other rollouts: %s", claim.Problem.advice()), true
	}
	if !r.isKeptOut() {
		return undecided()
	}
	r.spoilGate() // nobody looks what becomes of the share meanwhile
	if younger := r.obs.Cluster.Ownership.Value; younger.Releasing {
		r.blocked = true
		return wait(ReasonProgressing, recheckBusy,
			"waiting for what the younger VMSSRollout %s has in flight in the same scale set; this one takes it over then", younger.Owner), true
	}
	if r.memory.RepairsSuspended {
		return r.resumeRepairs(), true // the other one does not know of it, and nobody else would take it back
	}
	return wait(ReasonPreflightFailed, recheckMissing,
		"the scale set is claimed by the older VMSSRollout %s; nothing is touched; to mend it: delete one of the two", r.holder()), true
}

// mayShare says whether another rollout may have the scale set too.
func (r *round) mayShare() bool { return r.memory.Operation != nil || r.spec.PlanOnly }

// isKeptOut says whether another rollout, as far as is known, keeps this one from the scale set.
func (r *round) isKeptOut() bool { return !r.mayShare() && r.obs.Cluster.Ownership.Value.Owner != "" }

// holder is the older rollout that keeps this one from the scale set, "" for none that is known.
func (r *round) holder() string {
	if r.mayShare() {
		return ""
	}
	return r.obs.Cluster.Ownership.Value.older()
}

// older is the older rollout that has the scale set, "" for none that is known.
func (c Ownership) older() string {
	if c.Releasing {
		return ""
	}
	return c.Owner
}
