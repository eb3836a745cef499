// Package task knows the work outside the scale set: checks, hooks and drains. Of each it says what is due, how long it may take, and
// what its results mean. The state of that work is written elsewhere.
package task

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Due returns the work that is to be under way now.
func Due(v *view.View) rollout.TaskWork {
	return rollout.TaskWork{Checks: dueChecks(v), Hooks: dueHooks(v), Nodes: dueNodes(v)}
}

// rollbackTimeout is how long a rollback waits for work that has no timeout.
const rollbackTimeout = 10 * time.Minute

// Timeout is how long the work of an invocation may take; 0: for ever.
func Timeout(v *view.View, h *rollout.HookInvocation, declared time.Duration) time.Duration {
	if declared == 0 && v.State.Rollback.Current != nil && h.Point != rollout.OnFailure {
		return rollbackTimeout
	}
	return declared
}

// IsLate reports that the work of an invocation has taken as long as it may.
func IsLate(v *view.View, h *rollout.HookInvocation, since time.Time, declared time.Duration) bool {
	limit := Timeout(v, h, declared)
	return limit > 0 && !v.At().Before(since.Add(limit))
}

// isHeld reports that nothing new may begin, as declared.
func isHeld(v *view.View) bool {
	current := v.State.Rollback.Current
	switch {
	case v.Spec.PlanOnly, current == nil && v.Obs.IntegrationError != nil:
		return true
	case current != nil && current.Cause != rollout.CauseTimeout:
		return v.Spec.Paused && current.Cause != rollout.CauseAction && current.Cause != rollout.CauseDeletion
	default:
		return v.Spec.Paused || v.Obs.Window.Closed || v.Obs.Window.Problem != nil
	}
}
