package gate

import (
	"fmt"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Completed spends one cheap read an hour on a run that is over, as long as the scale set stays as it was.
func Completed(v *view.View) *view.Hold {
	if !v.IsCompleted() || v.State.Operation != nil || !v.IsUnchangedSinceCompletion() {
		return nil
	}
	return StillCompleted(v)
}

// StillCompleted reports a completed run. An idle round says the same, and knows no counts.
func StillCompleted(v *view.View) *view.Hold {
	return view.Wait(rollout.ReasonCompleted, view.RecheckCompleted, "%s", CompletedText(v.State))
}

// CompletedText says what a completed run came to.
func CompletedText(s rollout.State) string {
	if failed := len(s.Ledger.Failed); failed > 0 {
		return fmt.Sprintf("all eligible instances but %d with a tolerated failure were updated and healthy at completion", failed)
	}
	return "all eligible instances were updated and healthy at completion"
}
