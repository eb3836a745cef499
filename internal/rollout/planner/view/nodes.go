package view

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
)

// Uncordonable are the instances whose nodes may take pods again: nothing is to happen to them, and they did not fail. Where the object is
// released, they are all.
func Uncordonable(v *View) []string {
	return slices.DeleteFunc(slices.Clone(v.State.Ledger.Cordoned), func(id string) bool {
		return !v.IsReleasing && needsCordon(v, id)
	})
}

// needsCordon reports that something is to happen to the instance, or did and failed.
func needsCordon(v *View, id string) bool {
	is := func(ref rollout.Ref) bool { return ref.ID == id }
	s := v.State
	prepared := s.Tasks.At(rollout.BeforeInstance)
	return s.IsWorking() && slices.ContainsFunc(rollout.Refs(s.Operation.Instances), is) ||
		prepared != nil && slices.ContainsFunc(prepared.Instances, is) ||
		slices.ContainsFunc(s.Preempted.Instances, is) ||
		slices.ContainsFunc(s.Ledger.Failed, func(f rollout.Failure) bool { return is(f.Ref) && !f.IsExternal() })
}

// UncordonState is how far letting an instance's node take pods again is. What is known of a node that was being drained when the round
// began is about that.
func UncordonState(v *View, id string) rollout.NodeState {
	if slices.ContainsFunc(v.Draining, func(ref rollout.Ref) bool { return ref.ID == id }) {
		return rollout.NodeState{}
	}
	return v.Obs.Tasks.Nodes[id]
}

// OutOfService are the instances that look healthy and whose nodes the rollout cordoned for something else than what begins now. They spend
// the budget of unavailability as if they were not healthy (I1), unless their nodes cannot be let take pods again.
func OutOfService(v *View) []rollout.Instance {
	if len(v.State.Ledger.Cordoned) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(v.Instances()), func(i rollout.Instance) bool { return !IsOutOfService(v, i) })
}

// IsOutOfService reports that the instance is one of them.
func IsOutOfService(v *View, i rollout.Instance) bool {
	if !v.State.Ledger.IsCordoned(i.ID) || UncordonState(v, i.ID).Failed {
		return false
	}
	prepared := v.State.Tasks.At(rollout.BeforeInstance)
	begins := prepared != nil && slices.ContainsFunc(prepared.Instances, i.Ref().Means)
	return !begins && !v.State.InFlight(i) && inventory.IsHealthy(v.Spec.Health, i)
}

// SoonInService counts those of them whose nodes are about to take pods again. Nothing begins before they do.
func SoonInService(v *View) int {
	soon := Uncordonable(v)
	return len(slices.DeleteFunc(OutOfService(v), func(i rollout.Instance) bool { return !slices.Contains(soon, i.ID) }))
}

// Unavailable are the instances that spend the budget of unavailability, the skipped and the protected too.
func Unavailable(v *View) []rollout.Instance {
	var list []rollout.Instance
	for _, i := range v.Instances() {
		if !v.State.IsOff(i) && (v.State.InFlight(i) || !inventory.IsHealthy(v.Spec.Health, i) || IsOutOfService(v, i)) {
			list = append(list, i)
		}
	}
	return list
}
