// Package render shows scale sets and instances as answers of the compute provider do.
package render

import (
	"maps"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// propertyOrder is the order in which Azure writes a scale set's properties; others follow by name.
var propertyOrder = []string{
	"singlePlacementGroup", "orchestrationMode", "upgradePolicy", "scaleInPolicy", "automaticRepairsPolicy", "virtualMachineProfile",
}

// SetBody is the scale set as GET shows it to a client of an api-version.
func SetBody(set *vmss.ScaleSet, version arm.APIVersion) tree.Members {
	m := tree.Members{
		{"name", set.Name}, {"id", set.ARMID()}, {"type", "Microsoft.Compute/virtualMachineScaleSets"}, {"location", set.Location},
	}
	m = append(m, tree.Ordered(set.Doc, []string{"tags", "sku", "plan", "zones"}, "location", "properties", "etag", "identity")...)
	m = append(m, tree.Member{"identity", identityOf(set, version)})
	if version.Since(arm.EtagVersion) {
		m = append(m, tree.Member{"etag", set.QuotedEtag()})
	}
	return append(m, tree.Member{"properties", setProperties(set, version)})
}

func setProperties(set *vmss.ScaleSet, version arm.APIVersion) tree.Members {
	doc := tree.ObjectAt(set.Doc, "properties")
	shown, profile := doc, set.Model.Shown()
	if network := tree.ObjectAt(profile, "networkProfile"); network != nil {
		profile = tree.With(profile, "networkProfile", tree.Compact{Value: network})
	}
	if profile != nil && version.Since("2023-09-01") {
		profile = tree.With(profile, "timeCreated", arm.FormatTime(set.Model.Since))
	}
	if profile != nil {
		shown = tree.With(doc, "virtualMachineProfile", profile)
	}
	tail := []string{"overprovision", "doNotRunExtensionsOnOverprovisionedVMs", "platformFaultDomainCount"}
	hidden := slices.Clone(tail)
	if !version.Since("2023-03-01") && !set.IsFlexible() {
		hidden = append(hidden, "orchestrationMode")
	}
	m := tree.Ordered(shown, propertyOrder, hidden...)
	m = append(m,
		tree.Member{"provisioningState", set.ProvisioningState()},
		tree.Member{"overprovision", doc["overprovision"]},
		tree.Member{"doNotRunExtensionsOnOverprovisionedVMs", doc["doNotRunExtensionsOnOverprovisionedVMs"]},
		tree.Member{"uniqueId", set.UniqueID.String()},
	)
	if version.Since("2023-03-01") || len(set.Zones()) > 0 {
		m = append(m, tree.Member{"platformFaultDomainCount", doc["platformFaultDomainCount"]})
	}
	if version.Since("2021-11-01") {
		m = append(m, tree.Member{"timeCreated", arm.FormatTime(set.Created)})
	}
	return m
}

// identityOf renders an identity with the ids that the directory gave; those of an assigned identity are there once the operation that
// assigned it has ended, and before api-version 2023-09-01 only while no operation runs.
func identityOf(set *vmss.ScaleSet, version arm.APIVersion) any {
	identity := tree.ObjectAt(set.Doc, "identity")
	if identity == nil {
		return nil
	}
	m := tree.Members{{"type", identity["type"]}}
	if strings.Contains(strings.ToLower(tree.StringAt(identity, "type")), "systemassigned") {
		m = append(m, tree.Member{"principalId", kernel.DirectoryID(set.Key)}, tree.Member{"tenantId", arm.TenantID})
	}
	assigned := tree.ObjectAt(identity, "userAssignedIdentities")
	if assigned == nil {
		return m
	}
	shown := tree.Members{}
	for _, id := range slices.Sorted(maps.Keys(assigned)) {
		ids := tree.Members{}
		if len(set.Operations) == 0 || version.Since(arm.EtagVersion) && set.KnowsIdentity(id) {
			ids = tree.Members{{"principalId", kernel.DirectoryID(id)}, {"clientId", kernel.DirectoryID("client " + id)}}
		}
		shown = append(shown, tree.Member{id, ids})
	}
	return append(m, tree.Member{"userAssignedIdentities", shown})
}

// SetView counts the instances of a scale set by state.
func SetView(set *vmss.ScaleSet) tree.Members {
	counts := map[string]int{}
	var codes []string
	for _, inst := range set.Instances {
		code := "ProvisioningState/" + strings.ToLower(inst.Provisioning.String())
		if counts[code] == 0 {
			codes = append(codes, code)
		}
		counts[code]++
	}
	summary := []tree.Members{}
	for _, code := range codes {
		summary = append(summary, tree.Members{{"code", code}, {"count", counts[code]}})
	}
	m := tree.Members{{"virtualMachine", tree.Members{{"statusesSummary", summary}}}}
	if set.RepairsOff || set.RepairsEnabled() {
		state := "Running"
		if set.RepairsOff {
			state = "Suspended"
		}
		m = append(m, tree.Member{"orchestrationServices", []tree.Members{{{"serviceName", "AutomaticRepairs"}, {"serviceState", state}}}})
	}
	state := set.ProvisioningState()
	display := "Provisioning " + strings.ToLower(state)
	if state == "Updating" || state == "Creating" || state == "Deleting" {
		display = state
	}
	return append(m, tree.Member{"statuses", []tree.Members{{
		{"code", "ProvisioningState/" + strings.ToLower(state)}, {"level", "Info"}, {"displayStatus", display}, {"time",
			arm.FormatTime(set.Changed)},
	}}})
}

// ExtensionBody is an extension of the scale set's model.
func ExtensionBody(set *vmss.ScaleSet, e *vmprofile.Extension, state string) tree.Members {
	properties := tree.Ordered(e.Shown(), nil, "provisioningState")
	return tree.Members{
		{"name", e.Name}, {"id", set.ARMID() + "/extensions/" + e.Name}, {"type", "Microsoft.Compute/virtualMachineScaleSets/extensions"},
		{"properties", append(tree.Members{{"provisioningState", state}}, properties...)},
	}
}
