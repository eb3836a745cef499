package azure

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// SuspendRepairs begins to keep Azure from repairing machines by itself: one POST. What the scale set declares stays as it is.
func (a *Adapter) SuspendRepairs(ctx context.Context, set rollout.ScaleSet) (rollout.Accepted, error) {
	x := &call{
		operation: "SuspendRepairs", doing: fmt.Sprintf("suspending automatic repairs of scale set %q", set), set: set, effect: true,
	}
	return a.setRepairs(ctx, x, armcompute.OrchestrationServiceStateActionSuspend)
}

// ResumeRepairs begins to let Azure do so again: one POST.
func (a *Adapter) ResumeRepairs(ctx context.Context, set rollout.ScaleSet) (rollout.Accepted, error) {
	x := &call{
		operation: "ResumeRepairs",
		doing:     fmt.Sprintf("resuming automatic repairs of scale set %q", set),
		set:       set,
		effect:    true,
	}
	return a.setRepairs(ctx, x, armcompute.OrchestrationServiceStateActionResume)
}

func (a *Adapter) setRepairs(
	ctx context.Context,
	x *call,
	action armcompute.OrchestrationServiceStateAction,
) (rollout.Accepted, error) {
	c, err := a.in(x.set)
	if err != nil {
		return rollout.Accepted{}, err
	}
	service := armcompute.OrchestrationServiceNamesAutomaticRepairs
	body := armcompute.OrchestrationServiceStateInput{ServiceName: &service, Action: &action}
	p, err := c.sets.BeginSetOrchestrationServiceState(x.with(ctx), x.set.ResourceGroup, x.set.Name, body, nil)
	return x.accepted(p, err)
}
