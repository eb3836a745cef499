package view

import (
	"fmt"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
)

// Tolerated is how many failed instances the rollout tolerates at the current step. A share in which no instance would be left to be
// healthy is never tolerated: no gate passes on nothing.
func Tolerated(v *View) int {
	c := v.Inventory()
	return max(0, min(v.Spec.Failure.MaxFailed.Tolerated(c.Eligible), c.Desired-1))
}

// WaitsForStart reports that another try was asked for that can only come once the instance is started. It holds nothing.
func WaitsForStart(v *View, f rollout.Failure) bool {
	i, _ := v.Find(f.Ref) // one that is not listed is not known to be off
	return f.IsRetryRequested() && v.State.IsOff(i)
}

// CountedFailures is how many failures keep a gate closed.
func CountedFailures(v *View) int {
	n := 0
	for _, f := range v.State.Ledger.Failed {
		if !WaitsForStart(v, f) {
			n++
		}
	}
	return n
}

// FinalFailures are the failures that count: no other try was asked for, and none is under way.
func FinalFailures(v *View) []rollout.Failure {
	return slices.DeleteFunc(slices.Clone(v.State.Ledger.Failed), func(f rollout.Failure) bool {
		return f.IsRetryRequested() || v.State.IsInOperation(f.Ref)
	})
}

// MayRetry reports whether there is anything left to try with a failed instance.
func MayRetry(v *View, f rollout.Failure) (rollout.Instance, bool) {
	i, listed := v.Find(f.Ref)
	spent := f.Try >= v.Spec.Failure.Retries && !f.IsRetryRequested()
	if !listed || spent || !i.TakesOperations() {
		return i, false
	}
	isReimageable := v.Spec.Instances.Action == rollout.ActionUpgradeThenReimage && f.Reason != rollout.FailureReimage && i.Disk.ID != ""
	return i, i.Latest == rollout.False || (i.Latest == rollout.True && isReimageable)
}

// Hopeless counts the failed instances with which nothing is left to try. Once they are too many, another try of the others changes
// nothing. An instance that Azure is at work on, or deletes, is not judged before that is over.
func Hopeless(v *View) int {
	n := 0
	for _, f := range FinalFailures(v) {
		i, again := MayRetry(v, f)
		isSettled := !i.IsBusyOrDeleting()
		if !again && (f.Try >= v.Spec.Failure.Retries || f.Reason == rollout.FailureReimage || isSettled) {
			n++
		}
	}
	return n
}

// Failure says what the run has failed for; "": nothing.
func Failure(v *View) string {
	if failed := FinalFailures(v); len(failed) > Tolerated(v) {
		more := ""
		if len(failed) > 1 {
			more = fmt.Sprintf(" (and %d more)", len(failed)-1)
		}
		return fmt.Sprintf("instance %s%s failed: %s: %s", failed[0].ID, more, failed[0].Reason, failed[0].Message)
	}
	if v.State.Stage.FailedCheck != "" {
		return v.State.Stage.FailedCheck
	}
	if IsStalled(v) {
		return fmt.Sprintf("no progress for %s (failurePolicy.progressDeadline); last: %s",
			v.Spec.Failure.ProgressDeadline, stalledAt(v))
	}
	return ""
}

// stalledAt says what was waited for in vain.
func stalledAt(v *View) string {
	switch op := v.State.Operation; {
	case op != nil:
		return Describe(op)
	case !v.HasScaleSet():
		return "not known"
	}
	if unhealthy := v.Unhealthy(); len(unhealthy) > 0 {
		return "waiting for " + ListInstances(unhealthy) + " to be healthy: " + inventory.UnhealthyReason(v.Spec.Target, unhealthy[0])
	}
	return Progress(v)
}

// IsStalled reports that there has been no progress until the progress deadline.
func IsStalled(v *View) bool {
	deadline := v.Spec.Failure.ProgressDeadline
	return deadline > 0 && v.State.Timers.Progress.Passed(v.At()) >= deadline
}

// HasFailedAsWhole reports that the run failed, whatever its instances do.
func HasFailedAsWhole(v *View) bool { return IsStalled(v) || v.State.Stage.FailedCheck != "" }

// WorksOnFailed reports that Azure is at work on instances that failed, and on nothing else that is known.
func WorksOnFailed(v *View) bool {
	return slices.ContainsFunc(v.State.Ledger.Failed, func(f rollout.Failure) bool {
		i, listed := v.Find(f.Ref)
		return listed && i.IsBusy()
	})
}

// IsDeferred reports that Azure keeps an effect from beginning, or ended it for another operation. The progress deadline stands still
// meanwhile: such a wait says nothing of the release.
func IsDeferred(v *View) bool {
	if v.At().Before(v.State.Pacing.NotBefore) {
		return true
	}
	op := v.State.Operation
	return op != nil && !op.EndedAt.IsZero() && op.IsPreempted() && v.Obs.Instances.State == rollout.Read && !v.ShowsEffect(op)
}
