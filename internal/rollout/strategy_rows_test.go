package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestZonesDoNotBindARollback restores instances of two zones at once, though the rollout upgrades zone by zone.
func TestZonesDoNotBindARollback(t *testing.T) {
	spec, obs := rollbackUnderWay()
	spec.Instances.Zones, spec.Batch.MaxUnavailable.Value = rollout.ZonesOneAtATime, 2
	obs.Instances.Value[0].Zone, obs.Instances.Value[1].Zone = "1", "2"
	d := planner.Plan(spec, obs)
	if got := strings.Join(idsOf(rollout.InstancesOf(d.Step)), ","); got != "0,1" {
		t.Errorf("restores %q, want both: %v", got, d.Explanation)
	}
}

// TestPlannedCountsAnInstanceOnce counts the instances of a plan by their upgrades: a reimage after it is no other instance.
func TestPlannedCountsAnInstanceOnce(t *testing.T) {
	spec, obs := canary(image2, 100), seen(image2, 2, 0)
	spec.PlanOnly, spec.Instances.Action = true, rollout.ActionUpgradeThenReimage
	wantWait(t, planner.Plan(spec, obs), rollout.ReasonPlanned, "planned, nothing is changed: 2 instances in 4 batches")
}

// failedOf is a release in which instance 0 failed and lacks the target.
func failedOf(reason rollout.FailureReason) (rollout.Spec, rollout.Observation) {
	spec, obs := canary(v2, 50), seen(v2, 3, 1)
	obs.State.Ledger.Exposed = []string{"0", "3"}
	obs.State.Ledger.Failed = []rollout.Failure{{Ref: obs.Instances.Value[0].Ref(), Reason: reason, Message: "it is stuck"}}
	return spec, obs
}

// TestRetryKeepsTheBudget tries a healthy instance again only where maxUnavailable has room for it.
func TestRetryKeepsTheBudget(t *testing.T) {
	for health, want := range map[rollout.Tristate]string{rollout.True: "0", rollout.False: "", rollout.Unknown: ""} {
		spec, obs := failedOf(rollout.FailureStuck)
		spec.Failure.Retries = 1
		obs.Instances.Value[2].Health.Healthy = health
		d := planner.Plan(spec, obs)
		if got := strings.Join(idsOf(rollout.InstancesOf(d.Step)), ","); got != want {
			t.Errorf("with instance 2 %v: upgrades %q, want %q: %v", health, got, want, d.Explanation)
		}
	}
}

// TestRetryWithoutRoomPreparesNothing ends the hooks before an instance while a requested retry waits for room: nothing is known of how
// long that takes.
func TestRetryWithoutRoomPreparesNothing(t *testing.T) {
	spec, obs := failedOf(rollout.FailureRetry)
	obs.Instances.Value[2].Health.Healthy = rollout.False
	preparing(&spec, &obs, "0")
	obs.State.Ledger.Cordoned = nil
	d := planner.Plan(spec, obs)
	wantWait(t, d, rollout.ReasonWaitingForHealth, "waiting to retry instance 0")
	if hooks := d.State.Tasks.Hooks; len(hooks) > 0 {
		t.Errorf("hooks %+v are kept", hooks)
	}
}

// TestDriftOfAnotherToolIsNamedFirst reports what another tool changed in the model, and not the other parts of instances behind it.
func TestDriftOfAnotherToolIsNamedFirst(t *testing.T) {
	for other, says := range map[string]string{image2.Image.ID: "other parts", "/images/other": "image"} {
		spec, obs := canary(image2, 100), seen(image2, 2, 2)
		behind := &obs.Instances.Value[3]
		behind.Latest, behind.Disk.Image, behind.ListedAt = rollout.False, image2.Image, obs.At
		obs.State.Ledger.Verified = []string{"2", "3"}
		obs.Model.Value.Image.ID = other
		if drifted := planner.Plan(spec, obs).Report.Facts.Drifted; !strings.Contains(drifted, says) {
			t.Errorf("model with %s: drifted is %q, want %q", other, drifted, says)
		}
	}
}

// TestForbiddenSettingsBeforeADeletion waits for the right to read the Secret that a rollback before the deletion needs, unless the
// namespace goes, where no right comes back.
func TestForbiddenSettingsBeforeADeletion(t *testing.T) {
	for terminating, want := range map[bool]rollout.Reason{false: rollout.ReasonAccessDenied, true: rollout.ReasonNotRollbackable} {
		spec, obs := rollbackUnderWay()
		spec.Deletion, obs.Cluster.Terminating = rollout.DeletionRollback, terminating
		obs.State.Rollback.Current.Cause, obs.State.Rollback.Current.ModelRestoredAt = rollout.CauseDeletion, time.Time{}
		before := rollout.Snapshot{Image: &bare.Image, Script: &rollout.ScriptSnapshot{ProtectedSettings: "old", Digest: "d"}}
		obs.Cluster.Revisions["before"] = rollout.KnownResult(before)
		obs.State.Rollback.Baseline.SecretName, obs.State.Rollback.Baseline.SecretDigest = "old", "d"
		obs.Cluster.Settings = rollout.FailedResult[rollout.ProtectedSettings](
			&rollout.Problem{Kind: rollout.KindForbidden, Message: "no role"})
		wantWait(t, planner.Plan(spec, obs), want)
	}
}

