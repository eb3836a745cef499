package gate

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// BatchPause leaves the declared pause between two batches.
func BatchPause(v *view.View) *view.Hold {
	last := v.State.Pacing.LastBatchEnd
	next := last.Add(v.Spec.Batch.Pause)
	if last.IsZero() || !v.At().Before(next) {
		return nil
	}
	c := v.Inventory()
	return view.Wait(rollout.ReasonProgressing, v.Until(next, view.RecheckHeld),
		"%d of %d desired instances are done; next batch at %s",
		len(c.Verified), c.Desired, view.FormatTime(next)).WithUntil(next)
}

// FreshList holds where this round's list may be older than the one that verified the last batch: it is not much later, and shows fewer
// instances exposed. Such a list shows instances of that batch as outdated, and others would be chosen beyond the share.
func FreshList(v *view.View) *view.Hold {
	last := v.State.Pacing.LastBatchEnd
	settled := last.Add(view.SettleTime)
	if last.IsZero() || !v.At().Before(settled) || len(v.Inventory().Exposed) >= v.State.Pacing.ExposedThen {
		return nil
	}
	return view.Wait(rollout.ReasonProgressing, v.Until(settled, view.SettleTime), "waiting until the list shows the last batch")
}
