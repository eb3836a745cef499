package gate

import (
	"fmt"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Preflight refuses to touch a scale set whose instances Azure would change on its own, or whose health cannot be judged. It stands
// before every effect, not only the first: the mode may be switched in the middle of a rollout. It does not hold a rollback: whatever
// became of the scale set, what the run wrote into it is worse.
func Preflight(v *view.View) *view.Hold {
	for _, check := range []func(rollout.Spec, rollout.Model) string{knownOrchestration, flexible, manualMode, noAutomaticOSUpgrade,
		healthKnown} {
		if finding := check(v.Spec, v.Model()); finding != "" {
			return view.Wait(rollout.ReasonPreflightFailed, view.RecheckMissing, "%s", finding)
		}
	}
	if h := Image(v); h != nil {
		return h
	}
	if h := roomForRollback(v); h != nil {
		return h
	}
	if protected := v.Inventory().Protected; v.Spec.Instances.Protected == rollout.ProtectedFail && len(protected) > 0 {
		return view.Wait(rollout.ReasonPreflightFailed, view.RecheckMissing,
			"%s: protected from scale-set actions and strategy.protectedInstances is Fail; to fix it: az vmss update %s --instance-id ID "+
				"--protect-from-scale-set-actions false",
			view.ListInstances(protected), v.Spec.ScaleSet.Arguments())
	}
	if stopped := v.Inventory().Stopped; v.Spec.Instances.Stopped == rollout.StoppedFail && len(stopped) > 0 {
		return view.Wait(rollout.ReasonPreflightFailed, view.RecheckMissing,
			"%s: stopped or deallocated and strategy.stoppedInstances is Fail; to fix it: az vmss start %s --instance-ids ID",
			view.ListInstances(stopped), v.Spec.ScaleSet.Arguments())
	}
	return nil
}

func knownOrchestration(_ rollout.Spec, m rollout.Model) string {
	if m.Orchestration == rollout.OrchestrationUniform || m.Orchestration == rollout.OrchestrationFlexible {
		return ""
	}
	return fmt.Sprintf("the scale set's orchestration mode is %q; only Uniform and Flexible are supported", m.Orchestration)
}

// flexible refuses what cannot be honoured in a Flexible scale set: a virtual machine shows no protection.
func flexible(s rollout.Spec, m rollout.Model) string {
	if m.Orchestration != rollout.OrchestrationFlexible || s.Instances.Protected == rollout.ProtectedSkip || s.Instances.Protected == "" {
		return ""
	}
	return fmt.Sprintf("strategy.protectedInstances is %s, but Azure shows no protection of instances in Flexible scale sets; to fix it: set "+
		"strategy.protectedInstances to Skip", s.Instances.Protected)
}

func manualMode(s rollout.Spec, m rollout.Model) string {
	if m.UpgradeMode == rollout.UpgradeModeManual {
		return ""
	}
	mode := m.UpgradeMode
	if mode == "" {
		mode = "unknown"
	}
	return fmt.Sprintf("the scale set's upgrade mode is %s, so Azure upgrades instances on its own; to fix it: az vmss update %s --set "+
		"upgradePolicy.mode=Manual", mode, s.ScaleSet.Arguments())
}

func noAutomaticOSUpgrade(s rollout.Spec, m rollout.Model) string {
	if !m.AutomaticOSUpgrade {
		return ""
	}
	return "automatic OS image upgrade is on, so Azure replaces disks on its own; to fix it: az vmss update " + s.ScaleSet.Arguments() +
		" --set upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade=false"
}

func healthKnown(s rollout.Spec, m rollout.Model) string {
	if s.Health.Source != rollout.HealthApplication || m.HealthMonitored {
		return ""
	}
	return "health.source is ApplicationHealth but the scale set has neither the application health extension nor a health probe; " +
		"set spec.health.source to ProvisioningState, or add the extension; to fix it: " + extensionCommand(s.ScaleSet, "ApplicationHealthLinux")
}

// extensionCommand adds an extension of Microsoft's managed services to the model.
func extensionCommand(s rollout.ScaleSet, name string) string {
	return fmt.Sprintf("az vmss extension set --subscription %s --resource-group %s --vmss-name %s --name %s --publisher "+
		"Microsoft.ManagedServices",
		rollout.ShellWord(s.SubscriptionID), rollout.ShellWord(s.ResourceGroup), rollout.ShellWord(s.Name), name)
}
