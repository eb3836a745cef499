package advance

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// continuedBlueGreen is the part of a former run that another one goes on with: the same scale set as long as it is idle, and the capacity
// that it had. A run that begins chooses anew.
func continuedBlueGreen(old rollout.BlueGreenState) rollout.BlueGreenState {
	old.Run = 0
	return old
}

// ChooseIdle lets the run work on the scale set that is idle. What is remembered of the other one does not hold for this one, and is
// dropped.
func ChooseIdle(d *Draft) *view.Hold {
	s := &d.State
	if s.BlueGreen.Run == s.Run.Number {
		return nil
	}
	if view.LiveSet(d.View) == rollout.LivePeer { // the one that is looked at is idle
		s.BlueGreen.Run, s.BlueGreen.PoolBefore, s.BlueGreen.Switched = s.Run.Number, "", false
		s.BlueGreen.RetireAt, s.BlueGreen.Retired = time.Time{}, false
		return nil
	}
	onPeer := !s.BlueGreen.OnPeer
	d.State = rollout.State{
		Run:       s.Run,
		BlueGreen: rollout.BlueGreenState{Run: s.Run.Number, OnPeer: onPeer},
		Pacing:    rollout.Pacing{NotBefore: s.Pacing.NotBefore, Throttled: s.Pacing.Throttled, ReadsDeferred: s.Pacing.ReadsDeferred},
		Ledger:    rollout.Ledger{Cordoned: s.Ledger.Cordoned},
		History:   s.History,
		Actions:   s.Actions,
	}
	return view.Wait(rollout.ReasonProgressing, view.RecheckSoon, "scale set %s is live; scale set %s is idle and gets the release",
		d.Spec.ScaleSet, d.Spec.BlueGreen.Peer)
}

// ScaleUp gives the idle scale set the capacity that it is to have, which is higher. The capacity before is remembered.
func ScaleUp(d *Draft) *view.Hold {
	wanted, s := view.WantedCapacity(d.View), &d.State.BlueGreen
	if !s.Scaled {
		s.Scaled, s.CapacityBefore = true, d.Model().Capacity
	}
	s.Capacity = wanted
	return BeginOperation(d, rollout.Scale{ETag: d.Model().ETag, Capacity: wanted}, nil)
}

// RestoreCapacity gives the scale set the capacity back that it had before the run. Where another tool changed it since, it stays.
func RestoreCapacity(d *Draft) *view.Hold {
	s := &d.State.BlueGreen
	if !s.Scaled {
		return nil
	}
	if op := d.State.Operation; op != nil && op.Kind == rollout.ScaleOperation {
		if h := settleBeside(d, op); h != nil {
			return h
		}
	}
	if d.Model().Capacity != s.Capacity {
		s.Scaled = false
		return nil
	}
	return BeginOperation(d, rollout.Scale{ETag: d.Model().ETag, Capacity: s.CapacityBefore}, nil)
}

// SwitchTraffic leads the rule to the scale set that has the release. Where it led before is remembered first.
func SwitchTraffic(d *Draft) *view.Hold {
	d.State.BlueGreen.PoolBefore = d.Obs.Traffic.Value.Pool
	return leadTo(d, view.PoolOf(d.View, d.Model(), d.Obs.Peer.Value))
}

// SwitchBack leads the rule back to where it led before the run.
func SwitchBack(d *Draft) *view.Hold { return leadTo(d, d.State.BlueGreen.PoolBefore) }

func leadTo(d *Draft, pool string) *view.Hold {
	step := rollout.SwitchTraffic{Rule: d.Spec.BlueGreen.Rule, ETag: d.Obs.Traffic.Value.ETag, Pool: pool}
	return BeginOperation(d, step, nil)
}

// PlanRetirement notes when the scale set that was live before gets its last capacity, once the run is completed.
func PlanRetirement(d *Draft) {
	s, retire := &d.State.BlueGreen, d.Spec.BlueGreen.Retire
	s.Scaled = false // the capacity is that of the live scale set now
	if retire != nil && view.HasSwitched(d.View) && s.RetireAt.IsZero() && !s.Retired {
		s.RetireAt = d.At().Add(retire.After)
	}
}

// RetireFormer gives the scale set that was live before its last capacity. One that has fewer instances keeps what it has.
func RetireFormer(d *Draft) *view.Hold {
	s, peer := &d.State.BlueGreen, d.Obs.Peer.Value
	s.Retired = true
	if peer.Capacity <= d.Spec.BlueGreen.Retire.Capacity {
		return nil
	}
	return BeginOperation(d, rollout.Scale{Peer: true, ETag: peer.ETag, Capacity: d.Spec.BlueGreen.Retire.Capacity}, nil)
}

// settleBeside judges an operation that neither writes the target nor touches instances, by what can be read: where the rule leads, or the
// capacity.
func settleBeside(d *Draft, op *rollout.Operation) *view.Hold {
	isApplied, isShown := d.Model().State == rollout.StateUpdating && op.EndedAt.IsZero(), isScaled
	if op.Kind == rollout.SwitchTrafficOperation {
		isApplied, isShown = false, isSwitched
	}
	switch {
	case d.IsOfAnotherTarget(op) && !op.EndedAt.IsZero():
		d.State.Operation = nil
		return nil
	case isApplied:
		return view.Wait(rollout.ReasonProgressing, view.RecheckBusy, "%s: Azure still applies it", view.Describe(op))
	case isShown(d):
		noteShown(d, op)
		return nil
	}
	if left, isSettling := settling(d, op); isSettling {
		return view.Wait(rollout.ReasonProgressing, left, "%s: waiting for the result to show", view.DescribeEnd(op))
	}
	return settleMissingWrite(d, op)
}

// noteShown ends an operation whose result shows.
func noteShown(d *Draft, op *rollout.Operation) {
	if op.Kind == rollout.SwitchTrafficOperation {
		d.State.BlueGreen.Switched = !d.State.IsRollingBack()
	}
	d.State.Operation = nil
	forgetNoEffect(&d.State)
	d.Forget()
}

// isScaled reports that the scale set shows the capacity that it was to get.
func isScaled(d *Draft) bool {
	s := d.State.BlueGreen
	switch {
	case s.Retired:
		return d.Obs.Peer.Value.Capacity <= d.Spec.BlueGreen.Retire.Capacity
	case d.State.IsRollingBack():
		return d.Model().Capacity != s.Capacity
	}
	return d.Model().Capacity >= s.Capacity
}

// isSwitched reports that the rule leads where it was to be led.
func isSwitched(d *Draft) bool {
	wanted := rollout.LiveWorked
	if d.State.IsRollingBack() {
		wanted = rollout.LivePeer
	}
	return view.LiveSet(d.View) == wanted
}

// giveCapacityBack restores the capacity of an idle scale set whose object is being released. A live one keeps what it has.
func giveCapacityBack(d *Draft) *view.Hold {
	if !view.OwesCapacity(d.View) || d.IsReplaced() {
		return nil
	}
	if d.Obs.Model.State == rollout.ReadFailed && d.Obs.Model.Problem.Kind != rollout.KindNotFound {
		return view.Unreadable("the scale set", d.Obs.Model.Problem)
	}
	if d.Obs.Model.State != rollout.Read {
		return nil
	}
	if h := gate.Effect(d.View); h != nil {
		return h
	}
	return RestoreCapacity(d)
}
