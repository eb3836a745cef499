package azure

import (
	"context"
	"fmt"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// HasInstance asks for one instance by its id: one GET. False means that Azure does not know the instance, that Azure is deleting it, or
// that it belongs to the scale set no more. An instance of a Flexible set is a virtual machine of the resource group and is asked for as
// one.
func (a *Adapter) HasInstance(ctx context.Context, set rollout.ScaleSet, id string) (bool, error) {
	c, err := a.in(set)
	if err != nil {
		return false, err
	}
	x := &arm.Call{Operation: "HasInstance", Doing: fmt.Sprintf("reading instance %q of scale set %q", id, set), Set: set}
	if !instanceID.MatchString(id) {
		return false, x.Refuse("%q cannot be an instance id", id)
	}
	var state *string
	member := true
	if arm.OrchestrationOf(id) == rollout.OrchestrationUniform {
		vm, getErr := c.instances.Get(x.With(ctx), set.ResourceGroup, set.Name, id, nil)
		state, err = deref(vm.Properties).ProvisioningState, getErr
	} else {
		vm, getErr := c.virtualMachines.Get(x.With(ctx), set.ResourceGroup, id, nil)
		p := deref(vm.Properties)
		state, err = p.ProvisioningState, getErr
		member = strings.EqualFold(deref(deref(p.VirtualMachineScaleSet).ID), set.ID())
	}
	if err != nil {
		p := x.Problem(err)
		if p.Kind == rollout.KindInstanceGone {
			return false, nil
		}
		return false, p
	}
	return member && provisioningState(state) != rollout.StateDeleting, nil
}
