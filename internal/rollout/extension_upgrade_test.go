package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// agents are extensions that Azure upgrades by itself.
var agents = []string{"AzureMonitorLinuxAgent", "ApplicationHealth"}

// TestExtensionUpgradeBetweenBatches: a set with agents is rolled out. While Azure upgrades an extension, no batch begins, an instance that
// Azure is at work on has not failed, and an instance that the upgrade leaves behind the latest model keeps the target.
func TestExtensionUpgradeBetweenBatches(t *testing.T) {
	for _, leavesBehind := range []bool{false, true} {
		s := begins(4, canary(image2, 100, rollsBack, func(s *rollout.Spec) { s.Batch.Pause = time.Minute }))
		s.world.Agents = agents
		s.runUntilReady(1)
		before, busy := s.shell.Effects, s.world.Instances[0]
		s.world.Rolling = rollout.RollingUpgrade{Running: true, StartedAt: s.world.Now, Total: 4, Cancel: "az vmss rolling-upgrade cancel"}
		busy.State = rollout.StateUpdating
		for range 8 { // longer than health.timeout
			s.world.Advance(time.Minute)
			s.shell.Round()
		}
		if busy.State = rollout.StateSucceeded; leavesBehind {
			s.world.Edit(func(c *simworld.Content) { c.Other++ })
		}
		s.shell.Round()
		wantWait(t, s.shell.Last, rollout.ReasonProgressing, "Azure runs a rolling upgrade since 2026-11-02T",
			"0 of 4 instances done; upgraded automatically: extension ApplicationHealth and 1 more", "az vmss rolling-upgrade cancel")
		if s.shell.Effects != before || len(s.shell.State.Ledger.Failed) > 0 || s.shell.State.Rollback.Current != nil {
			t.Errorf("%d effects meanwhile, failed %v", s.shell.Effects-before, s.shell.State.Ledger.Failed)
		}
		s.world.Rolling = rollout.RollingUpgrade{}
		if !s.run(rollout.ReasonCompleted) || worked(busy) != 1 {
			t.Errorf("after that %v; instance 0 was worked on %d times", s.shell.Last.Explanation, worked(busy))
		}
	}
}

// TestRollingUpgradeIsReadOncePerEffect: a set with agents costs one read more for each effect; a set without any costs none. A held canary
// does not read it.
func TestRollingUpgradeIsReadOncePerEffect(t *testing.T) {
	for name, row := range map[string]struct {
		agents  []string
		percent int
		want    int
	}{
		"with agents":       {agents, 100, 5},
		"a canary is held":  {agents, 25, 2},
		"without automatic": {nil, 100, 0},
	} {
		s := begins(4, canary(image2, row.percent))
		s.world.Agents = row.agents
		reads := 0
		s.shell.OnPlan = func(_ rollout.Spec, obs rollout.Observation, _ rollout.Decision) {
			if obs.RollingUpgrade.State == rollout.Read {
				reads++
			}
		}
		s.run(rollout.ReasonCompleted)
		if reads != row.want || s.shell.Effects != 1+4*row.percent/100 {
			t.Errorf("%s: %d reads for %d effects, want %d", name, reads, s.shell.Effects, row.want)
		}
	}
}

// TestRollingUpgradeIsNamedShortly: the message keeps its length whatever the number of extensions.
func TestRollingUpgradeIsNamedShortly(t *testing.T) {
	s := begins(2, canary(image2, 100))
	s.world.Agents = []string{"monitor"}
	s.world.Rolling = rollout.RollingUpgrade{Running: true, Total: 2, Cancel: "az"}
	s.shell.Round()
	if got := s.shell.Last.Explanation.Message; !strings.Contains(got, "upgraded automatically: extension monitor)") {
		t.Error(got)
	}
}

// runUntilReady lets the controller work until so many instances are ready.
func (t *recorder) runUntilReady(n int) {
	for end := t.world.Now.Add(time.Hour); t.world.Now.Before(end); t.world.Advance(t.shell.Recheck) {
		t.shell.Round()
		if p := t.shell.Last.Report.Progress; p != nil && p.Ready >= n && !t.shell.State.IsWorking() {
			return
		}
	}
}
