package batch

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
)

// MaxPerCall bounds one ARM call. Azure documents no limit; its old rate policy charged 1,200 instance requests in five minutes to the
// whole subscription and region, and 100 leaves room for other users, and for the rest in a status of 32 KiB.
const MaxPerCall = 100

// Next chooses the instances to upgrade next: at most size, at most desired − exposed, healthy ones within what the budget of
// unavailability leaves. Only if no healthy one can be chosen are known-unhealthy ones taken: they cost no availability, and the target
// may be what heals them, but they say little about a release. Instances of unknown health are never chosen.
//
// Instances that a target touched before come first, and what is left of the share is only what they leave: a change of other parts of
// the model, or another target, must not spread to new instances what the old ones were chosen for.
func Next(spec rollout.Spec, c inventory.Inventory) []rollout.Instance {
	limit := min(spec.Batch.Size.Of(c.Eligible), c.Desired-len(c.Exposed), MaxPerCall)
	again := spread(spec.Instances.Zones, Ordered(spec.Instances.Order, c.Superseded), c.Exposed)
	if chosen := choose(spec, c, again, limit); len(chosen) > 0 {
		return chosen
	}
	all := spread(spec.Instances.Zones, Ordered(spec.Instances.Order, c.Lacking()), c.Exposed)
	fresh := slices.DeleteFunc(all, func(i rollout.Instance) bool { return contains(c.Superseded, i) })
	return choose(spec, c, fresh, min(limit, c.Desired-len(c.Exposed)-len(c.Superseded)))
}

// choose takes at most limit of the candidates, in their order.
func choose(spec rollout.Spec, c inventory.Inventory, candidates []rollout.Instance, limit int) []rollout.Instance {
	budget := c.Room(spec.Batch.MaxUnavailable)
	if healthy := first(min(limit, budget), candidates, spec, rollout.True); len(healthy) > 0 {
		return healthy
	}
	return first(limit, candidates, spec, rollout.False)
}

// first returns the first candidates of the given health that may be chosen, at most limit.
func first(limit int, candidates []rollout.Instance, spec rollout.Spec, health rollout.Tristate) []rollout.Instance {
	var chosen []rollout.Instance
	for _, i := range candidates {
		if len(chosen) < limit && i.MayBeChosen(spec.Instances.Protected) && inventory.Health(spec.Health, i) == health {
			chosen = append(chosen, i)
		}
	}
	return chosen
}

// Prepared chooses among instances that were chosen before and prepared since: those that may still be upgraded. None: others are to be
// chosen.
func Prepared(spec rollout.Spec, c inventory.Inventory, prepared []rollout.Ref) []rollout.Instance {
	var chosen []rollout.Instance
	room := c.Desired - len(c.Exposed)
	most := min(spec.Batch.Size.Of(c.Eligible), room)
	for _, i := range Ordered(spec.Instances.Order, c.Lacking()) {
		if !i.MayBeChosen(spec.Instances.Protected) || !slices.ContainsFunc(prepared, i.Ref().Means) {
			continue
		}
		if fresh := !contains(c.Superseded, i); len(chosen) < most &&
			(!fresh || (len(chosen) < room-len(c.Superseded) && isTurn(spec, c, i))) {
			chosen = append(chosen, i)
		}
	}
	return chosen
}

// isTurn reports that no instance of an earlier zone came to lack the target since the instance was chosen, where zones are finished one by
// one.
func isTurn(spec rollout.Spec, c inventory.Inventory, i rollout.Instance) bool {
	return spec.Instances.Zones != rollout.ZonesOneAtATime ||
		!slices.ContainsFunc(c.Lacking(), func(o rollout.Instance) bool { return o.Zone < i.Zone && !o.Protected })
}

// Affordable leaves out of the chosen instances those that the budget of unavailability has no room for any more, and those that may not be
// touched now. Being prepared may have put them out of service: an instance that was healthy when it was chosen and does not report now,
// without its pods, costs nothing more.
func Affordable(spec rollout.Spec, c inventory.Inventory, chosen []rollout.Instance) []rollout.Instance {
	var unhealthy, healthy []rollout.Instance
	for _, i := range chosen {
		switch inventory.Health(spec.Health, i) {
		case rollout.True:
			healthy = append(healthy, i)
		case rollout.False:
			unhealthy = append(unhealthy, i)
		case rollout.Unknown:
			if !i.IsBusy() && i.Script != rollout.ScriptRunning {
				unhealthy = append(unhealthy, i)
			}
		}
	}
	budget := c.Room(spec.Batch.MaxUnavailable)
	return append(healthy[:min(len(healthy), budget)], unhealthy...)
}

// ToRestore chooses the instances that a rollback restores next: those that are not healthy all at once, since they have nothing to lose,
// the others within what the budget of unavailability leaves.
func ToRestore(
	spec rollout.Spec, behind []rollout.Instance, isOutOfService func(rollout.Instance) bool, room func() int,
) []rollout.Instance {
	var unhealthy, healthy []rollout.Instance
	for _, i := range behind {
		switch {
		case !i.MayBeChosen(spec.Instances.Protected):
		case inventory.IsHealthy(spec.Health, i) && !isOutOfService(i):
			healthy = append(healthy, i)
		default:
			unhealthy = append(unhealthy, i)
		}
	}
	if len(unhealthy) > 0 {
		return unhealthy[:min(len(unhealthy), MaxPerCall)]
	}
	healthy = spread(spec.Instances.Zones, healthy, nil)
	return healthy[:min(len(healthy), room(), MaxPerCall)]
}

// Attempts are first attempts at the instances, in the order of their ids.
func Attempts(instances []rollout.Instance) []rollout.Attempt {
	attempts := make([]rollout.Attempt, 0, len(instances))
	for _, i := range instances {
		attempts = append(attempts, rollout.Attempt{Ref: i.Ref()})
	}
	return ByID(attempts)
}

// ByID sorts attempts by the ids of their instances.
func ByID(attempts []rollout.Attempt) []rollout.Attempt {
	slices.SortFunc(attempts, func(a, b rollout.Attempt) int { return rollout.CompareIDs(a.ID, b.ID) })
	return attempts
}

func contains(instances []rollout.Instance, i rollout.Instance) bool {
	return slices.ContainsFunc(instances, i.Ref().Is)
}
