package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

// The moments at which the manager is killed during a canary that is rolled back: each after a write. The test below fails if there are
// fewer, or more.
const (
	minBackPoints = 16
	maxBackPoints = 26
)

// TestKillsDuringRollback kills the manager right after each of the writes of a canary that is rolled back, or after a sample of them, one
// rollout for each, and lets a fresh manager finish. Whatever moment it was, the Rollback acts once, and all is as it was before.
func TestKillsDuringRollback(t *testing.T) {
	t.Parallel()
	here.azure.makeImage(t, imageID("v2"))
	var runs [1 + maxBackPoints]run // the first one is not disturbed; those that are not tried are empty
	t.Run("after", func(t *testing.T) {
		for n := range runs {
			if !tries(n) {
				continue
			}
			t.Run(fmt.Sprintf("%02d", n), func(t *testing.T) {
				t.Parallel()
				runs[n] = takeBack(t, n)
			})
		}
	})
	if t.Failed() {
		return
	}
	killed := 0
	for n, run := range runs {
		if !tries(n) {
			continue
		}
		if run.killed {
			killed++
		}
		if diff := cmp.Diff(runs[0].end, run.end); diff != "" {
			t.Errorf("killed after write %d, it is not the end of the undisturbed run (-undisturbed +killed):\n%s", n, diff)
		}
	}
	t.Logf("%d writes in an undisturbed run, killed after each of %d", runs[0].writes, killed)
	if killed < least(minBackPoints) || runs[0].writes > maxBackPoints {
		t.Errorf("killed %d times of %d, want %d at least, and after each write", killed, runs[0].writes, least(minBackPoints))
	}
	metric.Record(t, "kill_points_back", killed)
}

// takeBack rolls out a canary and takes it back, with a manager that is killed after its n-th write, 0 for never, and another one that
// finishes.
func takeBack(t *testing.T, n int) run {
	t.Helper()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 3})
	r := newRollout(ns, "web", set).target(image(imageID("v2"))).with(int64(34), "spec", "strategy", "canary", "percent")
	g := newGate(t, n)
	g.admit(t, ns)
	r.create(t)
	killed := g.awaitRevived(t, r, v1alpha1.ReasonCanaryReached, false)
	// The ledger says who is brought back; who is in it wrongly is operated on for nothing.
	if kept := stateOf(t, r.now(t).Status); !slices.Equal(kept.Ledger.Exposed, []string{"0"}) {
		t.Errorf("the canary is out, and the exposed instances are %v, want 0 alone; newest instance before the first write: %s",
			kept.Ledger.Exposed, kept.Rollback.Baseline.NewestInstanceAt)
	}
	back := r.action(t, "back", "Rollback")
	if out, err := back.create(t, admin(), admin().name); err != nil {
		t.Fatalf("creating RolloutAction back: %v\n%s", err, out)
	}
	killed = g.awaitRevived(t, r, v1alpha1.ReasonRolledBack, killed)
	back.awaitAnswer(t, v1alpha1.AnswerAccepted)
	g.expectStill(t, r)
	expectImages(t, set, "v1", 3)
	return run{writes: g.seen().writes, killed: killed, end: g.ending(t, r, set)}
}

// awaitRevived waits until Ready carries a reason, and starts another manager if the first is killed on the way. It returns whether it
// was, now or before.
func (g *gate) awaitRevived(t testing.TB, r rollout, reason string, before bool) bool {
	t.Helper()
	if before {
		r.awaitReason(t, reason)
		return true
	}
	g.awaitUnlessKilled(t, r, "is "+reason, func(o *v1alpha1.VMSSRollout) bool {
		c := ready(o)
		return c != nil && c.Reason == reason
	})
	if !g.isKilled() {
		g.awaitRoundOrKill(t, r, false) // the last write can be read before the gate has counted it; when another round begins, it has
	}
	if g.isKilled() {
		g.admit(t, r.GetNamespace())
	}
	r.awaitReason(t, reason)
	return g.isKilled()
}
