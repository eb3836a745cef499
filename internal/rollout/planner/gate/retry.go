package gate

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// RequestedRetry begins nothing else while an instance that an action wants tried again cannot be tried yet. It reports whether requested
// tries count now: not while the rest of a batch gets its new disks, nor where a try would come too late.
func RequestedRetry(v *view.View) (h *view.Hold, isCounted bool) {
	if v.State.IsWorking() || view.Hopeless(v) > view.Tolerated(v) {
		return nil, false
	}
	for _, f := range v.State.Ledger.Failed {
		if h, _ := RetryState(v, f); h != nil {
			return h, true
		}
	}
	return nil, true
}

// RetryState returns what a requested try waits for, and whether it can never come.
func RetryState(v *view.View, f rollout.Failure) (h *view.Hold, isImpossible bool) {
	if !f.IsRetryRequested() || v.State.IsInOperation(f.Ref) || view.WaitsForStart(v, f) {
		return nil, false
	}
	i, isPossible := view.MayRetry(v, f)
	switch {
	case isPossible:
		return view.Wait(rollout.ReasonWaitingForHealth, view.RecheckBusy,
			"waiting to retry instance %s: maxUnavailable is exhausted by other instances", i.ID), false
	case i.IsBusyOrDeleting() || (i.Protected && v.Spec.Instances.Protected != rollout.ProtectedSkip):
		return view.Wait(rollout.ReasonProgressing, view.RecheckBusy,
			"waiting to retry instance %s: Azure is updating or deleting it, or it is protected", i.ID), false
	}
	return nil, true
}
