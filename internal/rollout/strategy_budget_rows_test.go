package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestRetryOfACordonedInstance waits for the node of an instance that is tried again to take pods before, and has no room for the retry
// where another instance spends the budget.
func TestRetryOfACordonedInstance(t *testing.T) {
	for health, says := range map[rollout.Tristate]string{
		rollout.True: "waiting until the nodes of instance 0 are uncordoned", rollout.False: "instance 0 failed",
	} {
		spec, obs := failedOf(rollout.FailureHook)
		spec.Failure.Retries, obs.State.Ledger.Cordoned = 1, []string{"0"}
		obs.Instances.Value[2].Health.Healthy = health
		wantSays(t, planner.Plan(spec, obs), says)
	}
}

// TestShortListStopsTheDeadline lets the progress deadline stand still while the list is short, also when that is waited for no more.
func TestShortListStopsTheDeadline(t *testing.T) {
	for capacity, want := range map[int]bool{3: true, 4: false} {
		spec, obs := canary(v2, 100), seen(v2, 2, 1)
		spec.Failure.ProgressDeadline, obs.Model.Value.Capacity = time.Hour, capacity
		obs.State.Timers.ListShortSince = obs.At.Add(-11 * time.Minute)
		d := planner.Plan(spec, obs)
		if runs := !d.State.Timers.Progress.Since.IsZero(); runs != want || d.Step.Operation() != rollout.UpgradeOperation {
			t.Errorf("capacity %d: %T, the deadline runs %t, want %t: %v", capacity, d.Step, runs, want, d.Explanation)
		}
	}
}

// TestShareOfProtectedInstances waits for protected instances that had an earlier target, where the share has no room for others.
func TestShareOfProtectedInstances(t *testing.T) {
	for percent, says := range map[int]string{50: "only protected instances are left: instance 0", 75: "upgrading"} {
		spec, obs := canary(v2, percent), seen(v2, 3, 1)
		spec.Instances.Protected, obs.Instances.Value[0].Protected = rollout.ProtectedWait, true
		obs.State.Ledger.Exposed = []string{"0", "3"}
		if d := planner.Plan(spec, obs); !strings.Contains(d.Explanation.Message, says) {
			t.Errorf("%d %%: %T, %v; want %q", percent, d.Step, d.Explanation, says)
		}
	}
}

// TestFailureThatSpendsTheBudgetRunsTheDeadline lets the progress deadline run while a tolerated failure of the run spends the budget, also
// where a hook failed before the instance was touched.
func TestFailureThatSpendsTheBudgetRunsTheDeadline(t *testing.T) {
	for reason, want := range map[rollout.FailureReason]bool{rollout.FailureHook: true, "": false} {
		spec, obs := failedOf(reason)
		spec.Canary.Percent, spec.Failure.MaxFailed.Value, spec.Failure.ProgressDeadline = 100, 1, time.Hour
		obs.State.Ledger.Exposed, obs.Instances.Value[0].Health.Healthy = []string{"3"}, rollout.False
		if reason == "" {
			obs.State.Ledger.Failed, obs.Instances.Value[0].Health.Healthy = nil, rollout.Unknown
		}
		d := planner.Plan(spec, obs)
		wantWait(t, d, rollout.ReasonWaitingForHealth, "maxUnavailable exhausted")
		if runs := !d.State.Timers.Progress.Since.IsZero(); runs != want {
			t.Errorf("failure %q: the deadline runs %t, want %t", reason, runs, want)
		}
	}
}
