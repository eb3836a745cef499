package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestThrottledTellsUntilWhen: the message of an effect that Azure throttles has the time of the next attempt.
func TestThrottledTellsUntilWhen(t *testing.T) {
	metric.Fault(t, 23)
	spec, obs := canary(v2, 100), seen(v2, 3, 0)
	d := planner.Plan(spec, obs)
	if d.Step.Operation() != rollout.UpgradeOperation {
		t.Fatalf("the step is %q: %s", d.Step.Operation(), d.Explanation.Message)
	}
	after := planner.HandleResult(spec, d, rollout.StepResult{At: obs.At, Problem: &rollout.Problem{
		Kind: rollout.KindThrottled, Code: "TooManyRequests", Message: "slow down", RetryAfter: 7 * time.Minute,
	}})
	until := obs.At.Add(7 * time.Minute).UTC().Format(time.RFC3339)
	if after.Explanation.Reason != rollout.ReasonThrottled || !strings.Contains(after.Explanation.Message, "until "+until) {
		t.Errorf("%s: %s, want until %s", after.Explanation.Reason, after.Explanation.Message, until)
	}
}
