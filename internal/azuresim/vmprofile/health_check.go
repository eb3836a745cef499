package vmprofile

import (
	"net/http"
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// checkHealthSources refuses a second source of health (docs/azure.md §2.5). The words were seen where automatic OS upgrades were
// enabled (MicrosoftDocs/azure-docs#114432); their code, and the words otherwise, are unverified [U].
func checkHealthSources(_ *Existing, full tree.Object) *arm.Error {
	profile := tree.ObjectAt(full, "properties", "virtualMachineProfile")
	isHealth := func(e any) bool { return isHealthKind(tree.StringAt(e, "properties", "type")) }
	if tree.StringAt(profile, "networkProfile", "healthProbe", "id") == "" ||
		!slices.ContainsFunc(tree.ArrayAt(profile, "extensionProfile", "extensions"), isHealth) {
		return nil
	}
	if tree.BoolAt(full, "properties", "upgradePolicy", "automaticOSUpgradePolicy", "enableAutomaticOSUpgrade") {
		return arm.Refuse(http.StatusBadRequest, "BadRequest",
			"Automatic OS Upgrade is not supported for this Virtual Machine Scale Set because both a health probe and a health extension were "+
				"provided. Remove the health probe or health extension prior to enabling automatic OS upgrade.")
	}
	return arm.InvalidParameter("networkProfile.healthProbe",
		"A Virtual Machine Scale Set cannot have both a health probe and a health extension.")
}

// checkRepairs refuses automatic repairs without monitoring of health (terraform-provider-azurerm#5976).
func checkRepairs(_ *Existing, full tree.Object) *arm.Error {
	if !tree.BoolAt(full, "properties", "automaticRepairsPolicy", "enabled") || isGroup(full) ||
		NewModel(tree.ObjectAt(full, "properties", "virtualMachineProfile"), "").Health != HealthNone {
		return nil
	}
	return arm.Refuse(http.StatusBadRequest, "BadRequest",
		"Automatic repairs not supported for this Virtual Machine Scale Set because a health probe or health extension was not provided.")
}

// How long an instance may be unhealthy before it is repaired (docs/azure.md §2.5).
const minGrace, maxGrace = 10 * time.Minute, 90 * time.Minute

// checkGrace refuses a grace period that is none, or too short or too long; its words are unverified [U].
func checkGrace(_ *Existing, full tree.Object) *arm.Error {
	text := tree.StringAt(full, "properties", "automaticRepairsPolicy", "gracePeriod")
	if d, isDuration := IsoDuration(text); text == "" || isDuration && minGrace <= d && d <= maxGrace {
		return nil
	}
	return arm.InvalidParameter("automaticRepairsPolicy.gracePeriod",
		"The value '%s' of parameter 'automaticRepairsPolicy.gracePeriod' is invalid. It must be between PT10M and PT90M.", text)
}
