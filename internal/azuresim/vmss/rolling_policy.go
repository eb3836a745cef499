package vmss

import (
	"net/http"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// usualPercent is the value of the policy's percentages if the policy does not say.
const usualPercent = 20

func (set *ScaleSet) rollingPolicy() rollingPolicy {
	given := tree.ObjectAt(set.Doc, "properties", "upgradePolicy", "rollingUpgradePolicy")
	pause, _ := vmprofile.IsoDuration(tree.StringAt(given, "pauseTimeBetweenBatches"))
	return rollingPolicy{
		BatchPercent:             percentAt(given, "maxBatchInstancePercent"),
		UnhealthyPercent:         percentAt(given, "maxUnhealthyInstancePercent"),
		UnhealthyUpgradedPercent: percentAt(given, "maxUnhealthyUpgradedInstancePercent"),
		pause:                    pause,
		maxSurge:                 tree.BoolAt(given, "maxSurge"),
		rollsBack:                tree.BoolAt(given, "rollbackFailedInstancesOnPolicyBreach"),
	}
}

func percentAt(policy tree.Object, name string) int {
	if n, given := tree.IntAt(policy, name); given {
		return n
	}
	return usualPercent
}

// breach returns the reason why a rolling upgrade must not go on; nil if it may. The words are from posts that quote them; no recording has
// them.
func (r *RollingUpgrade) breach() *arm.Error {
	if total := r.Done + r.Bad; r.Bad*100 > r.Policy.UnhealthyUpgradedPercent*total {
		return arm.Refuse(http.StatusBadRequest, "MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade",
			"Rolling Upgrade failed after exceeding the MaxUnhealthyUpgradedInstancePercent value defined in the RollingUpgradePolicy. "+
				"%d%% instances are in an unhealthy state after being upgraded - more than the threshold of %d%% configured in the "+
				"RollingUpgradePolicy.", r.Bad*100/total, r.Policy.UnhealthyUpgradedPercent)
	}
	all := len(r.Op.set.Instances)
	unhealthy := r.Op.set.countUnhealthy()
	if unhealthy*100 <= r.Policy.UnhealthyPercent*all {
		return nil
	}
	when := "In"
	if r.Done+r.Bad == 0 {
		when = "Before"
	}
	return arm.Refuse(http.StatusBadRequest, "MaxUnhealthyInstancePercentExceeded"+when+"RollingUpgrade",
		"Rolling Upgrade failed after exceeding the MaxUnhealthyInstancePercent value defined in the RollingUpgradePolicy. "+
			"%d%% instances are in an unhealthy state - more than the threshold of %d%% configured in the RollingUpgradePolicy.",
		unhealthy*100/all, r.Policy.UnhealthyPercent)
}

// countUnhealthy counts the instances that are on and report that they are unhealthy.
func (set *ScaleSet) countUnhealthy() int {
	n := 0
	for _, inst := range set.Instances {
		if inst.IsOn() && inst.Health == Unhealthy {
			n++
		}
	}
	return n
}

// rollingPolicy is a scale set's rollingUpgradePolicy, which is there in every
// mode and is used by automatic upgrades of images and extensions, too (docs/azure.md §2.4).
type rollingPolicy struct {
	BatchPercent, UnhealthyPercent, UnhealthyUpgradedPercent int
	pause                                                    time.Duration
	maxSurge, rollsBack                                      bool
}
