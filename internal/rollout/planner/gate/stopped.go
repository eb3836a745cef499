package gate

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// NoneStopped begins no batch while an instance is stopped that has the target: a release that shuts instances down must not go on to the
// next.
func NoneStopped(v *view.View) *view.Hold {
	stopped := v.StoppedAfterUpgrade()
	if len(stopped) == 0 {
		return nil
	}
	return view.Wait(rollout.ReasonWaitingForHealth, view.RecheckHeld,
		"%s stopped after the upgrade; no further instance is upgraded until it is started or deallocated, or a "+
			"RolloutAction SkipInstance skips it",
		view.ListInstances(stopped)).External()
}
