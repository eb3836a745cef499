package rollout

// holdClaimed leaves a scale set to the oldest rollout that names it: two that take turns at one model would undo each other for
// ever. What this one has in flight, it sees through first; so it is asked before anything is read, and again once what was in flight is over. One that
// only plans is in nobody's way.
func holdClaimed(r *round) (verdict, bool) {
	if r.memory.Operation != nil || r.spec.PlanOnly {
		return undecided()
	}
	switch claim := r.obs.Claim; {
	case claim.State == ReadFailed:
		return wait(ReasonProgressing, recheckBusy, "reading the other rollouts: %s", claim.Problem.advice()), true
	case claim.Value.Holder != "":
		return wait(ReasonPreflightFailed, recheckMissing,
			"the scale set is claimed by the older VMSSRollout %s; nothing is touched; to mend it: delete one of the two", claim.Value.Holder), true
	}
	return undecided()
}
