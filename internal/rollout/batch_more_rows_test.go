package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestPreparedThatAreUpgraded: of the instances that were made ready, those are upgraded that the share still has room for, and that are
// not protected since.
func TestPreparedThatAreUpgraded(t *testing.T) {
	for name, row := range map[string]struct {
		exposed int
		change  func(*rollout.Spec, *rollout.Observation)
		want    string
	}{
		"both":                               {0, func(*rollout.Spec, *rollout.Observation) {}, "0,1"},
		"the share has room for one of them": {1, func(*rollout.Spec, *rollout.Observation) {}, "0"},
		"one is protected since": {0, func(s *rollout.Spec, o *rollout.Observation) {
			s.Instances.Protected, o.Instances.Value[0].Protected = rollout.ProtectedWait, true
		}, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := canary(v2, 50), seen(v2, 4-row.exposed, row.exposed)
			spec.Batch.Size.Value, spec.Batch.MaxUnavailable.Value = 2, 4
			preparing(&spec, &obs, "0", "1")
			obs.Tasks.Nodes = map[string]rollout.NodeState{"0": {Drained: true}, "1": {Drained: true}}
			row.change(&spec, &obs)
			d := planner.Plan(spec, obs)
			if got := strings.Join(idsOf(rollout.InstancesOf(d.Step)), ","); got != row.want {
				t.Errorf("upgrades %q, want %q: %v", got, row.want, d.Explanation)
			}
		})
	}
}

// TestScriptOfACheckInAnotherInstance: an instance that Azure shows as being updated is excused only where the script of a check is at work
// in that very one.
func TestScriptOfACheckInAnotherInstance(t *testing.T) {
	for about, want := range map[string]int{"2": 2, "3": 1} {
		spec, obs := canary(v2, 50), seen(v2, 2, 2)
		obs.State.Ledger.Exposed = []string{"2", "3"}
		obs.Instances.Value[2].State = rollout.StateUpdating
		obs.Tasks.Checks = map[rollout.CheckKey]rollout.CheckResult{
			{Check: "page", Run: 1, Instance: about, VMID: "vm-" + about}: {State: rollout.CheckRunning, RunsInInstance: true}}
		if d := planner.Plan(spec, obs); d.Report.Progress == nil || d.Report.Progress.Ready != want {
			t.Errorf("a script runs in instance %s: %+v, want %d ready: %v", about, d.Report.Progress, want, d.Explanation)
		}
	}
}

// TestBatchOfNothing: a share of which nothing is left takes no instance, though it is unhealthy and so costs no availability.
func TestBatchOfNothing(t *testing.T) {
	spec, obs := canary(v2, 50), seen(v2, 2, 2)
	obs.Instances.Value[0].Health.Healthy, obs.Instances.Value[0].Health.Since = rollout.False, obs.At.Add(-time.Hour)
	if d := planner.Plan(spec, obs); d.Step.Operation() != "" {
		t.Errorf("%T of %v: %v", d.Step, idsOf(rollout.InstancesOf(d.Step)), d.Explanation)
	}
}
