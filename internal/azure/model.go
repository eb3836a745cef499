package azure

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/addresses"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Model reads the scale set: one GET.
func (a *Adapter) Model(ctx context.Context, set rollout.ScaleSet) (rollout.Model, error) {
	c, err := a.in(set)
	if err != nil {
		return rollout.Model{}, err
	}
	x := &arm.Call{Operation: "Model", Doing: fmt.Sprintf("reading scale set %q", set), Set: set}
	got, err := c.sets.Get(x.With(ctx), set.ResourceGroup, set.Name, nil)
	if err != nil {
		return rollout.Model{}, x.Problem(err)
	}
	var body []byte
	if x.Response() != nil {
		if body, err = runtime.Payload(x.Response()); err == nil {
			keepNumbers(&got.VirtualMachineScaleSet, body)
		}
	}
	model := modelOf(got.VirtualMachineScaleSet)
	model.Applications = applicationsIn(body)
	a.orchestrations.learn(set, orchestration{
		flexible: model.Orchestration == rollout.OrchestrationFlexible, profile: model.ProfileTime,
		windows: runsWindows(deref(deref(got.Properties).VirtualMachineProfile)),
	})
	model.ReadAt = arm.AnsweredAt(x.Response())
	if model.ETag == "" && x.Response() != nil {
		model.ETag = x.Response().Header.Get("ETag")
	}
	return model, nil
}

// modelOf maps what Azure shows. Everything may be missing: a Flexible set may have neither size nor profile nor policy.
func modelOf(set armcompute.VirtualMachineScaleSet) rollout.Model {
	properties := deref(set.Properties)
	policy := deref(properties.UpgradePolicy)
	profile := deref(properties.VirtualMachineProfile)
	model := rollout.Model{
		ModelProfile: rollout.ModelProfile{
			ImageLimits: rollout.ImageLimits{
				Location: deref(set.Location), Security: string(deref(deref(profile.SecurityProfile).SecurityType)),
			},
			Backends: backendsOf(profile),
		},
		ETag:               deref(set.Etag),
		UniqueID:           strings.ToLower(deref(properties.UniqueID)),
		Capacity:           capacityOf(set.SKU),
		UpgradeMode:        string(deref(policy.Mode)),
		Orchestration:      string(deref(properties.OrchestrationMode)),
		AutomaticOSUpgrade: deref(deref(policy.AutomaticOSUpgradePolicy).EnableAutomaticOSUpgrade),
		AutomaticRepairs:   deref(deref(properties.AutomaticRepairsPolicy).Enabled),
		State:              provisioningState(properties.ProvisioningState),
		HealthMonitored:    deref(deref(deref(profile.NetworkProfile).HealthProbe).ID) != "",
		NewHandler:         handlerFor(profile),
	}
	model.ProfileTime = deref(profile.TimeCreated).UTC().Truncate(time.Second) // as precise as the tag of an instance
	if model.Orchestration == "" {
		model.Orchestration = rollout.OrchestrationUniform // older bodies leave the only mode there was unsaid
	}
	if image := imageOf(deref(profile.StorageProfile).ImageReference); image != nil {
		model.Image = *image
	}
	for _, e := range deref(profile.ExtensionProfile).Extensions {
		readExtension(&model, deref(e))
	}
	return model
}

// backendsOf are the ids of the backend pools that the primary IP configuration of the primary network interface names.
func backendsOf(profile armcompute.VirtualMachineScaleSetVMProfile) []string {
	nic, ok := addresses.Primary(deref(profile.NetworkProfile).NetworkInterfaceConfigurations,
		func(n *armcompute.VirtualMachineScaleSetNetworkConfiguration) *bool {
			return deref(deref(n).Properties).Primary
		})
	if !ok {
		return nil
	}
	config, ok := addresses.Primary(deref(deref(nic).Properties).IPConfigurations,
		func(c *armcompute.VirtualMachineScaleSetIPConfiguration) *bool {
			return deref(deref(c).Properties).Primary
		})
	if !ok {
		return nil
	}
	var ids []string
	for _, pool := range deref(deref(config).Properties).LoadBalancerBackendAddressPools {
		if id := deref(deref(pool).ID); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// capacityOf is how many instances the scale set is to have. A Flexible set without a profile does not say.
func capacityOf(sku *armcompute.SKU) int {
	if sku == nil || sku.Capacity == nil {
		return rollout.UnknownCapacity
	}
	return int(*sku.Capacity)
}

// readExtension notes what one extension of the model means to a rollout.
func readExtension(model *rollout.Model, e armcompute.VirtualMachineScaleSetExtension) {
	p := deref(e.Properties)
	if deref(p.EnableAutomaticUpgrade) {
		model.AutomaticExtensionUpgrades = append(model.AutomaticExtensionUpgrades, deref(e.Name))
	}
	kind := extensionKind{publisher: deref(p.Publisher), name: deref(p.Type)}
	if kind.reportsHealth() {
		model.HealthMonitored = true
	}
	switch {
	case !kind.runsScripts():
		if name := deref(e.Name); name != "" {
			model.OtherExtensions = append(model.OtherExtensions, name)
		}
	case model.Script == nil:
		model.Script = new(scriptOf(e))
	default:
		model.MoreScripts = append(model.MoreScripts, scriptOf(e))
	}
}

// provisioningState maps what it knows; whatever else Azure says is unknown.
func provisioningState(s *string) rollout.ProvisioningState {
	for _, known := range []rollout.ProvisioningState{
		rollout.StateCreating, rollout.StateUpdating, rollout.StateSucceeded, rollout.StateFailed, rollout.StateDeleting,
	} {
		if strings.EqualFold(deref(s), string(known)) {
			return known
		}
	}
	return rollout.StateUnknown
}

// deref is the value behind the pointer, or the zero value.
func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
