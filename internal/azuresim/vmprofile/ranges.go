package vmprofile

import (
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Numbers and times that may not be just any. The bounds of rolling upgrades are those of the specification, the words about fault domains
// those of availability sets (acs-engine#502); the other words are not recorded [U].

// percentages are the bounds of a rolling upgrade policy's members.
var percentages = []struct {
	name string
	low  int
}{{"maxBatchInstancePercent", 5}, {"maxUnhealthyInstancePercent", 5}, {"maxUnhealthyUpgradedInstancePercent", 0}}

func outOfRange(target string, value any, low, high int) *arm.Error {
	name := target[strings.LastIndex(target, ".")+1:]
	return arm.InvalidParameter(target,
		"The value '%v' of parameter '%s' is out of range. The value must be between '%d' and '%d', inclusive.", value, name, low, high)
}

// checkRolling refuses percentages out of range, and a pause that is no duration.
func checkRolling(_ *Existing, full tree.Object) *arm.Error {
	policy := tree.ObjectAt(full, "properties", "upgradePolicy", "rollingUpgradePolicy")
	for _, p := range percentages {
		n, isWhole := tree.IntAt(policy, p.name)
		if value := policy[p.name]; value != nil && (!isWhole || n < p.low || n > 100) {
			return outOfRange("upgradePolicy.rollingUpgradePolicy."+p.name, value, p.low, 100)
		}
	}
	pause := tree.StringAt(policy, "pauseTimeBetweenBatches")
	if d, isDuration := IsoDuration(pause); pause != "" && (!isDuration || d < 0) {
		return arm.InvalidParameter("upgradePolicy.rollingUpgradePolicy.pauseTimeBetweenBatches",
			"The value '%s' of parameter 'pauseTimeBetweenBatches' is invalid.", pause)
	}
	return nil
}

// maxFaultDomains of a placement group (docs/azure.md §2.6).
const maxFaultDomains = 5

func checkFaultDomains(was *Existing, full tree.Object) *arm.Error {
	count := tree.At(full, "properties", "platformFaultDomainCount")
	n, isWhole := tree.IntAt(full, "properties", "platformFaultDomainCount")
	if count == nil || was != nil || isWhole && n >= 1 && n <= maxFaultDomains {
		return nil
	}
	return arm.InvalidParameter("platformFaultDomainCount", "The specified fault domain count %v must fall in the range 1 to %d.", count,
		maxFaultDomains)
}

// How long the notice before an instance's end may be (docs/azure.md §2.5).
const minNotice, maxNotice = 5 * time.Minute, 15 * time.Minute

func checkNotice(_ *Existing, full tree.Object) *arm.Error {
	text := tree.StringAt(full, "properties", "virtualMachineProfile", "scheduledEventsProfile", "terminateNotificationProfile",
		"notBeforeTimeout")
	if d, isDuration := IsoDuration(text); text == "" || isDuration && minNotice <= d && d <= maxNotice {
		return nil
	}
	return arm.InvalidParameter("terminateNotificationProfile.notBeforeTimeout",
		"The value '%s' of parameter 'notBeforeTimeout' is invalid. It must be between PT5M and PT15M.", text)
}

// maxApplications is how many gallery applications an instance may have (docs/azure.md §8).
const maxApplications = 25

// checkApplications refuses too many gallery applications, two versions of one, and orders below zero.
func checkApplications(_ *Existing, full tree.Object) *arm.Error {
	const target = "applicationProfile.galleryApplications"
	list := tree.ArrayAt(full, "properties", "virtualMachineProfile", "applicationProfile", "galleryApplications")
	if len(list) > maxApplications {
		return arm.InvalidParameter(target, "The number of gallery applications %d exceeds the maximum of %d.", len(list), maxApplications)
	}
	seen := map[string]bool{}
	for _, a := range list {
		id := tree.StringAt(a, "packageReferenceId")
		if !strings.Contains(strings.ToLower(id), "/versions/") {
			return arm.InvalidParameter(target+".packageReferenceId", "The value '%s' of parameter 'packageReferenceId' is invalid.", id)
		}
		if order := tree.At(a, "order"); order != nil {
			if n, isWhole := tree.IntAt(a, "order"); !isWhole || n < 0 {
				return arm.InvalidParameter(target+".order", "The value '%v' of parameter 'order' is invalid.", order)
			}
		}
		key := Application{ID: id}.Key()
		if seen[key] {
			return arm.InvalidParameter(target, "There are multiple versions of the gallery application '%s'.", key)
		}
		seen[key] = true
	}
	return nil
}
