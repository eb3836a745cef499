package azuresim

import (
	"net/http"
	"time"
)

// usualPercent is what the policy's percentages are where it does not say.
const usualPercent = 20

func (set *scaleSet) rollingPolicy() rollingPolicy {
	given := objectAt(set.doc, "properties", "upgradePolicy", "rollingUpgradePolicy")
	pause, _ := isoDuration(stringAt(given, "pauseTimeBetweenBatches"))
	return rollingPolicy{
		batchPercent:             percentAt(given, "maxBatchInstancePercent"),
		unhealthyPercent:         percentAt(given, "maxUnhealthyInstancePercent"),
		unhealthyUpgradedPercent: percentAt(given, "maxUnhealthyUpgradedInstancePercent"),
		pause:                    pause,
		maxSurge:                 boolAt(given, "maxSurge"),
		rollsBack:                boolAt(given, "rollbackFailedInstancesOnPolicyBreach"),
	}
}

func percentAt(policy object, name string) int {
	if n, given := intAt(policy, name); given {
		return n
	}
	return usualPercent
}

// breach says why a rolling upgrade must not go on; nil where it may. The
// words are those that people quote; no recording has them.
func (r *rollingUpgrade) breach() *armError {
	if total := r.done + r.bad; r.bad*100 > r.policy.unhealthyUpgradedPercent*total {
		return refuse(http.StatusBadRequest, "MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade",
			"Rolling Upgrade failed after exceeding the MaxUnhealthyUpgradedInstancePercent value defined in the RollingUpgradePolicy. "+
				"%d%% instances are in an unhealthy state after being upgraded - more than the threshold of %d%% configured in the "+
				"RollingUpgradePolicy.", r.bad*100/total, r.policy.unhealthyUpgradedPercent)
	}
	all := len(r.op.set.instances)
	ill := r.op.set.countUnhealthy()
	if ill*100 <= r.policy.unhealthyPercent*all {
		return nil
	}
	when := "In"
	if r.done+r.bad == 0 {
		when = "Before"
	}
	return refuse(http.StatusBadRequest, "MaxUnhealthyInstancePercentExceeded"+when+"RollingUpgrade",
		"Rolling Upgrade failed after exceeding the MaxUnhealthyInstancePercent value defined in the RollingUpgradePolicy. "+
			"%d%% instances are in an unhealthy state - more than the threshold of %d%% configured in the RollingUpgradePolicy.",
		ill*100/all, r.policy.unhealthyPercent)
}

// countUnhealthy counts the machines that are on and report that they are ill.
func (set *scaleSet) countUnhealthy() int {
	n := 0
	for _, inst := range set.instances {
		if inst.isOn() && inst.health == unhealthy {
			n++
		}
	}
	return n
}

// rollingPolicy is a scale set's rollingUpgradePolicy, which is there in every
// mode and is used by automatic upgrades of images and extensions, too (azure-facts §2.4).
type rollingPolicy struct {
	batchPercent, unhealthyPercent, unhealthyUpgradedPercent int
	pause                                                    time.Duration
	maxSurge, rollsBack                                      bool
}
