package rollout_test

import (
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// run lets the controller work until it stands for the reason, or for an hour.
func (t *recorder) run(reason rollout.Reason) bool {
	for end := t.world.Now.Add(time.Hour); t.world.Now.Before(end); t.world.Advance(t.shell.Recheck) {
		if t.shell.Round(); t.shell.Last.Explanation.Reason == reason {
			return true
		}
	}
	return false
}

// begins is a recorder of a world of n instances, of which nothing is told.
func begins(n int, spec rollout.Spec) *recorder {
	t := &recorder{world: simworld.New(func(n int) int { return n / 2 }, n, nil, bare)}
	t.shell = &simworld.Shell{World: t.world, Spec: spec}
	return t
}

// TestPreflightNeverStopsTheRollback: whatever became of the scale set since, the model and every exposed instance go back; an Abort puts
// back the model.
func TestPreflightNeverStopsTheRollback(t *testing.T) {
	metric.Fault(t, 6)
	for name, change := range map[string]func(*simworld.World){
		"an extension that Azure upgrades": func(w *simworld.World) { w.Agents = []string{"monitor"} },
		"another upgrade mode":             func(w *simworld.World) { w.Mode = "Automatic" },
	} {
		for verb, want := range map[rollout.Verb]rollout.Reason{rollout.VerbRollback: rollout.ReasonRolledBack,
			rollout.VerbAbort: rollout.ReasonAborted} {
			t.Run(name+" "+string(verb), func(t *testing.T) {
				s := begins(4, canary(image2, 25))
				if !s.run(rollout.ReasonCanaryReached) {
					t.Fatalf("no canary: %v", s.shell.Last.Explanation)
				}
				change(s.world)
				s.shell.Actions = []rollout.Action{{UID: "1", Verb: verb, Run: 1}}
				if !s.run(want) {
					t.Errorf("after an hour %v", s.shell.Last.Explanation)
				}
				if image := s.world.Models[len(s.world.Models)-1].Image; image != bare.Image {
					t.Errorf("the model has the image %v", image)
				}
			})
		}
	}
}

// TestAutomaticExtensionUpgrade: an extension that Azure upgrades is no reason to refuse. What holds is an upgrade of it that runs.
func TestAutomaticExtensionUpgrade(t *testing.T) {
	metric.Fault(t, 6)
	s := begins(2, canary(image2, 100))
	s.world.Agents = []string{"monitor"}
	s.world.Rolling = rollout.RollingUpgrade{Running: true, Done: 1, Total: 2, Cancel: "az vmss rolling-upgrade cancel"}
	if s.run(rollout.ReasonCompleted) {
		t.Fatal("completed while Azure upgraded the extension")
	}
	wantWait(t, s.shell.Last, rollout.ReasonProgressing, "1 of 2 instances", "az vmss rolling-upgrade cancel")
	if s.shell.Effects != 0 {
		t.Errorf("%d effects", s.shell.Effects)
	}
	s.world.Rolling = rollout.RollingUpgrade{}
	if !s.run(rollout.ReasonCompleted) {
		t.Errorf("after an hour %v", s.shell.Last.Explanation)
	}
}

// TestRollbackWaitsForARollingUpgrade: the model goes back at once; instances go back when Azure's own upgrade is over.
func TestRollbackWaitsForARollingUpgrade(t *testing.T) {
	metric.Fault(t, 6)
	s := begins(4, canary(image2, 50))
	if !s.run(rollout.ReasonCanaryReached) {
		t.Fatalf("no canary: %v", s.shell.Last.Explanation)
	}
	s.world.Agents, s.world.Rolling = []string{"monitor"}, rollout.RollingUpgrade{Running: true, Total: 4,
		Cancel: "az vmss rolling-upgrade cancel"}
	s.shell.Actions = []rollout.Action{{UID: "1", Verb: rollout.VerbRollback, Run: 1}}
	effects := s.shell.Effects
	if s.run(rollout.ReasonRolledBack) {
		t.Fatal("instances went back while Azure upgraded them")
	}
	wantWait(t, s.shell.Last, rollout.ReasonRollingBack, "rolling upgrade")
	if image := s.world.Models[len(s.world.Models)-1].Image; s.shell.Effects != effects+1 || image != bare.Image {
		t.Errorf("%d effects, and the model has the image %v", s.shell.Effects-effects, image)
	}
	s.world.Rolling = rollout.RollingUpgrade{}
	if !s.run(rollout.ReasonRolledBack) {
		t.Errorf("after an hour %v", s.shell.Last.Explanation)
	}
}

// TestRollingUpgradeUnknown: before the first write, what is not known of a rolling upgrade holds; in a rollback it does not.
func TestRollingUpgradeUnknown(t *testing.T) {
	metric.Fault(t, 6)
	spec, obs := canary(image2, 50), seen(rollout.Target{Image: &bare.Image}, 2, 0)
	obs.State = rollout.State{}
	obs.Model.Value.AutomaticExtensionUpgrades = []string{"monitor"}
	if reads := planner.RequiredReads(spec, obs); !reads.RollingUpgrade {
		t.Errorf("reads %+v, want the rolling upgrade", reads)
	}
	obs.RollingUpgrade = rollout.FailedResult[rollout.RollingUpgrade](&rollout.Problem{Kind: rollout.KindForbidden, Message: "no role"})
	wantWait(t, planner.Plan(spec, obs), rollout.ReasonAccessDenied, "no role")
	obs.Model.Value.AutomaticExtensionUpgrades = nil
	if reads := planner.RequiredReads(spec, obs); reads.RollingUpgrade {
		t.Error("reads the rolling upgrade of a scale set that has nothing of the kind")
	}
}
