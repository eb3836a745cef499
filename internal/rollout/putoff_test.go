package rollout_test

import (
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// deadlined is a rollout that rolls back after a minute without progress.
func deadlined() rollout.Spec {
	return canary(v2, 100, func(s *rollout.Spec) {
		s.Failure.ProgressDeadline, s.Failure.Action = time.Minute, rollout.FailureRollback
	})
}

// TestPutOffIsNoLackOfProgress: the progress deadline stands still while Azure does not take an effect. Once it does, the deadline runs.
func TestPutOffIsNoLackOfProgress(t *testing.T) {
	metric.Fault(t, 7)
	for name, p := range map[string]rollout.Problem{
		"conflict":     {Kind: rollout.KindConflict, Code: "Conflict", Message: "another operation is running"},
		"throttled":    {Kind: rollout.KindThrottled, Code: "TooManyRequests", Message: "slow down", RetryAfter: 10 * time.Minute},
		"unavailable":  {Kind: rollout.KindTransient, Message: "503"},
		"preempted":    {Kind: rollout.KindPreempted, Code: "OperationPreempted", Message: "preempted"},
		"over a quota": {Kind: rollout.KindQuota, Code: "OperationNotAllowed", Message: "no cores are left"},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := deadlined(), seen(v2, 3, 0)
			refused := 0
			for range 20 {
				d := planner.Plan(spec, obs)
				if d.State.Rollback.Current != nil {
					t.Fatalf("rolled back after %d refusals: %s", refused, d.State.Rollback.Current.Message)
				}
				if d.Step.Operation() != "" {
					refused++
					d = planner.HandleResult(spec, d, rollout.StepResult{At: obs.At, Problem: &p})
				}
				obs.State, obs.At = d.State, obs.At.Add(d.Recheck)
			}
			if refused < 3 {
				t.Fatalf("%d refusals, want at least 3", refused)
			}
			d := planner.Plan(spec, obs)
			if d.Step.Operation() == "" {
				obs.State, obs.At = d.State, obs.At.Add(d.Recheck)
				d = planner.Plan(spec, obs)
			}
			d = planner.HandleResult(spec, d, rollout.StepResult{At: obs.At, PollToken: "t", RetryAfter: 10 * time.Second})
			obs.State, obs.At = d.State, obs.At.Add(2*time.Minute)
			obs.Operation = rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationRunning})
			if d = planner.Plan(spec, obs); d.State.Rollback.Current == nil {
				obs.State, obs.At = d.State, obs.At.Add(time.Minute)
				d = planner.Plan(spec, obs)
			}
			if d.State.Rollback.Current == nil {
				t.Errorf("an upgrade that does not end does not count: %s", d.Explanation.Message)
			}
		})
	}
}

// TestPreemptionIsNoLackOfProgress: the time of an upgrade that Azure ended for a later operation does not count, nor does the wait for
// that one.
func TestPreemptionIsNoLackOfProgress(t *testing.T) {
	metric.Fault(t, 7)
	spec, obs := deadlined(), seen(v2, 3, 0)
	d := planner.Plan(spec, obs)
	d = planner.HandleResult(spec, d, rollout.StepResult{At: obs.At, PollToken: "t", RetryAfter: 10 * time.Second})
	obs.State, obs.At = d.State, obs.At.Add(50*time.Second)
	obs.Operation = rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationCanceled,
		Problem: &rollout.Problem{Kind: rollout.KindPreempted, Message: "preempted"}})
	obs.Model.Value.State = rollout.StateUpdating // by the later operation
	for range 10 {
		d = planner.Plan(spec, obs)
		if d.State.Rollback.Current != nil {
			t.Fatalf("rolled back: %s", d.State.Rollback.Current.Message)
		}
		obs.State, obs.At = d.State, obs.At.Add(d.Recheck)
	}
}
