package gate

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Ownership leaves a scale set to the oldest rollout that names it and can work: two that take turns at one model would undo each other for
// ever. What this one has in flight, it waits for first; so the gate stands before anything is read, and again once what was in flight is
// over. A rollout that only plans is in no other one's way.
func Ownership(v *view.View) *view.Hold {
	if view.MayShare(v) {
		return nil
	}
	if read := v.Obs.Cluster.Ownership; read.State == rollout.ReadFailed {
		return view.Wait(rollout.ReasonProgressing, view.RecheckBusy, "reading the other rollouts: %s", read.Problem.Hint())
	}
	owner := v.Obs.Cluster.Ownership.Value
	switch {
	case owner.Owner == "":
		return nil
	case owner.Releasing:
		return view.Wait(rollout.ReasonProgressing, view.RecheckBusy,
			"waiting until the operation of the younger VMSSRollout %s on the same scale set ends", owner.Owner).External()
	}
	return view.Wait(rollout.ReasonPreflightFailed, view.RecheckMissing,
		"the older VMSSRollout %s owns the scale set; nothing is changed; to fix it: delete one of the two", owner.Owner)
}
