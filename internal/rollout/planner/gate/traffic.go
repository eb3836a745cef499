package gate

import (
	"fmt"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Traffic decides nothing while it is not known where the rule leads, or what the other scale set is.
func Traffic(v *view.View) *view.Hold {
	rule := v.Spec.BlueGreen.Rule
	switch traffic, peer := v.Obs.Traffic, v.Obs.Peer; {
	case traffic.State == rollout.ReadFailed:
		return view.Unreadable("rule "+rule.Rule+" of the load balancer", traffic.Problem)
	case peer.State == rollout.ReadFailed:
		return view.Unreadable("scale set "+v.Spec.BlueGreen.Peer.String(), peer.Problem)
	case traffic.State == rollout.NotRead || peer.State == rollout.NotRead:
		return view.Wait(rollout.ReasonProgressing, view.RecheckSoon, "reading rule %s and scale set %s", rule.Rule, v.Spec.BlueGreen.Peer)
	}
	if view.LiveSet(v) != rollout.LiveUnknown {
		return nil
	}
	return view.Wait(rollout.ReasonPreflightFailed, view.RecheckMissing,
		"rule %s leads to pool %s, and it is not known which scale set is live: exactly one of %s and %s has to be in that pool",
		rule.Rule, v.Obs.Traffic.Value.Pool, v.Spec.ScaleSet, v.Spec.BlueGreen.Peer)
}

// Pools refuses scale sets that the rule cannot be led to, or not to one of them alone.
func Pools(v *view.View) *view.Hold {
	peer, model := v.Obs.Peer.Value, v.Model()
	finding := ""
	switch {
	case peer.UniqueID != "" && peer.UniqueID == model.UniqueID:
		finding = "strategy.blueGreen.peer is the scale set itself"
	case view.PoolOf(v, model, peer) == "":
		finding = fmt.Sprintf("scale set %s is in no pool of the load balancer that is its own, so the rule cannot be led to it", v.Spec.ScaleSet)
	case view.PoolOf(v, peer, model) == "":
		finding = fmt.Sprintf("scale set %s is in no pool of the load balancer that is its own", v.Spec.BlueGreen.Peer)
	default:
		return nil
	}
	return view.Wait(rollout.ReasonPreflightFailed, view.RecheckMissing, "%s", finding)
}

// TrafficUnchanged holds where another tool led the rule elsewhere than the run did: the scale set that the run works on must not be live
// before its switch, and has to be after that.
func TrafficUnchanged(v *view.View) *view.Hold {
	live, where := view.LiveSet(v), v.Spec.ScaleSet
	switch {
	case live == rollout.LiveWorked && !view.HasSwitched(v):
		return view.Wait(rollout.ReasonDrifted, view.RecheckHeld,
			"another tool led rule %s to scale set %s, which gets the release; nothing is changed; to go on, lead the rule back",
			v.Spec.BlueGreen.Rule.Rule, where).External()
	case live == rollout.LivePeer && v.State.BlueGreen.Switched && !v.State.IsWorking():
		return view.Wait(rollout.ReasonDrifted, view.RecheckHeld,
			"another tool led rule %s back to scale set %s; nothing is changed; to end the run, create a RolloutAction Rollback; to go on, "+
				"lead the rule to %s", v.Spec.BlueGreen.Rule.Rule, v.Spec.BlueGreen.Peer, where).External()
	}
	return nil
}

// SwitchBack keeps the traffic where it is once the other scale set has no instances for it.
func SwitchBack(v *view.View) *view.Hold {
	if v.Obs.Peer.Value.Capacity > 0 && !v.State.BlueGreen.Retired {
		return nil
	}
	return view.Wait(rollout.ReasonNotRollbackable, view.RecheckHeld,
		"the traffic stays at scale set %s: scale set %s was retired and has %d instances; to go back, declare the former target again",
		v.Spec.ScaleSet, v.Spec.BlueGreen.Peer, v.Obs.Peer.Value.Capacity)
}
