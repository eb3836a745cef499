package view

import "github.com/vmss-rollouts/vmss-rollouts/internal/rollout"

// LiveSet returns which of the two scale sets the rule leads to, by the pools that their models name.
func LiveSet(v *View) rollout.Live {
	if v.Obs.Traffic.State != rollout.Read || v.Obs.Peer.State != rollout.Read || v.Obs.Model.State != rollout.Read {
		return rollout.LiveUnknown
	}
	pool := v.Obs.Traffic.Value.Pool
	switch worked, peer := v.Model().IsServed(pool), v.Obs.Peer.Value.IsServed(pool); {
	case worked && !peer:
		return rollout.LiveWorked
	case peer && !worked:
		return rollout.LivePeer
	}
	return rollout.LiveUnknown
}

// PoolOf returns the pool of the load balancer that the instances of the scale set are in, and those of the other one are not; "": none, or
// more than one.
func PoolOf(v *View, set, other rollout.Model) string {
	found := ""
	for _, pool := range v.Obs.Traffic.Value.Pools {
		if !set.IsServed(pool) || other.IsServed(pool) {
			continue
		}
		if found != "" {
			return ""
		}
		found = pool
	}
	return found
}

// HasSwitched reports that the run led the rule to its scale set, or may have.
func HasSwitched(v *View) bool { return v.State.BlueGreen.PoolBefore != "" }

// WantedCapacity is the capacity that the idle scale set is to have while it gets the release.
func WantedCapacity(v *View) int {
	if declared := v.Spec.BlueGreen.Capacity; declared > 0 {
		return declared
	}
	return v.Obs.Peer.Value.Capacity
}

// IsRetirementDue reports that the scale set that was live before is to get its last capacity now.
func IsRetirementDue(v *View) bool {
	s := v.State.BlueGreen
	return !s.RetireAt.IsZero() && !s.Retired && !v.At().Before(s.RetireAt)
}

// OwesCapacity reports that the run gave an idle scale set another capacity, which has to be given back when the object goes.
func OwesCapacity(v *View) bool {
	return v.State.BlueGreen.Scaled && !HasSwitched(v) && !v.State.Run.Completed
}
