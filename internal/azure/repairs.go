package azure

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// SuspendRepairs begins to keep Azure from repairing instances by itself: one POST. What the scale set declares stays as it is.
func (a *Adapter) SuspendRepairs(ctx context.Context, set rollout.ScaleSet) (rollout.Accepted, error) {
	x := &arm.Call{
		Operation: "SuspendRepairs", Doing: fmt.Sprintf("suspending automatic repairs of scale set %q", set), Set: set, Effect: true,
	}
	return a.setRepairs(ctx, x, armcompute.OrchestrationServiceStateActionSuspend)
}

// ResumeRepairs begins to let Azure do so again: one POST.
func (a *Adapter) ResumeRepairs(ctx context.Context, set rollout.ScaleSet) (rollout.Accepted, error) {
	x := &arm.Call{
		Operation: "ResumeRepairs",
		Doing:     fmt.Sprintf("resuming automatic repairs of scale set %q", set),
		Set:       set,
		Effect:    true,
	}
	return a.setRepairs(ctx, x, armcompute.OrchestrationServiceStateActionResume)
}

func (a *Adapter) setRepairs(
	ctx context.Context,
	x *arm.Call,
	action armcompute.OrchestrationServiceStateAction,
) (rollout.Accepted, error) {
	c, err := a.in(x.Set)
	if err != nil {
		return rollout.Accepted{}, err
	}
	service := armcompute.OrchestrationServiceNamesAutomaticRepairs
	body := armcompute.OrchestrationServiceStateInput{ServiceName: &service, Action: &action}
	p, err := c.sets.BeginSetOrchestrationServiceState(x.With(ctx), x.Set.ResourceGroup, x.Set.Name, body, nil)
	return x.Accepted(p, err)
}
