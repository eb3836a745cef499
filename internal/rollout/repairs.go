package rollout

// suspendRepairs keeps Azure from replacing sick machines while the model carries a target that is on trial: what it makes anew is made
// from that model, and would be exposed without having been chosen.
func (r *round) suspendRepairs() (verdict, bool) {
	if r.spec.Repairs != RepairsSuspend || !r.obs.Model.Value.AutomaticRepairs || r.memory.RepairsSuspended || r.memory.Return != nil {
		return undecided()
	}
	r.memory.RepairsSuspended = true // before it is asked for, so that it is taken back whatever becomes of this round
	return act(SuspendRepairs{}, "suspending automatic repairs"), true
}

// resumeUnwanted takes that back where it is not declared any more, while nothing is in flight.
func resumeUnwanted(r *round) (verdict, bool) {
	if !r.memory.RepairsSuspended || r.spec.Repairs == RepairsSuspend || r.isWorking() {
		return undecided()
	}
	return r.resumeRepairs(), true
}

// resumeRepairs takes that back. It may be done at any time.
func (r *round) resumeRepairs() verdict {
	if v, waiting := r.holdEffect(); waiting {
		return v
	}
	return act(ResumeRepairs{}, "resuming automatic repairs")
}

// actedOnRepairs notes what came of suspending or resuming them.
func (r *round) actedOnRepairs(d Decision, o Outcome) verdict {
	_, suspending := d.Step.(SuspendRepairs)
	p := o.Problem
	if p == nil {
		r.memory.RepairsSuspended = suspending
		return wait(d.Because.Reason, recheckSoon, "%s", d.Because.Message)
	}
	switch {
	case p.Kind == KindAmbiguous:
		// It may have been done: what was suspended is taken to be so, and what was to be resumed is resumed again.
	case suspending, p.Kind == KindNotFound:
		r.memory.RepairsSuspended = false
	}
	delay := max(p.RetryAfter, recheckBusy)
	reason := ReasonProgressing
	if p.Kind == KindForbidden || p.Kind == KindUnauthorized {
		delay, reason = recheckRefused, ReasonAccessDenied
	}
	r.memory.NotBefore = o.At.Add(delay)
	return wait(reason, delay, "%s was refused: %s", d.Because.Message, p.advice())
}
