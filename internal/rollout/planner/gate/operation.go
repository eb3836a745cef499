package gate

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Operation waits for what is in flight: until it is due, and while it runs.
func Operation(v *view.View) *view.Hold {
	op := v.State.Operation
	switch {
	case view.IsNotDue(v, op):
		return view.Wait(rollout.ReasonProgressing, v.Until(op.NextPollAt, view.MaxBetweenPolls), "%s", view.DescribeProgress(v, op))
	case !view.IsPollable(v, op):
		return nil
	}
	switch poll := v.Obs.Operation; {
	case poll.State == rollout.NotRead:
		return view.Wait(rollout.ReasonProgressing, time.Second, "%s", view.Describe(op))
	case poll.State == rollout.ReadFailed:
		return view.Unreadable("the running operation", poll.Problem)
	case poll.Value.State == rollout.OperationRunning:
		return view.Wait(rollout.ReasonProgressing, nextPoll(v, op), "%s", view.DescribeProgress(v, op))
	}
	return nil
}

// nextPoll spaces polls out with the age of the operation, and never polls sooner than Azure asks.
func nextPoll(v *view.View, op *rollout.Operation) time.Duration {
	age := v.At().Sub(op.AcceptedAt)
	return max(v.Obs.Operation.Value.RetryAfter, min(max(age, view.DefaultPoll/10), view.MaxBetweenPolls))
}
