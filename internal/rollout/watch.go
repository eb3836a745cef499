package rollout

import "fmt"

// watchExposed keeps an eye on machines that have the target and belong to no batch: canaries that were verified, and what
// autoscale or repair made. From the first moment that one is not well a timer runs; when it is over, those that still are not
// have failed, with no try left: they were well with the target, so another try would only hide that they did not stay so. The timer is one for all, so a machine that falls ill later is judged sooner, never later.
func watchExposed(r *round) (verdict, bool) {
	r.watch(r.illExposed(), func(i Instance) Failure {
		return Failure{
			Ref:     i.Ref(),
			Try:     r.spec.Failure.Retries,
			Message: fmt.Sprintf("not well for %s: %s", r.spec.Health.Timeout, ailment(r.spec, i)),
		}
	})
	return undecided()
}

// watch runs the one timer of machines that are ill outside an operation, and fails them, in the given words, when it is over.
func (r *round) watch(ill []Instance, failure func(Instance) Failure) {
	if len(ill) == 0 {
		r.memory.Timers.UnhealthySince = zeroTime
		return
	}
	if r.memory.Timers.UnhealthySince.IsZero() {
		r.memory.Timers.UnhealthySince = r.at
	}
	if r.at.Before(r.memory.Timers.UnhealthySince.Add(r.spec.Health.Timeout)) {
		return
	}
	for _, i := range ill {
		f := failure(i)
		f.Reason, f.At = FailureHealth, r.at
		r.memory.Ledger.Failed = append(r.memory.Ledger.Failed, f)
	}
	r.memory.Timers.UnhealthySince = zeroTime
	r.recount()
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
		if r.spec.Drift.RollOther && wellness(r.spec.Health, i) != True {
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
	deadline := r.memory.Timers.UnhealthySince.Add(r.spec.Health.Timeout)
	r.awaits(deadline)
	return wait(ReasonWaitingForHealth, r.until(deadline, recheckBusy), "waiting until %s for %s to be well: %s",
		clock(deadline), names(ill, Instance.Ref), ailment(r.spec, ill[0])), true
}
