package rollout

import (
	"fmt"
	"strings"
)

// preflight refuses to touch a scale set that Azure would change behind our back, or that cannot be judged. It looks before
// every effect, not once: somebody may switch the mode in the middle of a rollout.
func preflight(r *round) (verdict, bool) {
	m := r.obs.Model.Value
	if m.State == StateDeleting {
		return wait(ReasonScaleSetNotFound, recheckMissing, "the scale set is being deleted"), true
	}
	for _, check := range []func(Spec, Model) string{uniform, manualMode, noAutomaticOSUpgrade, noAutomaticExtensionUpgrade, healthKnown} {
		if finding := check(r.spec, m); finding != "" {
			return wait(ReasonPreflightFailed, recheckMissing, "%s", finding), true
		}
	}
	if r.spec.Protected == ProtectedFail {
		if c := r.count(); len(c.protected) > 0 {
			return wait(ReasonPreflightFailed, recheckMissing,
				"%s: protected from scale-set actions and strategy.protectedInstances is Fail; to mend it: az vmss update --instance-id ID --protect-from-scale-set-actions false",
				names(c.protected, refTo)), true
		}
	}
	return undecided()
}

func uniform(_ Spec, m Model) string {
	if m.Orchestration == OrchestrationUniform {
		return ""
	}
	return fmt.Sprintf("the scale set's orchestration mode is %s; only Uniform is supported", m.Orchestration)
}

func manualMode(_ Spec, m Model) string {
	if m.UpgradeMode == UpgradeModeManual {
		return ""
	}
	mode := m.UpgradeMode
	if mode == "" {
		mode = "unknown"
	}
	return fmt.Sprintf("the scale set's upgrade mode is %s, so Azure would upgrade instances by itself; to mend it: az vmss update --set upgradePolicy.mode=Manual", mode)
}

func noAutomaticOSUpgrade(_ Spec, m Model) string {
	if !m.AutomaticOSUpgrade {
		return ""
	}
	return "automatic OS image upgrade is on, so Azure would replace disks by itself; to mend it: az vmss update --set upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade=false"
}

func noAutomaticExtensionUpgrade(_ Spec, m Model) string {
	if len(m.AutomaticExtensionUpgrades) == 0 {
		return ""
	}
	return fmt.Sprintf("automatic upgrade is on for extension %s, so Azure would upgrade it by itself; to mend it: az vmss extension set --enable-auto-upgrade false",
		strings.Join(m.AutomaticExtensionUpgrades, ", "))
}

func healthKnown(s Spec, m Model) string {
	if s.Health.Source != HealthApplication || m.HealthMonitored {
		return ""
	}
	return "health.source is ApplicationHealth but the scale set has neither the application health extension nor a health probe; to mend it: az vmss extension set --name ApplicationHealthLinux --publisher Microsoft.ManagedServices, or set spec.health.source to ProvisioningState"
}
