package gate

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// NoneUnhealthy begins no batch while an exposed instance is not healthy: the release may be the cause.
func NoneUnhealthy(v *view.View) *view.Hold {
	unhealthy := v.Unhealthy()
	if len(unhealthy) == 0 {
		return nil
	}
	if len(inventory.WithoutUpdating(v.State, unhealthy)) == 0 {
		return view.Wait(rollout.ReasonProgressing, view.RecheckBusy, "Azure is updating %s for another operation; waiting until it ends",
			view.ListInstances(unhealthy)).External()
	}
	deadline := v.State.Timers.UnhealthySince.Add(v.Spec.Health.Timeout)
	return view.Wait(rollout.ReasonWaitingForHealth, v.Until(deadline, view.RecheckBusy), "waiting until %s for %s to be healthy: %s",
		view.FormatTime(deadline), view.ListInstances(unhealthy),
		inventory.UnhealthyReason(v.Spec.Target, unhealthy[0])).WithUntil(deadline)
}
