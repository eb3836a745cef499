package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// TestDeletionOfWhatWroteNothing: a rollout that wrote nothing is released, and its event says that nothing had been written.
func TestDeletionOfWhatWroteNothing(t *testing.T) {
	metric.Fault(t, 23)
	obs := seen(rollout.Target{}, 3, 0)
	obs.State = rollout.State{Run: rollout.Run{Number: 1, Revision: v2.Revision()}}
	spec := canary(v2, 34)
	spec.Deletion = rollout.DeletionRollback
	d := planner.Plan(spec, obs)
	if !d.Release || !strings.Contains(d.Explanation.Message, "nothing was written") {
		t.Errorf("released %v: %s", d.Release, d.Explanation.Message)
	}
}

// deletedWith is a world of two instances that run a.sh with a Secret; one of them has b.sh with another Secret. The object is being
// deleted with onDelete Rollback, after something was done to the world.
func deletedWith(t *testing.T, does func(*simworld.Shell)) *simworld.Shell {
	t.Helper()
	w := simworld.New(func(n int) int { return n / 2 }, 2, nil, bare)
	shell := &simworld.Shell{World: w, Spec: canary(protected("a.sh", "settings-a"), 100)}
	for _, until := range []rollout.Reason{rollout.ReasonCompleted, rollout.ReasonCanaryReached} {
		live(w, shell, time.Hour, until)
		if got := shell.Last.Explanation; got.Reason != until {
			t.Fatalf("%v, want %s", got, until)
		}
		shell.Spec.Target, shell.Spec.Canary.Percent = protected("b.sh", "settings-b"), 50
	}
	shell.Spec.Deletion = rollout.DeletionRollback
	does(shell)
	return shell
}

// lets runs rounds until the object is released, or the time is over. It returns how long that took.
func lets(shell *simworld.Shell, most time.Duration) time.Duration {
	begun := shell.World.Now
	for shell.Round(); !shell.Released && shell.World.Now.Sub(begun) < most; shell.Round() {
		shell.World.Advance(shell.Recheck)
	}
	return shell.World.Now.Sub(begun)
}

// TestDeletionWithoutTheSecretEnds: a rollback before a deletion that lacks its Secret waits ten minutes, and then lets the object go.
// Where the namespace is being deleted, it does so at once. Every message names what to do, and offers nothing that is refused or does not
// help.
func TestDeletionWithoutTheSecretEnds(t *testing.T) {
	for name, c := range map[string]struct {
		secret      string // what its digest is; "": it is gone
		closed      bool
		declared    bool // spec.baseline declares another one
		early       bool // it happened before the deletion, and the run knew
		least, most time.Duration
	}{
		"gone":                         {least: 9 * time.Minute, most: 11 * time.Minute},
		"made again":                   {secret: "2", least: 9 * time.Minute, most: 11 * time.Minute},
		"gone before the deletion":     {early: true, least: 9 * time.Minute, most: 11 * time.Minute},
		"gone, and the namespace goes": {closed: true, most: time.Minute},
		"gone, and nothing declared can be stored, since the namespace goes": {closed: true, declared: true, most: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			metric.Fault(t, 10)
			shell := deletedWith(t, func(s *simworld.Shell) {
				s.Secrets, s.Closed = map[string]string{"settings-a": c.secret}, c.closed
				if c.declared {
					s.Spec.Baseline = new(protected("a.sh", "settings-c"))
				}
				if c.early {
					s.Spec.Deletion = rollout.DeletionNone
					s.Round()
					s.Spec.Deletion = rollout.DeletionRollback
				}
			})
			shell.Round()
			if said := shell.Last.Explanation.Message; !shell.Released && (!strings.Contains(said, "onDelete to Leave") ||
				!strings.Contains(said, "spec.baseline") || strings.Contains(said, "kubectl create secret")) {
				t.Errorf("while it waits: %s", said)
			}
			took := lets(shell, time.Hour)
			said := shell.Last.Explanation
			if !shell.Released || took < c.least || took > c.most || said.Reason != rollout.ReasonNotRollbackable {
				t.Fatalf("released %v after %s: %v; want it released after %s to %s", shell.Released, took, said, c.least, c.most)
			}
			for _, part := range []string{"scale set shop/web", "model", "instance 0", "settings-a"} {
				if !strings.Contains(said.Message, part) {
					t.Errorf("the message does not name %s: %s", part, said.Message)
				}
			}
		})
	}
}

