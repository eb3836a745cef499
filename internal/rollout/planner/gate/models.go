package gate

import (
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// azureModels is how many distinct models instances may be at; Azure refuses a write that would lead to one more.
const azureModels = 10

// maxModels leaves room for the target and for a rollback.
const maxModels = azureModels - 1

// roomForRollback writes nothing where Azure could refuse the write of a rollback. Azure does not show the model of an instance, so what
// instances show of their models is counted: there may be more. The target's model is not counted, so that a rollout that has begun goes
// on.
func roomForRollback(v *view.View) *view.Hold {
	n := max(target.DistinctContents(v.Instances(), v.Spec.Target, v.Model()), distinctProfiles(v))
	if n < maxModels {
		return nil
	}
	return view.Wait(rollout.ReasonPreflightFailed, view.RecheckMissing,
		"instances have %d or more distinct models; Azure allows %d, and a rollback needs one; to fix it: az vmss "+
			"update-instances %s --instance-ids OLDEST_INSTANCE_IDS", n, azureModels, v.Spec.ScaleSet.Arguments())
}

// distinctProfiles counts the profiles that the instances of a Flexible scale set show. They count only where an instance is older than its
// profile: so Azure moves the time of the profile with an upgrade, and the command of the message lowers the number.
func distinctProfiles(v *view.View) int {
	var profiles []time.Time
	isMoved := false
	for _, i := range v.Instances() {
		at := i.Origin.ProfileTime
		isTarget := at.Equal(v.Model().ProfileTime) && v.IsCarried()
		if at.IsZero() || isTarget {
			continue
		}
		isMoved = isMoved || !i.CreatedAt.IsZero() && at.After(i.CreatedAt)
		if !slices.ContainsFunc(profiles, at.Equal) {
			profiles = append(profiles, at)
		}
	}
	if !isMoved {
		return 0
	}
	return len(profiles)
}
