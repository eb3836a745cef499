package azuresim

import (
	"encoding/json"
	"strings"
)

// newSetDefaults is what Azure adds to a new scale set's body.
func newSetDefaults(full object, version apiVersion) object {
	tier := "Standard"
	if name := stringAt(full, "sku", "name"); strings.HasPrefix(name, "Basic_") {
		tier = "Basic"
	}
	usual := object{
		"sku": object{"tier": tier, "capacity": json.Number("0")},
		"properties": object{
			"singlePlacementGroup":                   true,
			"orchestrationMode":                      uniform,
			"overprovision":                          true,
			"doNotRunExtensionsOnOverprovisionedVMs": false,
			"platformFaultDomainCount":               json.Number("5"),
			"virtualMachineProfile":                  profileDefaults(objectAt(full, "properties", "virtualMachineProfile"), stringAt(full, "sku", "name"), version),
		},
	}
	if isFlexible(full) {
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

func isWindows(profile object) bool {
	return objectAt(profile, "osProfile", "windowsConfiguration") != nil ||
		strings.Contains(strings.ToLower(stringAt(profile, "storageProfile", "imageReference", "publisher")), "windows")
}

func profileDefaults(profile object, size string, version apiVersion) object {
	osType, gigabytes := "Linux", json.Number("30")
	windows := isWindows(profile)
	if windows {
		osType, gigabytes = "Windows", json.Number("127")
	}
	defaults := object{
		"storageProfile": object{"osDisk": object{
			"osType": osType, "createOption": "FromImage", "caching": "None",
			"managedDisk": object{"storageAccountType": usualStorage(size)}, "diskSizeGB": gigabytes,
		}},
	}
	if objectAt(profile, "osProfile") != nil {
		os := object{"secrets": []any{}, "allowExtensionOperations": true, "requireGuestProvisionSignal": true}
		if windows {
			os["windowsConfiguration"] = object{"provisionVMAgent": true, "enableAutomaticUpdates": true}
			if version.since("2021-11-01") {
				os["windowsConfiguration"] = with(objectAt(os, "windowsConfiguration"), "enableVMAgentPlatformUpdates", version.since(etagVersion))
			}
		} else {
			os["linuxConfiguration"] = object{"disablePasswordAuthentication": false, "provisionVMAgent": true}
		}
		defaults["osProfile"] = os
	}
	return defaults
}

// fillDefaults adds what Azure adds to parts that may come with any write.
func fillDefaults(full object, version apiVersion) object {
	policy := objectAt(full, "properties", "upgradePolicy")
	if policy != nil {
		full = replaced(full, withDefaults(policy, policyDefaults(policy)), "properties", "upgradePolicy")
	}
	path := []string{"properties", "virtualMachineProfile", "networkProfile", "networkInterfaceConfigurations"}
	if nics := arrayAt(full, path...); nics != nil {
		filled := make([]any, len(nics))
		for i, nic := range nics {
			filled[i] = filledNIC(nic, version)
		}
		full = replaced(full, filled, path...)
	}
	return fillDisks(fillPolicies(full))
}

// fillPolicies settles smaller parts: what is switched off is not shown at all.
func fillPolicies(full object) object {
	if repairs := objectAt(full, "properties", "automaticRepairsPolicy"); repairs != nil {
		full = replaced(full, withDefaults(repairs, object{"repairAction": "Replace"}), "properties", "automaticRepairsPolicy")
	}
	events := []string{"properties", "virtualMachineProfile", "scheduledEventsProfile"}
	if enable, given := at(full, append(events, "terminateNotificationProfile", "enable")...).(bool); given && !enable {
		full = replaced(full, without(objectAt(full, events...), "terminateNotificationProfile"), events...)
	}
	return full
}

// fillDisks completes data disks.
func fillDisks(full object) object {
	path := []string{"properties", "virtualMachineProfile", "storageProfile", "dataDisks"}
	disks := arrayAt(full, path...)
	if len(disks) == 0 {
		return full
	}
	filled := make([]any, len(disks))
	for i, d := range disks {
		disk, isObject := d.(object)
		if !isObject {
			filled[i] = d
			continue
		}
		defaults := object{
			"caching": "None", "managedDisk": object{"storageAccountType": usualStorage(stringAt(full, "sku", "name"))},
		}
		if stringAt(disk, "managedDisk", "storageAccountType") == "UltraSSD_LRS" {
			defaults["diskIOPSReadWrite"], defaults["diskMBpsReadWrite"] = json.Number("800"), json.Number("102")
		}
		filled[i] = withDefaults(disk, defaults)
	}
	return replaced(full, filled, path...)
}

func policyDefaults(policy object) object {
	defaults := object{}
	if objectAt(policy, "automaticOSUpgradePolicy") != nil {
		defaults["automaticOSUpgradePolicy"] = object{
			"enableAutomaticOSUpgrade": false, "useRollingUpgradePolicy": false, "disableAutomaticRollback": false,
		}
	}
	if strings.EqualFold(stringAt(policy, "mode"), "Rolling") {
		defaults["rollingUpgradePolicy"] = object{
			"maxBatchInstancePercent": json.Number("20"), "maxUnhealthyInstancePercent": json.Number("20"),
			"maxUnhealthyUpgradedInstancePercent": json.Number("20"), "pauseTimeBetweenBatches": "PT0S",
		}
	}
	return defaults
}

func filledNIC(nic any, version apiVersion) any {
	o, isObject := nic.(object)
	if !isObject || objectAt(o, "properties") == nil {
		return nic
	}
	defaults := object{
		"enableAcceleratedNetworking": false, "enableIPForwarding": false,
		"dnsSettings": object{"dnsServers": []any{}},
	}
	if version.since("2023-09-01") {
		defaults["disableTcpStateTracking"] = false
	}
	properties := withDefaults(objectAt(o, "properties"), defaults)
	if configs := arrayAt(properties, "ipConfigurations"); configs != nil {
		filled := make([]any, len(configs))
		for i, c := range configs {
			filled[i] = c
			if config, isObject := c.(object); isObject && objectAt(config, "properties") != nil {
				filled[i] = withDefaults(config, object{"properties": object{"privateIPAddressVersion": "IPv4"}})
			}
		}
		properties["ipConfigurations"] = filled
	}
	return with(o, "properties", properties)
}

// flexibleDefaults is what Azure adds to the body of a new Flexible scale set.
func flexibleDefaults(full object, usual object) object {
	properties := without(objectAt(usual, "properties"), "overprovision", "doNotRunExtensionsOnOverprovisionedVMs")
	properties["singlePlacementGroup"], properties["platformFaultDomainCount"] = false, json.Number("1")
	if isGroup(full) {
		return object{"properties": without(properties, "virtualMachineProfile")}
	}
	return with(usual, "properties", properties)
}