// TestDeletionHearsSpecBaseline: what the message offers works: a declared baseline with a Secret of another name is gone back to.
func TestDeletionHearsSpecBaseline(t *testing.T) {
	metric.Fault(t, 10)
	shell := deletedWith(t, func(s *simworld.Shell) { s.Secrets = map[string]string{"settings-a": ""} })
	shell.Round()
	declared := protected("a.sh", "settings-c")
	shell.Spec.Baseline = &declared
	if took := lets(shell, time.Hour); !shell.Released || took > 9*time.Minute || shell.State.Rollback.Current == nil ||
		shell.State.Rollback.Current.ModelRestoredAt.IsZero() {
		t.Errorf("released %v after %s: %v", shell.Released, took, shell.Last.Explanation)
	}
	if script := shell.World.Models[len(shell.World.Models)-1].Script; script.Command != "sh a.sh" {
		t.Errorf("the model has %q", script.Command)
	}
}

// TestDeletionWaitsForAccess: access that is refused is waited for, and both ways on are named.
func TestDeletionWaitsForAccess(t *testing.T) {
	metric.Fault(t, 10)
	for _, kind := range []rollout.Kind{rollout.KindForbidden, rollout.KindUnauthorized} {
		spec, obs := canary(image2, 34), seen(image2, 2, 1)
		spec.Deletion = rollout.DeletionRollback
		obs.State = rollout.State{
			Run:      rollout.Run{Number: 1, Revision: image2.Revision()},
			Ledger:   rollout.Ledger{Exposed: []string{"2"}},
			Rollback: rollout.RollbackState{Baseline: rollout.Baseline{Revision: "r", Fixed: true}},
		}
		problem := &rollout.Problem{Kind: kind, Code: "AuthorizationFailed", Message: "no", Remediation: "az role assignment create"}
		obs.Model, obs.Instances = rollout.FailedResult[rollout.Model](problem), rollout.FailedResult[[]rollout.Instance](problem)
		for range 30 {
			d := planner.Plan(spec, obs)
			if d.Release {
				t.Fatalf("%s: released: %s", kind, d.Explanation.Message)
			}
			wantWait(t, d, rollout.ReasonAccessDenied, "grant access again", "set spec.onDelete to Leave",
				"to fix it: az role assignment create")
			obs.State, obs.At = d.State, obs.At.Add(time.Hour)
		}
	}
}

// TestLostScaleSetIsLookedForTwice: one answer that the scale set is not there lets nothing go. The second one, a minute later, does,
// unless Azure found it in between.
func TestLostScaleSetIsLookedForTwice(t *testing.T) {
	metric.Fault(t, 10)
	w := simworld.New(func(n int) int { return n / 2 }, 3, nil, bare)
	shell := &simworld.Shell{World: w, Spec: canary(image2, 34)}
	live(w, shell, time.Hour, rollout.ReasonCanaryReached)
	shell.Spec.Deletion = rollout.DeletionRollback
	look := func(gone bool, after time.Duration) {
		w.Advance(after)
		w.Gone = gone
		shell.Round()
	}
	look(true, time.Second)
	if shell.Released || !strings.Contains(shell.Last.Explanation.Message, "either") {
		t.Fatalf("released %v at the first look: %v", shell.Released, shell.Last.Explanation)
	}
	look(true, 30*time.Second)
	look(false, 15*time.Second)
	look(true, time.Minute) // the write of the model is over by now; its end is not known
	look(true, 30*time.Second)
	if shell.Released {
		t.Fatalf("released, though Azure found it less than a minute ago: %v", shell.Last.Explanation)
	}
	if took := lets(shell, time.Hour); !shell.Released || took > 2*time.Minute ||
		!strings.Contains(shell.Last.Explanation.Message, "scale set shop/web is gone") {
		t.Errorf("released %v after %s: %v", shell.Released, took, shell.Last.Explanation)
	}
}
