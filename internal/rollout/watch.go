package rollout

import "fmt"

// watchExposed keeps an eye on machines that have the target and belong to no batch: canaries that were verified, and what
// autoscale or repair made. From the first moment that one is not well a timer runs; when it is over, those that still are not
// have failed. The timer is one for all, so a machine that falls ill later is judged sooner, never later.
func watchExposed(r *round) (verdict, bool) {
	r.watch(r.illExposed(), func(i Instance) Failure {
		return Failure{Ref: spent(r.spec, refTo(i)), Message: fmt.Sprintf("not well for %s: %s", r.spec.Health.Timeout, ailment(r.spec, i))}
	})
	return undecided()
}

// watch runs the one timer of machines that are ill outside an operation, and fails them, in the given words, when it is over.
func (r *round) watch(ill []Instance, failure func(Instance) Failure) {
	if len(ill) == 0 {
		r.memory.UnhealthySince = zeroTime
		return
	}
	if r.memory.UnhealthySince.IsZero() {
		r.memory.UnhealthySince = r.at
	}
	if r.at.Before(r.memory.UnhealthySince.Add(r.spec.Health.Timeout)) {
		return
	}
	for _, i := range ill {
		f := failure(i)
		f.Reason, f.At = FailureHealth, r.at
		r.memory.Failed = append(r.memory.Failed, f)
	}
	r.memory.UnhealthySince = zeroTime
	r.recount()
}

// spent is the machine with no try left: it was well with the target, so trying the same again would only hide that it did not stay so.
func spent(spec Spec, ref Ref) Ref {
	ref.Attempt = spec.Failure.Retries
	return ref
}

// illExposed lists exposed machines that are neither verified, nor in flight, nor already failed; and those that have the target and are to
// be upgraded again, while they are not well.
func (r *round) illExposed() []Instance {
	c := r.count()
	verified := map[string]bool{}
	for _, i := range c.verified {
		verified[i.ID] = true
	}
	var ill []Instance
	for _, i := range c.exposed {
		if !verified[i.ID] && !r.memory.inFlight(i) && !r.memory.hasFailed(i) {
			ill = append(ill, i)
		}
	}
	for _, i := range c.behind {
		if r.spec.Drift.RollOther && wellness(r.spec.Health, i) != Yes {
			ill = append(ill, i)
		}
	}
	return byOrder(OrderInstanceID, ill)
}

// holdUnhealthy starts no batch while an exposed machine is not well: it may be the release.
func holdUnhealthy(r *round) (verdict, bool) {
	ill := r.illExposed()
	if len(ill) == 0 {
		return undecided()
	}
	deadline := r.memory.UnhealthySince.Add(r.spec.Health.Timeout)
	r.awaits(deadline)
	return wait(ReasonWaitingForHealth, r.until(deadline, recheckBusy), "waiting until %s for %s to be well: %s",
		clock(deadline), names(ill, refTo), ailment(r.spec, ill[0])), true
}
