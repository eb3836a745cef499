package rollout

import "slices"

// maxInstancesPerCall bounds one ARM call. Azure documents no limit; its old rate policy charged 1,200 machine requests in five
// minutes to the whole subscription and region, and 100 leaves room for everybody else, and for the rest in a status of 32 KiB.
const maxInstancesPerCall = 100

// nextBatch chooses the machines to upgrade next: at most size, at most desired − exposed, healthy ones within what the budget of
// unavailability leaves. Only if no healthy one can be chosen are known-sick ones taken: they cost no availability, and the
// target may be what heals them, but they are poor witnesses of a release. Unknown ones are never chosen.
//
// Machines that a target touched before come first, and what is left of the share is only what they leave: a change of other parts of the
// model, or another target, must not spread to new machines what the old ones were chosen for.
func nextBatch(spec Spec, c census) []Instance {
	limit := min(spec.Batch.Size.Of(c.n), c.desired-len(c.exposed), maxInstancesPerCall)
	if again := choose(spec, c, spread(spec.Instances.Zones, byOrder(spec.Instances.Order, c.left), c.exposed), limit); len(again) > 0 {
		return again
	}
	all := spread(spec.Instances.Zones, byOrder(spec.Instances.Order, c.lacking()), c.exposed)
	fresh := slices.DeleteFunc(all, func(i Instance) bool { return slices.ContainsFunc(c.left, i.Ref().Is) })
	return choose(spec, c, fresh, min(limit, c.desired-len(c.exposed)-len(c.left)))
}

// choose takes at most limit of the candidates, in their order.
func choose(spec Spec, c census, candidates []Instance, limit int) []Instance {
	if limit <= 0 {
		return nil
	}
	budget := c.room(spec.Batch.MaxUnavailable)
	if healthy := first(min(limit, budget), candidates, spec, True); len(healthy) > 0 {
		return healthy
	}
	return first(limit, candidates, spec, False)
}

// first returns the first candidates of the given wellness that may be chosen, at most limit.
func first(limit int, candidates []Instance, spec Spec, well Tristate) []Instance {
	var chosen []Instance
	for _, i := range candidates {
		if len(chosen) < limit && i.choosable(spec) && wellness(spec.Health, i) == well {
			chosen = append(chosen, i)
		}
	}
	return chosen
}

// choosable says whether the platform would act on the machine at all.
func (i Instance) choosable(spec Spec) bool {
	return !i.Protected || spec.Instances.Protected == ProtectedSkip
}
