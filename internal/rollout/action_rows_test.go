package rollout_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// answerTo plans the round in which the action is seen, and demands one answer that says the text.
func answerTo(t *testing.T, spec rollout.Spec, obs rollout.Observation, a rollout.Action, says string) rollout.Decision {
	t.Helper()
	a.UID, a.Run = "a", obs.State.Run.Number
	obs.Actions = []rollout.Action{a}
	d := planner.Plan(spec, obs)
	if len(d.Answers) != 1 || !strings.Contains(d.Answers[0].Message, says) {
		t.Errorf("%s: answers %+v, want %q", a.Verb, d.Answers, says)
	}
	return d
}

// TestActionsOfACompletedRun: an action that a completed run does not take is rejected, also in an idle round, which reads nothing.
func TestActionsOfACompletedRun(t *testing.T) {
	for verb, says := range map[rollout.Verb]string{
		rollout.VerbAbort:        "to restore an older revision, create a RolloutAction Rollback with toRevision",
		rollout.VerbSkipInstance: "the run is completed",
	} {
		spec, obs := canary(v2, 100), seen(v2, 0, 2)
		obs.State.Run.Completed, obs.Instances, obs.Model = true, rollout.Result[[]rollout.Instance]{}, rollout.Result[rollout.Model]{}
		if d := answerTo(t, spec, obs, rollout.Action{Verb: verb, Instance: "1"}, says); d.State.Rollback.Current != nil {
			t.Errorf("%s: a rollback was started: %+v", verb, d.State.Rollback.Current)
		}
	}
}

// TestGateDuringARollback: no gate of a step opens while a rollback is under way.
func TestGateDuringARollback(t *testing.T) {
	for _, verb := range []rollout.Verb{rollout.VerbApprove, rollout.VerbPromote} {
		spec, obs := rollbackUnderWay()
		spec.Canary.Steps = []rollout.CanaryStep{{Name: "one", Percent: 50}, {Name: "all", Percent: 100}}
		answerTo(t, spec, obs, rollout.Action{Verb: verb, Step: "one"}, "a rollback is under way")
	}
}

// TestMostSkippedInstances: a run skips a hundred instances, and no more.
func TestMostSkippedInstances(t *testing.T) {
	for before, says := range map[int]string{99: "took effect", 100: "100 instances are skipped, the maximum of a run"} {
		spec, obs := canary(v2, 100), seen(v2, 2, 0)
		for n := range before {
			obs.State.Ledger.Skipped = append(obs.State.Ledger.Skipped, rollout.Ref{ID: fmt.Sprint("gone-", n)})
		}
		d := answerTo(t, spec, obs, rollout.Action{Verb: rollout.VerbSkipInstance, Instance: "1"}, says)
		if n := len(d.State.Ledger.Skipped); n != 100 {
			t.Errorf("after %d: %d are skipped", before, n)
		}
	}
}

// TestUndoToAnInvalidBaseline: a revision that cannot be relied on is restored only where a run brought every instance to it.
func TestUndoToAnInvalidBaseline(t *testing.T) {
	for promoted, says := range map[string]string{"before": "took effect", "another": "revision before cannot be restored: it is not known"} {
		spec, obs := canary(image2, 100), seen(image2, 2, 2)
		obs.State.Run.Number = 2
		obs.State.History = []rollout.PastRun{{Number: 1, Result: rollout.RunPromoted, Revision: promoted}}
		obs.State.Rollback.Baseline = rollout.Baseline{Revision: "before", Run: 2, Fixed: true, Invalid: "it is not known"}
		stored := rollout.KnownResult(rollout.Snapshot{Image: &bare.Image})
		obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"before": stored}
		answerTo(t, spec, obs, rollout.Action{Verb: rollout.VerbRollback, Revision: "before"}, says)
	}
}

