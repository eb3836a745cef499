package strategy

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// blueGreen brings the idle one of two scale sets to the target, leads the traffic to it, and retires the other one. The way over the
// instances is that of a canary, with passes between.
var blueGreen = Strategy{
	Read: slices.Concat(reading, Chain{
		retiring(hold(gate.Completed)),
		hold(gate.Instances),
		hold(gate.Traffic),
	}),
	Facts: Chain{
		update(advance.DropVanished),
		listed,
		hold(gate.NamedScript),
		advance.SettleOperation,
		advance.ChooseIdle,
		advance.PinImage,
		update(advance.ForgetPreempted),
		update(advance.DropVanishedPrepared),
		update(advance.KeepStageTimer),
	},
	Gates: slices.Concat(Chain{
		owned,
		hold(gate.Deleting),
		hold(gate.Preflight),
		hold(gate.Pools),
		hold(gate.TrafficUnchanged),
	}, drifting, Chain{
		retiring(stayCompleted),
	}, preparing, Chain{
		hooksBeforeFirstStep,
		scaleUp, // it may have no instance before that
		hold(gate.Eligible),
		wholeListBeforeWrite,
	}),
	Next: slices.Concat(judging, Chain{
		retiring(passStages),
		switchTraffic,
	}, upgrading),
}

// blueGreenBack leads the traffic back first, then restores the scale set, and at last its capacity.
var blueGreenBack = Strategy{
	Read: slices.Concat(rollback.Read, Chain{
		hold(gate.Traffic),
	}),
	Facts: slices.Concat(Chain{
		update(advance.DropVanished),
		switchBack,
	}, resolving),
	Gates: rollback.Gates,
	Next:  rollback.Next,
}

// retiring keeps a completed run from resting longer than until the former scale set is retired, and retires it then.
func retiring(p Pass) Pass {
	return func(d *advance.Draft) *view.Hold {
		h := p(d)
		if h == nil || !d.IsCompleted() {
			return h
		}
		advance.PlanRetirement(d)
		if !view.IsRetirementDue(d.View) {
			return h.NotAfter(d.View, d.State.BlueGreen.RetireAt)
		}
		return retireFormer(d, h)
	}
}

// scaleUp gives the idle scale set its capacity before anything else is written, and again where it is lowered before the switch.
func scaleUp(d *advance.Draft) *view.Hold {
	if view.HasSwitched(d.View) || view.WantedCapacity(d.View) <= d.Model().Capacity {
		return nil
	}
	if h := gate.Effect(d.View); h != nil {
		return h
	}
	return advance.ScaleUp(d)
}

// switchTraffic leads the rule to the scale set, once the stage is reached in which it is to be live.
func switchTraffic(d *advance.Draft) *view.Hold {
	isDue := d.Step().Live && view.LiveSet(d.View) == rollout.LivePeer && view.IsShareReached(d.View) && view.IsSound(d.View)
	if !isDue {
		return nil
	}
	if h := gate.Held(d.View); h != nil {
		return h
	}
	if h := gate.Effect(d.View); h != nil {
		return h
	}
	return advance.SwitchTraffic(d)
}

// switchBack leads the rule back before anything is restored.
func switchBack(d *advance.Draft) *view.Hold {
	if op := d.State.Operation; op != nil && op.Kind == rollout.SwitchTrafficOperation {
		if h := advance.SettleOperation(d); h != nil {
			return h
		}
	}
	if !view.HasSwitched(d.View) || view.LiveSet(d.View) != rollout.LiveWorked {
		return nil
	}
	if h := gate.RollbackHeld(d.View); h != nil {
		return h
	}
	if h := gate.SwitchBack(d.View); h != nil {
		return h
	}
	return advance.SwitchBack(d)
}

// retireFormer gives the scale set that was live before its last capacity. Until then the run rests.
func retireFormer(d *advance.Draft, rests *view.Hold) *view.Hold {
	for _, g := range []gate.Gate{gate.Traffic, gate.Held, gate.TrafficUnchanged, gate.Effect} {
		if h := g(d.View); h != nil {
			return h
		}
	}
	if h := advance.RetireFormer(d); h != nil {
		return h
	}
	return rests
}
