package rollout

// startRun begins a new run when the target is not the one the last run was for. Timers, failures and counts start afresh. What
// is in flight stays in flight: the new target waits for it, and it is judged by nobody.
func startRun(r *round) (verdict, bool) {
	revision := r.spec.Target.Revision()
	if r.memory.Run > 0 && r.memory.Revision == revision {
		return undecided()
	}
	r.memory = Memory{
		Run:       r.memory.Run + 1,
		Revision:  revision,
		Operation: r.memory.Operation,
		Pace:      r.memory.Pace,
		NotBefore: r.memory.NotBefore,
		Throttled: r.memory.Throttled,
	}
	if op := r.memory.Operation; op != nil && op.Refused != nil {
		// It never touched anything, so there is nothing to wait for.
		r.memory.Operation = nil
	}
	return undecided()
}
