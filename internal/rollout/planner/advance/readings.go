package advance

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// CountReadings waits where all that a batch lacks is time. Its round reads the list alone: nothing but to wait can come of it, and a model
// that another tool changed shows in the list, since the batch is not at the latest model then.
func CountReadings(d *Draft) *view.Hold {
	if d.Obs.Model.State != rollout.NotRead || d.Obs.Instances.State != rollout.Read || !mayMature(d) {
		return nil
	}
	op := d.State.Operation
	read := op.LastReadingAt
	status := statusOf(d, op)
	if len(status[phaseMaturing]) < len(op.Instances) {
		op.LastReadingAt = read
		return nil // time went by while the list was read
	}
	op.Instances = byID(status[phaseMaturing])
	return waitForHealth(d.View, op, status)
}

// mayMature reports whether, as far as is remembered, the instances of a batch have the target and are healthy, and were not for long
// enough yet. In every two minutes the model is read as well.
func mayMature(d *Draft) bool {
	op := d.State.Operation
	if !isJudged(op) || d.IsOfAnotherTarget(op) || slices.ContainsFunc(op.Instances, isNotHealthy) {
		return false
	}
	if d.State.Rollback.Current != nil || len(d.Obs.Actions) > 0 { // a deletion that goes on is a rollback
		return false
	}
	since := d.At().Sub(op.EndedAt)
	return since < view.RecheckHeld || since%view.RecheckHeld >= view.RecheckBusy
}

// isJudged reports that the operation was on instances that are still to be judged, and has ended. A write of the model names none.
func isJudged(op *rollout.Operation) bool {
	return op != nil && !op.EndedAt.IsZero() && op.Rejection == nil && len(op.Instances) > 0
}

func isNotHealthy(a rollout.Attempt) bool { return a.HealthySince.IsZero() }

// NeedsListOnly reports that the list of instances is all that the round has to read.
func NeedsListOnly(d *Draft) bool {
	return mayMature(d) && (d.Obs.Instances.State == rollout.NotRead || isMaturing(d))
}

// isMaturing reports whether the list leaves nothing to decide: each instance of the batch goes on being healthy and has to for some
// time, and every other instance is healthy too.
func isMaturing(d *Draft) bool {
	if d.Obs.Instances.State != rollout.Read {
		return false
	}
	for _, i := range d.Instances() {
		if i.State != rollout.StateDeleting && !inventory.IsHealthy(d.Spec.Health, i) {
			return false
		}
	}
	status := statusOf(d, d.State.Operation)
	last := lastMature(d.View, status)
	isAboutReady := !last.IsZero() && last.Sub(d.At()) < view.MinBetweenReads
	return len(status[phaseMaturing]) == len(d.State.Operation.Instances) && !isAboutReady
}
