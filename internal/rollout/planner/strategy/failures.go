package strategy

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/batch"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// retryFailed tries failed instances again, as often as was declared, before they count. An instance that lacks the target is upgraded
// again; one that has it can only be given a new disk, and only where that was asked for.
func retryFailed(d *advance.Draft) *view.Hold {
	attempts := retryable(d.View)
	if len(attempts) == 0 || view.Hopeless(d.View) > view.Tolerated(d.View) {
		return nil
	}
	if h := gate.Held(d.View); h != nil {
		return h
	}
	if d.State.IsWorking() {
		return reimageBatch(d) // the rest of the batch gets its new disks first
	}
	if h := gate.Effect(d.View); h != nil {
		return h
	}
	if h := hooksBeforeStep(d); h != nil {
		return h
	}
	if attempts[0].OSDisk != "" {
		return launch(d, rollout.ReimageOperation, attempts)
	}
	return launch(d, rollout.UpgradeOperation, attempts)
}

// retryable returns attempts at the instances to be tried again in one call: all by the same effect, at most a batch, and no healthy one
// beyond what the budget of unavailability leaves.
func retryable(v *view.View) []rollout.Attempt {
	room := roomToRetry(v)
	var upgrades, reimages []rollout.Attempt
	for _, f := range v.State.Ledger.Failed {
		i, again := view.MayRetry(v, f)
		if !again || !room.take(v, i) {
			continue
		}
		a := rollout.Attempt{Ref: i.Ref(), Try: f.Try + 1}
		if i.Latest == rollout.False {
			upgrades = append(upgrades, a)
			continue
		}
		a.OSDisk = i.Disk.ID
		reimages = append(reimages, a)
	}
	if len(upgrades) == 0 {
		upgrades = reimages
	}
	most := min(v.Spec.Batch.Size.Of(v.Inventory().Eligible), batch.MaxPerCall)
	return batch.ByID(upgrades[:min(len(upgrades), most)])
}

// retryRoom is how many instances more may be out of service while instances are tried again. It is negative while the budget of
// unavailability is exceeded.
type retryRoom struct {
	left int
	soon []string // ids of instances whose nodes are about to take pods again: they spend nothing
}

// roomToRetry is the rest of the budget.
func roomToRetry(v *view.View) retryRoom {
	c := v.Inventory()
	left := v.Spec.Batch.MaxUnavailable.Of(c.Eligible) - c.Unavailable - c.Cordoned + view.SoonInService(v)
	return retryRoom{left: left, soon: view.Uncordonable(v)}
}

// take spends the budget for an instance that is tried again, and reports whether there was room. An instance that is not healthy spends
// the budget already, and so does one whose node is cordoned.
func (room *retryRoom) take(v *view.View, i rollout.Instance) bool {
	if !inventory.IsHealthy(v.Spec.Health, i) {
		return true
	}
	own := 1
	if view.IsOutOfService(v, i) && !slices.Contains(room.soon, i.ID) {
		own = 0
	}
	if room.left-own < 0 {
		return false
	}
	room.left -= own
	return true
}

// holdFailed begins nothing while more instances have failed than is tolerated, or nothing has moved for too long, and does what was
// declared about it.
func holdFailed(d *advance.Draft) *view.Hold {
	if h := awaitRetry(d); h != nil {
		return h
	}
	why := view.Failure(d.View)
	if why == "" {
		return nil
	}
	if h := advance.FailRun(d, why); h != nil {
		return h
	}
	return view.Wait(rollout.ReasonFailed, view.RecheckHeld,
		"%s; no further instance is upgraded; fix it, change spec.target (its revisionTag is enough), or create a RolloutAction Retry, "+
			"Rollback or SkipInstance", why)
}

// awaitRetry begins nothing else while an instance that an action wants tried again cannot be tried yet. Where it never can, it has
// failed for good.
func awaitRetry(d *advance.Draft) *view.Hold {
	h, isCounted := gate.RequestedRetry(d.View)
	if !isCounted {
		return nil
	}
	advance.GiveUpRetries(d)
	if h != nil && h.Reason == rollout.ReasonWaitingForHealth {
		advance.ClearHooks(d, rollout.BeforeInstance) // it is not known for how long there is no room
	}
	return h
}
