package rollout

// maxInstancesPerCall bounds one ARM call. Azure documents no limit; its old rate policy charged 1,200 machine requests in five
// minutes to the whole subscription and region, and 200 leaves room for everybody else.
const maxInstancesPerCall = 200

// nextBatch chooses the machines to upgrade next: at most size, at most desired − exposed, healthy ones within what the budget of
// unavailability leaves. Only if no healthy one can be chosen are known-sick ones taken: they cost no availability, and the
// target may be what heals them, but they are poor witnesses of a release. Unknown ones are never chosen.
func nextBatch(spec Spec, c census) []Instance {
	limit := min(spec.Batch.Size.Of(c.n), c.desired-len(c.exposed), maxInstancesPerCall)
	if limit <= 0 {
		return nil
	}
	budget := max(spec.Batch.MaxUnavailable.Of(c.n)-c.unavailable, 0)
	var healthy, sick []Instance
	for _, i := range spread(spec.Zones, byOrder(spec.Order, c.outdated), c.exposed) {
		switch wellness(spec.Health, i) {
		case Yes:
			if i.choosable(spec) && len(healthy) < min(limit, budget) {
				healthy = append(healthy, i)
			}
		case No:
			if i.choosable(spec) && len(sick) < limit {
				sick = append(sick, i)
			}
		case Unsure:
		}
	}
	if len(healthy) > 0 {
		return healthy
	}
	return sick
}

// choosable says whether the platform would act on the machine at all.
func (i Instance) choosable(spec Spec) bool {
	return !i.Protected || spec.Protected == ProtectedSkip
}
