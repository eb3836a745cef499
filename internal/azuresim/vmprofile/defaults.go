package vmprofile

import (
	"encoding/json"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// NewSetDefaults returns the values that Azure adds to a new scale set's body.
func NewSetDefaults(full tree.Object, version arm.APIVersion) tree.Object {
	tier := "Standard"
	if name := tree.StringAt(full, "sku", "name"); strings.HasPrefix(name, "Basic_") {
		tier = "Basic"
	}
	usual := tree.Object{
		"sku": tree.Object{"tier": tier, "capacity": json.Number("0")},
		"properties": tree.Object{
			"singlePlacementGroup":                   true,
			"orchestrationMode":                      Uniform,
			"overprovision":                          true,
			"doNotRunExtensionsOnOverprovisionedVMs": false,
			"platformFaultDomainCount":               json.Number("5"),
			"virtualMachineProfile": profileDefaults(tree.ObjectAt(full, "properties", "virtualMachineProfile"),
				tree.StringAt(full, "sku", "name"), version),
		},
	}
	if IsFlexible(full) {
		return flexibleDefaults(full, usual)
	}
	return usual
}

// usualStorage is the kind of disks a size gets: sizes with an s in their name can have premium ones.
func usualStorage(size string) string {
	if parts := strings.Split(size, "_"); len(parts) > 1 && strings.ContainsAny(parts[1], "sS") {
		return "Premium_LRS"
	}
	return "Standard_LRS"
}

func profileDefaults(profile tree.Object, size string, version arm.APIVersion) tree.Object {
	osType, gigabytes := "Linux", json.Number("30")
	windows := IsWindows(profile)
	if windows {
		osType, gigabytes = "Windows", json.Number("127")
	}
	defaults := tree.Object{
		"storageProfile": tree.Object{"osDisk": tree.Object{
			"osType": osType, "createOption": "FromImage", "caching": "None",
			"managedDisk": tree.Object{"storageAccountType": usualStorage(size)}, "diskSizeGB": gigabytes,
		}},
	}
	if tree.ObjectAt(profile, "osProfile") != nil {
		os := tree.Object{"secrets": []any{}, "allowExtensionOperations": true, "requireGuestProvisionSignal": true}
		if windows {
			os["windowsConfiguration"] = tree.Object{"provisionVMAgent": true, "enableAutomaticUpdates": true}
			if version.Since("2021-11-01") {
				os["windowsConfiguration"] = tree.With(tree.ObjectAt(os, "windowsConfiguration"), "enableVMAgentPlatformUpdates",
					version.Since(arm.EtagVersion))
			}
		} else {
			os["linuxConfiguration"] = tree.Object{"disablePasswordAuthentication": false, "provisionVMAgent": true}
		}
		defaults["osProfile"] = os
	}
	return defaults
}

// FillDefaults adds what Azure adds to parts that may come with any write.
func FillDefaults(full tree.Object, version arm.APIVersion) tree.Object {
	policy := tree.ObjectAt(full, "properties", "upgradePolicy")
	if policy != nil {
		full = tree.Replaced(full, tree.WithDefaults(usualMode(policy), policyDefaults(policy, version)), "properties", "upgradePolicy")
	}
	path := []string{"properties", "virtualMachineProfile", "networkProfile", "networkInterfaceConfigurations"}
	if nics := tree.ArrayAt(full, path...); nics != nil {
		filled := make([]any, len(nics))
		for i, nic := range nics {
			filled[i] = filledNIC(nic, version)
		}
		full = tree.Replaced(full, filled, path...)
	}
	return fillApplications(fillDisks(fillPolicies(full)))
}

// usualMode is an upgrade policy with its mode as answers spell it.
func usualMode(policy tree.Object) tree.Object {
	for _, mode := range []string{"Automatic", "Manual", "Rolling"} {
		if given := tree.StringAt(policy, "mode"); given != mode && strings.EqualFold(given, mode) {
			return tree.With(policy, "mode", mode)
		}
	}
	return policy
}

// fillPolicies fills in smaller parts; a part that is switched off is not shown at all.
func fillPolicies(full tree.Object) tree.Object {
	if repairs := tree.ObjectAt(full, "properties", "automaticRepairsPolicy"); repairs != nil {
		full = tree.Replaced(full, tree.WithDefaults(repairs, tree.Object{"repairAction": "Replace"}), "properties", "automaticRepairsPolicy")
	}
	if policy := tree.ObjectAt(full, "properties", "scheduledEventsPolicy"); policy != nil {
		full = tree.Replaced(full, tree.WithDefaults(policy, eventsDefaults(policy)), "properties", "scheduledEventsPolicy")
	}
	return settleSecurity(withoutOff(full))
}

// fillDisks completes data disks.
func fillDisks(full tree.Object) tree.Object {
	path := []string{"properties", "virtualMachineProfile", "storageProfile", "dataDisks"}
	disks := tree.ArrayAt(full, path...)
	if len(disks) == 0 {
		return full
	}
	filled := make([]any, len(disks))
	for i, d := range disks {
		disk, isObject := d.(tree.Object)
		if !isObject {
			filled[i] = d
			continue
		}
		defaults := tree.Object{
			"caching": "None", "managedDisk": tree.Object{"storageAccountType": usualStorage(tree.StringAt(full, "sku", "name"))},
		}
		if tree.StringAt(disk, "managedDisk", "storageAccountType") == "UltraSSD_LRS" {
			defaults["diskIOPSReadWrite"], defaults["diskMBpsReadWrite"] = json.Number("800"), json.Number("102")
		}
		filled[i] = tree.WithDefaults(disk, defaults)
	}
	return tree.Replaced(full, filled, path...)
}

func policyDefaults(policy tree.Object, version arm.APIVersion) tree.Object {
	defaults := tree.Object{}
	if tree.ObjectAt(policy, "automaticOSUpgradePolicy") != nil {
		defaults["automaticOSUpgradePolicy"] = tree.Object{
			"enableAutomaticOSUpgrade": false, "useRollingUpgradePolicy": false, "disableAutomaticRollback": false,
		}
	}
	if strings.EqualFold(tree.StringAt(policy, "mode"), "Rolling") {
		defaults["rollingUpgradePolicy"] = tree.Object{
			"maxBatchInstancePercent": json.Number("20"), "maxUnhealthyInstancePercent": json.Number("20"),
			"maxUnhealthyUpgradedInstancePercent": json.Number("20"), "pauseTimeBetweenBatches": "PT0S",
		}
	}
	if rolling := tree.ObjectAt(policy, "rollingUpgradePolicy"); rolling != nil && version.Since("2023-09-01") {
		defaults["rollingUpgradePolicy"] = tree.WithDefaults(tree.ObjectAt(defaults, "rollingUpgradePolicy"),
			tree.Object{"maxSurge": false, "rollbackFailedInstancesOnPolicyBreach": false})
	}
	return defaults
}

func filledNIC(nic any, version arm.APIVersion) any {
	o, isObject := nic.(tree.Object)
	if !isObject || tree.ObjectAt(o, "properties") == nil {
		return nic
	}
	defaults := tree.Object{"enableIPForwarding": false, "dnsSettings": tree.Object{"dnsServers": []any{}}}
	if !version.Since("2023-09-01") || version.Since("2024-11-01") { // recorded with 2022-03-01 and 2025-04-01, not with 2024-07-01
		defaults["enableAcceleratedNetworking"] = false
	}
	if version.Since("2023-09-01") {
		defaults["disableTcpStateTracking"] = false
	}
	properties := tree.WithDefaults(tree.ObjectAt(o, "properties"), defaults)
	if primary := tree.StringAt(properties, "primary"); primary != "" { // the Azure CLI's templates have it in quotes
		properties["primary"] = strings.EqualFold(primary, "true")
	}
	if configs := tree.ArrayAt(properties, "ipConfigurations"); configs != nil {
		properties["ipConfigurations"] = filledConfigs(configs)
	}
	return tree.With(o, "properties", properties)
}

func filledConfigs(configs []any) []any {
	filled := make([]any, len(configs))
	for i, c := range configs {
		filled[i] = c
		if config, isObject := c.(tree.Object); isObject && tree.ObjectAt(config, "properties") != nil {
			filled[i] = tree.WithDefaults(config, tree.Object{"properties": tree.Object{"privateIPAddressVersion": "IPv4"}})
		}
	}
	return filled
}

// flexibleDefaults returns the values that Azure adds to the body of a new Flexible scale set.
func flexibleDefaults(full tree.Object, usual tree.Object) tree.Object {
	properties := tree.Without(tree.ObjectAt(usual, "properties"), "overprovision", "doNotRunExtensionsOnOverprovisionedVMs")
	properties["singlePlacementGroup"], properties["platformFaultDomainCount"] = false, json.Number("1")
	if isGroup(full) {
		return tree.Object{"properties": tree.Without(properties, "virtualMachineProfile")}
	}
	return tree.With(usual, "properties", properties)
}
