package rollout

// suspendRepairs keeps Azure from replacing sick machines while the model carries a target that is on trial: what it makes anew is made
// from that model, and would be exposed without having been chosen.
func (r *round) suspendRepairs() (verdict, bool) {
	if r.spec.Repairs != RepairsSuspend || !r.obs.Model.Value.AutomaticRepairs || r.memory.RepairsSuspended ||
		r.memory.Rollback.Current != nil {
		return undecided()
	}
	r.memory.RepairsSuspended = true // before it is asked for, so that it is taken back whatever becomes of this round
	return act(SuspendRepairs{}, "suspending automatic repairs"), true
}

// keepSuspended suspends repairs that came on, or were declared unwanted, while some machines have the target and others are still to get
// it.
func keepSuspended(r *round) (verdict, bool) {
	isOver := r.spec.wholly(r.memory) && r.isReached()
	if len(r.memory.Ledger.Exposed) == 0 || isOver || r.isWorking() {
		return undecided()
	}
	if _, held := holdIdle(r); held {
		return undecided()
	}
	return r.suspendRepairs()
}

// resumeUnwanted takes that back where it is not declared any more, or nothing is going to be done, while nothing is in flight.
func resumeUnwanted(r *round) (verdict, bool) {
	wanted := r.spec.Repairs == RepairsSuspend && !r.spec.PlanOnly
	if !r.memory.RepairsSuspended || wanted || r.isWorking() {
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
func (r *round) actedOnRepairs(d Decision, o StepResult) verdict {
	_, suspending := d.Step.(SuspendRepairs)
	p := o.Problem
	if p == nil {
		r.memory.RepairsSuspended = suspending
		r.memory.Pacing.Deferred = Deferral{}
		return wait(d.Explanation.Reason, recheckSoon, "%s", d.Explanation.Message)
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
	r.memory.Pacing.NotBefore = o.At.Add(delay)
	r.memory.Pacing.Deferred = r.memory.Pacing.Deferred.another(o.At, p)
	return wait(reason, delay, "%s was refused: %s%s", d.Explanation.Message, p.advice(), r.memory.Pacing.Deferred.tells(o.At))
}
