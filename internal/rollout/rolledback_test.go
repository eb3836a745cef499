package rollout_test

import (
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// TestRolledBackRevisionStands: a revision that was rolled back or aborted is not rolled out again when the status is lost. A Retry, or
// another target, is.
func TestRolledBackRevisionStands(t *testing.T) {
	for _, verb := range []rollout.Verb{rollout.VerbRollback, rollout.VerbAbort} {
		for name, goesOn := range map[string]func(*simworld.Shell){
			"retried":        func(s *simworld.Shell) { requested(s, rollout.VerbRetry) },
			"another target": func(s *simworld.Shell) { s.Spec.Target = image3 },
		} {
			t.Run(string(verb)+" "+name, func(t *testing.T) {
				metric.Fault(t, 17)
				w := simworld.New(func(n int) int { return n / 2 }, 3, nil, bare)
				shell := &simworld.Shell{World: w, Spec: canary(image2, 34)}
				live(w, shell, time.Hour, rollout.ReasonCanaryReached)
				requested(shell, verb)
				ends := map[rollout.Verb]rollout.Reason{rollout.VerbRollback: rollout.ReasonRolledBack, rollout.VerbAbort: rollout.ReasonAborted}[verb]
				live(w, shell, time.Hour, ends)

				shell.RolledBackRevision = shell.State.RolledBackRevision()
				shell.State, shell.Last, shell.Answers = rollout.State{}, rollout.Decision{}, nil
				before := shell.Effects
				for range 30 {
					shell.Round()
					w.Advance(shell.Recheck)
				}
				wantWait(t, shell.Last, ends, "not rolled out again", "change spec.target", "Retry")
				if shell.Effects != before || shell.State.Run.Number != 1 {
					t.Fatalf("%d effects after the status was lost, run %d", shell.Effects-before, shell.State.Run.Number)
				}
				goesOn(shell)
				live(w, shell, time.Hour, rollout.ReasonCanaryReached)
				if got := shell.Last.Explanation; got.Reason != rollout.ReasonCanaryReached ||
					shell.State.RolledBackRevision() != (rollout.RolledBackRevision{}) {
					t.Errorf("it does not go on: %v", got)
				}
			})
		}
	}
}

// TestRolledBackAndDeleted: such a rollout has nothing to put back.
func TestRolledBackAndDeleted(t *testing.T) {
	metric.Fault(t, 17)
	spec, obs := canary(image2, 34), seen(image2, 3, 0)
	obs.State, obs.Cluster.RolledBack = rollout.State{}, rollout.RolledBackRevision{Kind: rollout.FullRollback, Revision: image2.Revision()}
	spec.Deletion = rollout.DeletionRollback
	if d := planner.Plan(spec, obs); !d.Release {
		t.Errorf("not released: %v", d.Explanation)
	}
}
