package advance

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// KeepProgressTimer lets the timer of the progress deadline run while a batch is permitted, stand still while it is not, and begin again
// with every instance that is reached. The hold ends the round.
func KeepProgressTimer(d *Draft, h *view.Hold) {
	timer := &d.State.Timers.Progress
	isTimed := d.Spec.Failure.ProgressDeadline > 0 && isForward(d.State)
	if isTimed && d.HasScaleSet() {
		if reached := len(d.Inventory().Verified); reached > timer.Reached {
			*timer = rollout.ProgressTimer{Reached: reached}
		}
	}
	explainFailure(d, h)
	switch {
	case !isTimed:
		*timer = rollout.ProgressTimer{}
	case h.Reason.IsProgress() && !d.IsExternal && !d.IsHeld() && !view.IsDeferred(d.View):
		runProgressTimer(d, h)
	default:
		timer.Timer = timer.Stopped(d.At())
	}
}

// isForward reports that the run is on its way to its target.
func isForward(s rollout.State) bool { return s.Rollback.Current == nil && !s.Run.Completed }

// explainFailure says that nothing moves, or that a check failed, while something is in flight: that is waited for in any case.
func explainFailure(d *Draft, h *view.Hold) {
	if !isForward(d.State) || !h.IsWaiting() || d.State.Operation == nil || !view.HasFailedAsWhole(d.View) || !h.Reason.IsProgress() {
		return
	}
	h.Reason = rollout.ReasonFailed
	h.Message = view.Failure(d.View) + "; nothing new starts; waiting for the operation in flight: " + h.Message
}

// runProgressTimer lets the timer of the progress deadline run, and looks again when it will be over.
func runProgressTimer(d *Draft, h *view.Hold) {
	timer := &d.State.Timers.Progress
	if timer.Since.IsZero() {
		timer.Since = d.At()
	}
	left := d.Spec.Failure.ProgressDeadline - timer.Passed(d.At())
	if left <= 0 {
		return
	}
	h.Recheck = min(h.Recheck, left)
	d.Await(d.At().Add(left))
}

// excludePreempted takes the time of an operation that a later one preempted out of the progress deadline.
func excludePreempted(d *Draft, op *rollout.Operation) {
	if op.IsPreempted() {
		timer := &d.State.Timers.Progress
		timer.Timer = rollout.Timer{Elapsed: max(0, timer.Passed(d.At())-d.At().Sub(op.CreatedAt))}
	}
}
