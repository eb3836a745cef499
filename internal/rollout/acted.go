package rollout

import "time"

// defaultThrottle is how long to wait where Azure throttles and does not say how long: its buckets refill within a minute.
const defaultThrottle = time.Minute

// Acted decides what to remember and report after the step of a decision was carried out, or refused, or nobody knows. It never
// leads to another effect in the same round.
func Acted(spec Spec, d Decision, o StepResult) Decision {
	r := &round{spec: spec, at: o.At, memory: d.State.Clone(), facts: d.Report.Facts}
	var v verdict
	switch op := r.memory.Operation; {
	case d.Step.Operation() == SuspendRepairsOperation || d.Step.Operation() == ResumeRepairsOperation:
		v = r.actedOnRepairs(d, o)
	case op == nil:
		return d
	default:
		v = r.acted(op, o)
	}
	r.stopStall(o)
	after := d
	after.Step, after.Explanation, after.State, after.Recheck, after.Report.Facts = Wait{}, v.because, r.memory, v.recheck, r.facts
	r.declared = spec
	after.Explanation = r.tellDeletion(r.memory.Rollback.Current.colour(r.tellStuck(after.Explanation)))
	return after
}

func (r *round) acted(op *Operation, o StepResult) verdict {
	switch {
	case o.Problem == nil:
		r.fixBaseline(op)
		return r.accepted(op, o)
	case o.Problem.Kind == KindAmbiguous:
		r.fixBaseline(op)
		op.begins(time.Time{})
		op.CreatedAt = o.At
		return wait(ReasonProgressing, settleTime, "%s: no answer from Azure (%s); looking whether it was accepted",
			op.doing(), o.Problem.Error())
	case o.Problem.untouched():
		return r.putOff(op, o)
	case op.Kind == ReimageOperation:
		v := refusal(withRefusal(op, o.Problem), recheckRefused)
		r.backToUpgraded(op, o.At.Add(recheckRefused))
		return v
	default:
		op.Rejection = o.Problem
		r.memory.Pacing.Deferred = Deferral{}
		return refusal(op, recheckRefused)
	}
}

// fixBaseline notes that the model may have been written, so that what it was before is known from the record alone.
func (r *round) fixBaseline(op *Operation) {
	if !op.TouchesInstances() {
		r.memory.Rollback.Baseline.Fixed = true
	}
}

// accepted notes that the operation runs and when to ask.
func (r *round) accepted(op *Operation, o StepResult) verdict {
	op.begins(o.At)
	op.PollToken, op.ID = o.PollToken, o.OperationID
	if op.Attempt < 2 {
		r.memory.Pacing.Deferred = Deferral{}
	}
	first := r.firstPoll(op, o.RetryAfter)
	if o.PollToken == "" {
		first = time.Second
		op.EndedAt = o.At
	}
	first = min(first, longestAsked)
	op.NextPollAt = o.At.Add(first)
	if o.AzureTime.After(op.AzureTime) {
		op.AzureTime = o.AzureTime
	}
	return wait(ReasonProgressing, first, "%s%s", op.doing(), r.before(op))
}

// begins forgets what a former try of the same intent came to.
func (o *Operation) begins(at time.Time) {
	o.AcceptedAt, o.EndedAt, o.NextPollAt = at, time.Time{}, time.Time{}
	o.PollToken, o.ID, o.Error, o.Rejection = "", "", nil, nil
}

// firstPoll guesses when asking will first be worth a call, never sooner than Azure wants. The last batch is the best guess at
// this one, with a quarter more, since asking too early costs a call and too late only seconds. Without a last
// batch, an upgrade takes some three times what Azure says (recorded: 5 s to 3 min where it says 10 s).
func (r *round) firstPoll(op *Operation, retryAfter time.Duration) time.Duration {
	if retryAfter <= 0 {
		retryAfter = defaultPoll
	}
	switch {
	case !op.TouchesInstances():
		return retryAfter
	case r.memory.Pacing.LastUpgradeDuration == 0:
		return 3 * retryAfter
	default:
		return max(retryAfter, min(r.memory.Pacing.LastUpgradeDuration+r.memory.Pacing.LastUpgradeDuration/4, mostBetweenPolls))
	}
}

// putOff drops an intent of which it is known that it was not applied, and says when to decide anew.
func (r *round) putOff(op *Operation, o StepResult) verdict {
	delay := o.Problem.RetryAfter
	reason := ReasonProgressing
	r.memory.Pacing.Throttled = o.Problem.Kind == KindThrottled
	r.memory.Pacing.Deferred = r.memory.Pacing.Deferred.another(o.At, o.Problem)
	switch o.Problem.Kind {
	case KindThrottled:
		reason = ReasonThrottled
		r.facts.Throttled = o.Problem
		delay = max(delay, defaultPoll)
		if o.Problem.RetryAfter == 0 {
			delay = defaultThrottle
		}
	case KindPreconditionFailed, KindInstanceGone:
		delay = max(delay, time.Second) // the world moved: look again at once
	default:
		delay = max(delay, recheckBusy)
	}
	if r.memory.IsRollingBack() && r.isStuck() {
		delay = max(delay, recheckHeld) // what is still in flight may never end
	}
	delay = min(r.spacedOut(delay, o.At), longestAsked)
	v := wait(reason, delay, "%s was put off until %s: %s%s", op.doing(), clock(o.At.Add(delay)),
		o.Problem.Error(), r.memory.Pacing.Deferred.tells(o.At))
	if op.Kind == ReimageOperation {
		r.backToUpgraded(op, o.At.Add(delay))
		return v
	}
	r.memory.Operation = nil
	r.memory.Pacing.NotBefore = o.At.Add(delay)
	return v
}

// backToUpgraded undoes a reimage intent that is known not to have been applied: the machines are upgraded and wait for it.
func (r *round) backToUpgraded(op *Operation, notBefore time.Time) {
	op.Kind = UpgradeOperation
	op.EndedAt = op.CreatedAt
	op.Rejection = nil
	r.memory.Pacing.NotBefore = notBefore
}

// withRefusal is the operation as it would be reported if it kept the refusal.
func withRefusal(op *Operation, p *Problem) *Operation {
	refused := *op
	refused.Rejection = p
	return &refused
}