// TestUndoWithTheSecretOfTheTarget: a revision that uses the Secret of the target is rejected where the Secret is known to have changed,
// and not where it was not read.
func TestUndoWithTheSecretOfTheTarget(t *testing.T) {
	for name, row := range map[string]struct {
		read rollout.Result[rollout.ProtectedSettings]
		says string
	}{
		"as it was":    {rollout.KnownResult(rollout.ProtectedSettings{Digest: "d"}), "took effect"},
		"changed":      {rollout.KnownResult(rollout.ProtectedSettings{Digest: "e"}), `cannot be restored: Secret "web" changed`},
		"not read":     {rollout.Result[rollout.ProtectedSettings]{}, "took effect"},
		"not readable": {rollout.FailedResult[rollout.ProtectedSettings](&rollout.Problem{Kind: rollout.KindTransient}), "took effect"},
	} {
		t.Run(name, func(t *testing.T) {
			target := rollout.Target{Script: &rollout.Script{Command: "sh v2.sh", ProtectedSettings: "web"}}
			spec, obs := canary(target, 100), seen(target, 0, 2)
			obs.State.Run.Completed, obs.State.Model.ScriptWritten = true, true
			older := rollout.Snapshot{Script: &rollout.ScriptSnapshot{Command: "sh v1.sh", ProtectedSettings: "web", Digest: "d"}}
			obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"older": rollout.KnownResult(older)}
			obs.Cluster.Settings = row.read
			answerTo(t, spec, obs, rollout.Action{Verb: rollout.VerbRollback, Revision: "older"}, row.says)
		})
	}
}

// TestRevisionThatAnActionNames: the stored revision that an action names is read for a rollback alone.
func TestRevisionThatAnActionNames(t *testing.T) {
	for verb, want := range map[rollout.Verb]string{rollout.VerbRollback: "older", rollout.VerbPromoteFull: ""} {
		spec, obs := canary(v2, 50), seen(v2, 2, 2)
		obs.Actions = []rollout.Action{{UID: "a", Verb: verb, Run: 1, Revision: "older"}}
		if got := planner.RequiredReads(spec, obs).Revision; got != want {
			t.Errorf("%s: revision %q is read, want %q", verb, got, want)
		}
	}
}

// TestWhatARetryTakesOver: a retry takes over what still holds for the target: all of a run that failed on its way, the instances of a run
// that had nothing to go back to, and nothing of a run whose rollback failed.
func TestWhatARetryTakesOver(t *testing.T) {
	back := rollout.Rollback{Kind: rollout.FullRollback, Cause: rollout.CauseFailure, StartedAt: at}
	restored := back
	restored.Revision = "before"
	for name, row := range map[string]struct {
		current *rollout.Rollback
		want    string
	}{
		"on its way":                 {nil, "failed 0 Retry; verified 1; script true"},
		"nothing to go back to":      {&back, "failed 0 Retry; verified 1; script false"},
		"its rollback failed":        {&restored, "failed ; verified ; script false"},
		"its rollback failed, later": {&rollout.Rollback{Kind: back.Kind, Revision: "before", Done: true}, "failed ; verified ; script false"},
	} {
		spec, obs := canary(v2, 50), seen(v2, 2, 2)
		obs.Instances, obs.Model = rollout.Result[[]rollout.Instance]{}, rollout.Result[rollout.Model]{}
		obs.State.Rollback.Current, obs.State.Model.ScriptWritten, obs.State.Ledger.Verified = row.current, true, []string{"1"}
		obs.State.Ledger.Failed = []rollout.Failure{{Ref: attempts("0")[0].Ref, Reason: rollout.FailureStuck, At: at}}
		d := answerTo(t, spec, obs, rollout.Action{Verb: rollout.VerbRetry}, "took effect")
		var failed []string
		for _, f := range d.State.Ledger.Failed {
			failed = append(failed, f.ID+" "+string(f.Reason))
		}
		got := fmt.Sprintf("failed %s; verified %s; script %t", strings.Join(failed, ","), strings.Join(d.State.Ledger.Verified, ","),
			d.State.Model.ScriptWritten)
		if got != row.want || d.State.Run.Number != 2 {
			t.Errorf("%s: run %d has %q, want %q", name, d.State.Run.Number, got, row.want)
		}
	}
}
