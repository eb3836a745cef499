package gate

import (
	"fmt"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Eligible holds while no instance is eligible: a share of nothing is never reached.
func Eligible(v *view.View) *view.Hold {
	c := v.Inventory()
	if c.Eligible > 0 {
		return nil
	}
	if c.Total == 0 {
		if h := WholeList(v); h != nil {
			return h
		}
	}
	off := 0
	for _, i := range v.Instances() {
		if v.State.IsOff(i) {
			off++
		}
	}
	stopped, attached := "", ""
	if len(v.Attached) > 0 {
		attached = ", attached"
	}
	if off > 0 {
		stopped = fmt.Sprintf("; %d stopped or deallocated; to start them: az vmss start", off)
	}
	return view.Wait(rollout.ReasonNoEligibleInstances, view.RecheckHeld,
		"no eligible instance: %d listed, %d skipped (stopped, protected%s, or by a RolloutAction)%s", c.Total, c.Skipped, attached, stopped)
}
