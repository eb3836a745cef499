package gate

import "github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"

// Rejected waits while a refused write is not to be tried again.
func Rejected(v *view.View) *view.Hold {
	op := v.State.Operation
	if op == nil || op.Rejection == nil {
		return nil
	}
	again := op.CreatedAt.Add(view.RecheckRefused)
	if !v.At().Before(again) {
		return nil
	}
	return view.Rejected(op, v.Until(again, view.RecheckRefused)).WithUntil(again)
}
