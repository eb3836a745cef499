package azuresim

import (
	"slices"
)

// order of a scale set's properties as Azure writes them; others follow by name.
var propertyOrder = []string{
	"singlePlacementGroup", "orchestrationMode", "upgradePolicy", "scaleInPolicy", "automaticRepairsPolicy", "virtualMachineProfile",
}

// body is the scale set as GET shows it to a client of an api-version.
func (set *scaleSet) body(version apiVersion) members {
	m := members{
		{"name", set.name}, {"id", set.id()}, {"type", "Microsoft.Compute/virtualMachineScaleSets"}, {"location", set.location},
	}
	m = append(m, ordered(set.doc, []string{"tags", "sku", "plan", "zones"}, "location", "properties", "etag", "identity")...)
	m = append(m, member{"identity", set.identity()})
	if version.since(etagVersion) {
		m = append(m, member{"etag", set.quotedEtag()})
	}
	return append(m, member{"properties", set.properties(version)})
}

func (set *scaleSet) properties(version apiVersion) members {
	doc := objectAt(set.doc, "properties")
	shown, profile := doc, set.model.shown()
	if network := objectAt(profile, "networkProfile"); network != nil {
		profile = with(profile, "networkProfile", compact{network})
	}
	if profile != nil && version.since("2024-11-01") {
		profile = with(profile, "timeCreated", armTime(set.created))
	}
	if profile != nil {
		shown = with(doc, "virtualMachineProfile", profile)
	}
	tail := []string{"overprovision", "doNotRunExtensionsOnOverprovisionedVMs", "platformFaultDomainCount"}
	hidden := slices.Clone(tail)
	if !version.since("2023-03-01") && !set.isFlexible() {
		hidden = append(hidden, "orchestrationMode")
	}
	m := ordered(shown, propertyOrder, hidden...)
	m = append(m,
		member{"provisioningState", set.provisioningState()},
		member{"overprovision", doc["overprovision"]},
		member{"doNotRunExtensionsOnOverprovisionedVMs", doc["doNotRunExtensionsOnOverprovisionedVMs"]},
		member{"uniqueId", set.uniqueID.String()},
	)
	if version.since("2023-03-01") || len(set.zones()) > 0 {
		m = append(m, member{"platformFaultDomainCount", doc["platformFaultDomainCount"]})
	}
	if version.since("2021-11-01") {
		m = append(m, member{"timeCreated", armTime(set.created)})
	}
	return m
}
