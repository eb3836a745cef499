package azure

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// maxInstances bounds what one call may name. Azure documents no bound; its budget was 1200 instances in 5 minutes.
const maxInstances = 200

// instanceID matches an id: a number, or in a Flexible set a name. "*" means all to Azure, and can never be one.
var instanceID = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_.-]{0,127}$`)

// Upgrade begins a manual upgrade of exactly the named instances.
func (a *Adapter) Upgrade(ctx context.Context, set rollout.ScaleSet, instances []rollout.Ref) (rollout.Accepted, error) {
	c, err := a.in(set)
	if err != nil {
		return rollout.Accepted{}, err
	}
	x := &arm.Call{Operation: "Upgrade", Doing: batchName("upgrading", set, instances), Set: set, Effect: true}
	ids, err := instanceIDs(x, instances)
	if err != nil {
		return rollout.Accepted{}, err
	}
	body := armcompute.VirtualMachineScaleSetVMInstanceRequiredIDs{InstanceIDs: ids}
	p, err := c.sets.BeginUpdateInstances(x.With(ctx), set.ResourceGroup, set.Name, body, nil)
	return x.Accepted(p, err)
}

// Reimage begins a reimage of exactly the named instances.
func (a *Adapter) Reimage(ctx context.Context, set rollout.ScaleSet, instances []rollout.Ref) (rollout.Accepted, error) {
	c, err := a.in(set)
	if err != nil {
		return rollout.Accepted{}, err
	}
	x := &arm.Call{Operation: "Reimage", Doing: batchName("reimaging", set, instances), Set: set, Effect: true}
	ids, err := instanceIDs(x, instances)
	if err != nil {
		return rollout.Accepted{}, err
	}
	options := armcompute.VirtualMachineScaleSetsClientBeginReimageOptions{
		VMScaleSetReimageInput: &armcompute.VirtualMachineScaleSetReimageParameters{InstanceIDs: ids},
	}
	p, err := c.sets.BeginReimage(x.With(ctx), set.ResourceGroup, set.Name, &options)
	return x.Accepted(p, err)
}

// instanceIDs refuses everything that could name other instances than the caller chose. To Azure an absent list and "*" mean all.
func instanceIDs(x *arm.Call, instances []rollout.Ref) ([]*string, error) {
	switch {
	case len(instances) == 0:
		return nil, x.Refuse("no instance is named, which Azure could take for all")
	case len(instances) > maxInstances:
		return nil, x.Refuse("%d instances are named; at most %d are allowed", len(instances), maxInstances)
	}
	seen := make(map[string]bool, len(instances))
	ids := make([]*string, 0, len(instances))
	for _, i := range instances {
		key := strings.ToLower(i.ID)
		switch {
		case !instanceID.MatchString(i.ID):
			return nil, x.Refuse("%q cannot be an instance id", i.ID)
		case seen[key]:
			return nil, x.Refuse("instance %s is named twice", i.ID)
		}
		seen[key] = true
		ids = append(ids, &i.ID)
	}
	return ids, nil
}

// batchName names an action and its instances, without listing hundreds.
func batchName(doing string, set rollout.ScaleSet, instances []rollout.Ref) string {
	const shown = 10
	names := make([]string, 0, shown)
	for _, i := range instances[:min(len(instances), shown)] {
		names = append(names, message.Head(message.Flat(i.ID), 20))
	}
	more := ""
	if len(instances) > shown {
		more = fmt.Sprintf(" and %d more", len(instances)-shown)
	}
	return fmt.Sprintf("%s instances %s%s of scale set %q", doing, strings.Join(names, ", "), more, set)
}
