package rollout_test

import (
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// TestLateLists upgrades instances one by one where every list is older than an upgrade takes to settle. Each is upgraded once, and none
// fails.
func TestLateLists(t *testing.T) {
	for _, lag := range []time.Duration{50 * time.Second, 55 * time.Second, 2 * time.Minute, 4 * time.Minute} {
		t.Run(lag.String(), func(t *testing.T) {
			metric.Fault(t, 16)
			w, shell := lateWorld(lag)
			named := map[string]int{}
			shell.OnEffect = func(_ rollout.Observation, d rollout.Decision) {
				for _, ref := range rollout.InstancesOf(d.Step) {
					named[ref.ID]++
				}
			}
			for range 200 {
				shell.Round()
				if failed := shell.State.Ledger.Failed; len(failed) > 0 {
					t.Fatalf("instance %s failed: %s", failed[0].ID, failed[0].Message)
				}
				w.Advance(shell.Recheck)
			}
			if got := shell.Last.Explanation.Reason; got != rollout.ReasonCompleted {
				t.Errorf("the run is %s: %s", got, shell.Last.Explanation.Message)
			}
			for _, m := range w.Instances {
				if named[m.ID] != 1 {
					t.Errorf("instance %s was upgraded %d times, want once", m.ID, named[m.ID])
				}
			}
		})
	}
}

// TestLateListsBeyondBounds counts upgrades that show too late for each instance, so that several instances that are late once do not make
// one fail.
func TestLateListsBeyondBounds(t *testing.T) {
	metric.Fault(t, 16)
	w, shell := lateWorld(6 * time.Minute)
	for range 400 {
		shell.Round()
		if failed := shell.State.Ledger.Failed; len(failed) > 0 {
			t.Fatalf("instance %s failed: %s", failed[0].ID, failed[0].Message)
		}
		w.Advance(min(shell.Recheck, 30*time.Second))
	}
	if got := shell.Last.Explanation.Reason; got != rollout.ReasonCompleted {
		t.Errorf("the run is %s: %s", got, shell.Last.Explanation.Message)
	}
}

// lateWorld is a world of five instances in which every list is late, with a rollout to all of them.
func lateWorld(lag time.Duration) (*simworld.World, *simworld.Shell) {
	dice := func(n int) int { return n / 2 }
	w := simworld.New(dice, 5, nil, bare)
	w.Faults = simworld.Faults{ListLags: 1, Lag: lag}
	w.Advance(10 * time.Minute)
	return w, &simworld.Shell{World: w, Spec: canary(image2, 100, func(s *rollout.Spec) { s.Health.Timeout = 15 * time.Minute })}
}
