package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// stuckWorld is a world of ten instances, of which four have the target and the next two are being upgraded for ever.
func stuckWorld(t *testing.T) (*simworld.World, *simworld.Shell) {
	w := simworld.New(func(n int) int { return n / 2 }, 10, nil, bare)
	shell := &simworld.Shell{World: w, Spec: canary(image2, 100,
		func(s *rollout.Spec) { s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = 2, 4 })}
	for range 60 {
		shell.Round()
		if op := shell.State.Operation; op != nil && op.Kind == rollout.UpgradeOperation && op.Instances[0].ID == "4" {
			w.Hang()
			return w, shell
		}
		w.Advance(shell.Recheck)
	}
	t.Fatal("no upgrade of instance 4 was begun")
	return nil, nil
}

// live runs rounds for a time, or until the reason is the wanted one.
func live(w *simworld.World, shell *simworld.Shell, most time.Duration, until rollout.Reason) {
	begun := w.Now
	for w.Now.Sub(begun) < most && shell.Last.Explanation.Reason != until {
		shell.Round()
		w.Advance(min(shell.Recheck, time.Minute))
	}
}

// requested asks for a rollback or an abort.
func requested(shell *simworld.Shell, verb rollout.Verb) {
	shell.Actions = []rollout.Action{{UID: "stuck", Verb: verb, Run: shell.State.Run.Number, RequestedBy: "ann"}}
}

// TestStuckUpgradeRollsBackTheOthers rolls back while an upgrade never ends: the four verified instances go back within half an hour, what
// does not end is named, and after two hours without a move the run is stalled.
func TestStuckUpgradeRollsBackTheOthers(t *testing.T) {
	metric.Fault(t, 14)
	w, shell := stuckWorld(t)
	requested(shell, rollout.VerbRollback)
	live(w, shell, 30*time.Minute, rollout.ReasonFailed)
	for _, m := range w.Instances[:4] {
		if w.Models[m.Model].Image.ID != bare.Image.ID {
			t.Errorf("half an hour after the rollback instance %s has %s: %s", m.ID, w.Models[m.Model].Image.ID, shell.Last.Explanation.Message)
		}
	}
	if got := shell.Last.Explanation; got.Reason != rollout.ReasonRollingBack || !strings.Contains(got.Message, "operation op-") {
		t.Errorf("want RollingBack with the operation's id, got %v", got)
	}
	live(w, shell, 3*time.Hour, rollout.ReasonFailed)
	if got := shell.Last.Explanation; got.Reason.Readiness() != rollout.Stuck || !strings.Contains(got.Message, "operation op-") ||
		!strings.Contains(got.Message, "started at") {
		t.Errorf("want it stalled, with the operation's id and age, got %v", got)
	}
	if len(w.Violations) > 0 {
		t.Error(w.Violations)
	}
}

// TestStuckUpgradeAborts ends an abort when the model is restored, and names what is still in flight.
func TestStuckUpgradeAborts(t *testing.T) {
	metric.Fault(t, 14)
	w, shell := stuckWorld(t)
	requested(shell, rollout.VerbAbort)
	live(w, shell, 20*time.Minute, rollout.ReasonAborted)
	if got := shell.Last.Explanation; got.Reason != rollout.ReasonAborted || !strings.Contains(got.Message, "still running") {
		t.Errorf("want Aborted with what is in flight, got %v", got)
	}
}

// TestStuckWriteIsSuperseded restores the model though the write of the target never ends.
func TestStuckWriteIsSuperseded(t *testing.T) {
	for _, verb := range []rollout.Verb{rollout.VerbAbort, rollout.VerbRollback} {
		metric.Fault(t, 14)
		w := simworld.New(func(n int) int { return n / 2 }, 3, nil, bare)
		shell := &simworld.Shell{World: w, Spec: canary(image2, 100)}
		shell.Round()
		w.Hang()
		requested(shell, verb)
		live(w, shell, 20*time.Minute, map[rollout.Verb]rollout.Reason{rollout.VerbAbort: rollout.ReasonAborted,
			rollout.VerbRollback: rollout.ReasonRolledBack}[verb])
		if got := w.Models[len(w.Models)-1].Image.ID; got != bare.Image.ID || shell.Last.Explanation.Reason.Readiness() != rollout.Stuck {
			t.Errorf("%s: after 20 minutes the model has %s: %v", verb, got, shell.Last.Explanation)
		}
	}
}
