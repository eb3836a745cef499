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
	spec, obs := wayBack()
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
		spec, obs := wayBack()
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