// TestRevisionWithAnotherSecretIsNotRestored rejects a rollback to a revision whose Secret has changed since.
func TestRevisionWithAnotherSecretIsNotRestored(t *testing.T) {
	for digest, want := range map[string]string{"d": "took effect", "e": "cannot be restored: Secret \"old\" changed"} {
		spec, obs := canary(v2, 100), seen(v2, 0, 2)
		obs.State.Run.Completed, obs.State.Run.StartedAt = true, obs.At.Add(-time.Hour)
		obs.State.Rollback.Baseline = rollout.Baseline{Revision: "before", Run: 1, Fixed: true, SecretName: "old", SecretDigest: "d"}
		script := rollout.ScriptSnapshot{ProtectedSettings: "old", Digest: "d"}
		obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"older": rollout.KnownResult(rollout.Snapshot{Script: &script})}
		obs.Cluster.BaselineSettings = rollout.KnownResult(rollout.ProtectedSettings{HasCommand: true, Digest: digest})
		obs.Actions = []rollout.Action{{UID: "a", Verb: rollout.VerbRollback, Run: 1, Revision: "older"}}
		answers := planner.Plan(spec, obs).Answers
		if len(answers) != 1 || !strings.Contains(answers[0].Message, want) {
			t.Errorf("digest %s: answers %+v, want %q", digest, answers, want)
		}
	}
}

// TestAnswersToActions gives each action that comes at the wrong time its reason, and takes a retry of a rollback that failed.
func TestAnswersToActions(t *testing.T) {
	for name, row := range map[string]struct {
		verb   rollout.Verb
		change func(*rollout.Spec, *rollout.Observation)
		says   string
	}{
		"an approval of a completed run": {rollout.VerbApprove, func(s *rollout.Spec, o *rollout.Observation) {
			o.State.Rollback, o.State.Run.Completed = rollout.RollbackState{}, true
			s.Canary.Steps = []rollout.CanaryStep{{Name: "one", Percent: 100}}
		}, "the run is completed"},
		"a retry of a rollback under way": {rollout.VerbRetry, func(*rollout.Spec, *rollout.Observation) {}, "retry after that"},
		"a retry of a rollback that failed": {rollout.VerbRetry, func(_ *rollout.Spec, o *rollout.Observation) {
			o.State.Ledger.Failed = []rollout.Failure{{Ref: o.Instances.Value[0].Ref(), Reason: rollout.FailureNotApplied, Message: "stays"}}
		}, "took effect"},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := rollbackUnderWay()
			row.change(&spec, &obs)
			obs.Actions = []rollout.Action{{UID: "a", Verb: row.verb, Run: 1, Step: "one"}}
			if answers := planner.Plan(spec, obs).Answers; len(answers) != 1 || !strings.Contains(answers[0].Message, row.says) {
				t.Errorf("answers %+v, want %q", answers, row.says)
			}
		})
	}
}

// TestLostRevisionIsSaid names the stored revision that a run should be able to go back to and that is gone.
func TestLostRevisionIsSaid(t *testing.T) {
	spec, obs := canary(v2, 50), seen(rollout.Target{}, 2, 0)
	obs.State = rollout.State{Run: rollout.Run{Number: 2, Revision: v2.Revision(), StartedAt: obs.At.Add(-time.Minute)}}
	obs.State.Rollback.LastCompletedRevision = "former"
	gone := &rollout.Problem{Kind: rollout.KindNotFound, Message: "gone"}
	obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"former": rollout.FailedResult[rollout.Snapshot](gone)}
	if b := planner.Plan(spec, obs).State.Rollback.Baseline; b.Invalid != "the stored baseline former is gone; declare spec.baseline" {
		t.Errorf("baseline %+v", b)
	}
}

// TestUnknownModelHoldsOnlyTheLast names the instances whose model is not reported only where no other instance is left to upgrade.
func TestUnknownModelHoldsOnlyTheLast(t *testing.T) {
	for latest, says := range map[rollout.Tristate]string{
		rollout.False: "maxUnavailable exhausted", rollout.True: "does not report which model",
	} {
		spec, obs := canary(v2, 100), seen(v2, 2, 1)
		obs.State.Ledger.Exposed = []string{"1", "2"}
		obs.Instances.Value[0].Latest, obs.Instances.Value[0].Health.Healthy = rollout.Unknown, rollout.False
		obs.Instances.Value[1].Latest = latest
		wantSays(t, planner.Plan(spec, obs), says)
	}
}

func wantSays(t *testing.T, d rollout.Decision, says string) {
	t.Helper()
	if d.Step.Operation() != "" || !strings.Contains(d.Explanation.Message, says) {
		t.Errorf("got %T, %v; want a wait that says %q", d.Step, d.Explanation, says)
	}
}
