package planner

import (
	"fmt"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// explain composes the message of a decision: what ended the round, in the light of the rollback, the deletion and the clock.
func explain(d *advance.Draft, reason rollout.Reason, message string) rollout.Explanation {
	e := rollout.Explanation{Reason: reason, Message: message}
	for _, add := range []func(*advance.Draft, rollout.Explanation) rollout.Explanation{
		withStuckOperation, withRollbackPrefix, withDeletionAdvice, withClockBack,
	} {
		e = add(d, e)
	}
	return e
}

// withStuckOperation lets a rollback name what does not end, and once nothing moved until its deadline, that a person has to resolve it.
func withStuckOperation(d *advance.Draft, e rollout.Explanation) rollout.Explanation {
	if !d.State.IsRollingBack() || e.Reason != rollout.ReasonProgressing || !view.IsStuck(d.View) {
		return e
	}
	e.Message += "; " + view.DescribePreempted(d.View) + " does not end"
	if view.IsOverdue(d.View) && d.State.Operation == nil {
		e.Reason = rollout.ReasonFailed
		e.Message = view.RollbackVerb(d.State.Rollback.Current) + ": " + e.Message +
			"; the rollout continues when it ends; wait, or delete those instances"
	}
	return e
}

// withRollbackPrefix lets the reason of work in a rollback say that it is a rollback.
func withRollbackPrefix(d *advance.Draft, e rollout.Explanation) rollout.Explanation {
	if !d.State.IsRollingBack() {
		return e
	}
	current := d.State.Rollback.Current
	switch e.Reason {
	case rollout.ReasonProgressing, rollout.ReasonWaitingForHealth:
		return rollout.Explanation{Reason: view.RollbackReason(current), Message: view.RollbackVerb(current) + ": " + e.Message}
	case rollout.ReasonInvalid, rollout.ReasonAccessDenied, rollout.ReasonPreflightFailed, rollout.ReasonScaleSetNotFound,
		rollout.ReasonScaleSetReplaced, rollout.ReasonAzureUnavailable, rollout.ReasonThrottled:
		return rollout.Explanation{Reason: e.Reason, Message: view.RollbackVerb(current) + ": " + e.Message}
	default:
		return e
	}
}

// withDeletionAdvice names the other way on where a rollback before a deletion needs a person.
func withDeletionAdvice(d *advance.Draft, e rollout.Explanation) rollout.Explanation {
	isStuck := d.State.IsRollingBack() && e.Reason.Readiness() == rollout.Stuck
	if d.Declared.Deletion != rollout.DeletionRollback || d.Release || !isStuck {
		return e
	}
	text, command, hasCommand := rollout.CutHint(e.Message)
	if e.Reason == rollout.ReasonAccessDenied {
		text += "; grant access again"
	}
	e.Message = text + "; or set spec.onDelete to Leave, which keeps the scale set as it is"
	if hasCommand {
		e.Message = rollout.JoinHint(e.Message, command)
	}
	return e
}

// withClockBack says once that the clock went back.
func withClockBack(d *advance.Draft, e rollout.Explanation) rollout.Explanation {
	if d.ClockBack > 0 {
		e.Message = fmt.Sprintf("the controller's clock went back by %s; later times count as now; %s",
			d.ClockBack.Round(time.Second), e.Message)
	}
	return e
}
