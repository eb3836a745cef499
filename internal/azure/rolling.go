package azure

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// RollingUpgrade reads the newest upgrade that Azure carried out, or carries out, by itself: one GET. A scale set that never had one, or is
// of a kind that has none, is answered with a refusal: it has none.
func (a *Adapter) RollingUpgrade(ctx context.Context, set rollout.ScaleSet) (rollout.RollingUpgrade, error) {
	c, err := a.in(set)
	if err != nil {
		return rollout.RollingUpgrade{}, err
	}
	x := &arm.Call{Operation: "RollingUpgrade", Doing: fmt.Sprintf("reading the rolling upgrade of scale set %q", set), Set: set}
	got, err := c.rolling.GetLatest(x.With(ctx), set.ResourceGroup, set.Name, nil)
	if err != nil {
		p := x.Problem(err)
		switch p.Kind {
		case rollout.KindNotFound, rollout.KindInstanceGone, rollout.KindInvalid, rollout.KindConflict:
			return rollout.RollingUpgrade{}, nil
		default:
		}
		return rollout.RollingUpgrade{}, p
	}
	return rollingOf(set, got.RollingUpgradeStatusInfo), nil
}

// rollingOf maps what Azure shows.
func rollingOf(set rollout.ScaleSet, info armcompute.RollingUpgradeStatusInfo) rollout.RollingUpgrade {
	properties := deref(info.Properties)
	progress, status := deref(properties.Progress), deref(properties.RunningStatus)
	done := int(deref(progress.SuccessfulInstanceCount)) + int(deref(progress.FailedInstanceCount))
	return rollout.RollingUpgrade{
		Running:   !isOver(deref(status.Code)),
		StartedAt: deref(status.StartTime),
		Done:      done,
		Total:     done + int(deref(progress.InProgressInstanceCount)) + int(deref(progress.PendingInstanceCount)),
		Cancel:    "az vmss rolling-upgrade cancel " + set.Arguments(),
	}
}

// isOver reports that a rolling upgrade does nothing more. A word that is not known is work that may go on.
func isOver(code armcompute.RollingUpgradeStatusCode) bool {
	switch code {
	case "", armcompute.RollingUpgradeStatusCodeCompleted, armcompute.RollingUpgradeStatusCodeCancelled,
		armcompute.RollingUpgradeStatusCodeFaulted:
		return true
	case armcompute.RollingUpgradeStatusCodeRollingForward, armcompute.RollingUpgradeStatusCodeRollingBack:
	}
	return false
}
