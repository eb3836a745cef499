package rollout

import (
	"fmt"
	"slices"
)

// preflight refuses to touch a scale set that Azure would change behind our back, or that cannot be judged. It looks before
// every effect, not once: the mode may be switched in the middle of a rollout. A run that goes back is not held by it: whatever became of
// the scale set, what the run wrote into it is worse.
func preflight(r *round) (verdict, bool) {
	m := r.obs.Model.Value
	for _, check := range []func(Spec, Model) string{knownOrchestration, manualMode, noAutomaticOSUpgrade, healthKnown} {
		if finding := check(r.spec, m); finding != "" {
			return wait(ReasonPreflightFailed, recheckMissing, "%s", finding), true
		}
	}
	if n := distinctImages(r.obs.Instances.Value, r.spec.Target.Image); n >= mostModels {
		return wait(ReasonPreflightFailed, recheckMissing,
			"instances are at %d or more distinct models, and Azure takes no more than %d, of which the way back needs one; to mend it: az vmss "+
				"update-instances %s --instance-ids OLDEST_INSTANCE_IDS", n, azureModels, r.spec.ScaleSet.Arguments()), true
	}
	if r.spec.Instances.Protected == ProtectedFail {
		if c := r.count(); len(c.protected) > 0 {
			return wait(ReasonPreflightFailed, recheckMissing,
				"%s: protected from scale-set actions and strategy.protectedInstances is Fail; to mend it: az vmss update %s --instance-id ID "+
					"--protect-from-scale-set-actions false",
				names(c.protected, Instance.Ref), r.spec.ScaleSet.Arguments()), true
		}
	}
	return undecided()
}

// azureModels is how many distinct models instances may be at; a write that would lead to one more is refused.
const azureModels = 10

// mostModels leaves room for the target and for the way back.
const mostModels = azureModels - 1

// distinctImages counts the images that instances boot from, beside the target's: the least number of models that they can be at. There is
// room for the target's, so that what was begun can be gone on with.
func distinctImages(instances []Instance, target *Image) int {
	var images []Image
	for _, i := range instances {
		isTarget := i.Disk.Image != nil && target != nil && target.same(*i.Disk.Image)
		if i.Disk.Image != nil && !isTarget && !slices.ContainsFunc(images, i.Disk.Image.same) {
			images = append(images, *i.Disk.Image)
		}
	}
	return len(images)
}

func knownOrchestration(_ Spec, m Model) string {
	if m.Orchestration == OrchestrationUniform || m.Orchestration == OrchestrationFlexible {
		return ""
	}
	return fmt.Sprintf("the scale set's orchestration mode is %q; only Uniform and Flexible are supported", m.Orchestration)
}

func manualMode(s Spec, m Model) string {
	if m.UpgradeMode == UpgradeModeManual {
		return ""
	}
	mode := m.UpgradeMode
	if mode == "" {
		mode = "unknown"
	}
	return fmt.Sprintf("the scale set's upgrade mode is %s, so Azure would upgrade instances by itself; to mend it: az vmss update %s --set "+
		"upgradePolicy.mode=Manual", mode, s.ScaleSet.Arguments())
}

func noAutomaticOSUpgrade(s Spec, m Model) string {
	if !m.AutomaticOSUpgrade {
		return ""
	}
	return "automatic OS image upgrade is on, so Azure would replace disks by itself; to mend it: az vmss update " + s.ScaleSet.Arguments() +
		" --set upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade=false"
}

func healthKnown(s Spec, m Model) string {
	if s.Health.Source != HealthApplication || m.HealthMonitored {
		return ""
	}
	return "health.source is ApplicationHealth but the scale set has neither the application health extension nor a health probe; " +
		"set spec.health.source to ProvisioningState, or add the extension; to mend it: " + s.ScaleSet.extensionCommand("ApplicationHealthLinux")
}

// extensionCommand adds an extension of Microsoft's managed services to the model.
func (s ScaleSet) extensionCommand(name string) string {
	return fmt.Sprintf("az vmss extension set --subscription %s --resource-group %s --vmss-name %s --name %s --publisher "+
		"Microsoft.ManagedServices",
		ShellWord(s.SubscriptionID), ShellWord(s.ResourceGroup), ShellWord(s.Name), name)
}
