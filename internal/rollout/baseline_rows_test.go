package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// beforeFirstWrite is a run that inherits the revision "former" and has written nothing yet.
func beforeFirstWrite() (rollout.Spec, rollout.Observation) {
	spec, obs := canary(v2, 50), seen(rollout.Target{}, 2, 0)
	obs.State = rollout.State{Run: rollout.Run{Number: 2, Revision: v2.Revision(), StartedAt: obs.At.Add(-time.Minute)}}
	obs.State.Rollback.LastCompletedRevision = "former"
	obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"former": rollout.KnownResult(rollout.Snapshot{
		Script: &rollout.ScriptSnapshot{URIs: v1.Script.URIs, Command: v1.Script.Command, ProtectedSettings: "old", Digest: "d"}})}
	return spec, obs
}

// TestBaselineIsFoundOutWhilePaused reports the pause, and not that the baseline cannot be read: nothing is written yet.
func TestBaselineIsFoundOutWhilePaused(t *testing.T) {
	for paused, want := range map[bool]rollout.Reason{true: rollout.ReasonPaused, false: rollout.ReasonAccessDenied} {
		spec, obs := beforeFirstWrite()
		spec.Target, obs.State.Run.Revision, spec.Paused = image2, image2.Revision(), paused
		noRole := &rollout.Problem{Kind: rollout.KindForbidden, Message: "no role"}
		obs.Cluster.Revisions["former"] = rollout.FailedResult[rollout.Snapshot](noRole)
		wantWait(t, planner.Plan(spec, obs), want)
	}
}

// TestLostSecretHoldsNoRun waits for a Secret of the baseline that may become readable by itself, and not for one that is lost: then the
// run begins without a rollback.
func TestLostSecretHoldsNoRun(t *testing.T) {
	for kind, lost := range map[rollout.Kind]bool{rollout.KindInvalid: true, rollout.KindForbidden: true, rollout.KindTransient: false} {
		spec, obs := beforeFirstWrite()
		obs.Cluster.BaselineSettings = rollout.FailedResult[rollout.ProtectedSettings](&rollout.Problem{Kind: kind, Message: "no Secret"})
		d := planner.Plan(spec, obs)
		why := d.State.Rollback.Baseline.Unavailable
		if isSaid := strings.Contains(why, "no Secret"); isSaid != lost || (d.Step.Operation() != "") != lost {
			t.Errorf("%s: %T, unavailable %q: %v", kind, d.Step, why, d.Explanation)
		}
	}
}

// TestPlanDuringABatchShowsItsBaseline shows in a plan the baseline that the run has, while instances of its batch wait for their reimage.
func TestPlanDuringABatchShowsItsBaseline(t *testing.T) {
	spec, obs := batchOf()
	spec.PlanOnly, spec.Instances.Action = true, rollout.ActionUpgradeThenReimage
	obs.State.Rollback.Baseline = rollout.Baseline{Revision: "before", Source: rollout.BaselineSnapshot, Run: 1}
	d := planner.Plan(spec, obs)
	wantWait(t, d, rollout.ReasonPlanned)
	if d.Report.Preview == nil || d.Report.Preview.Baseline != obs.State.Rollback.Baseline {
		t.Errorf("preview %+v, want the baseline %+v", d.Report.Preview, obs.State.Rollback.Baseline)
	}
}

// TestDeclaredBaselineInADeletedNamespace stores what spec.baseline declares, unless the object is being deleted with its namespace.
func TestDeclaredBaselineInADeletedNamespace(t *testing.T) {
	for deletion, row := range map[rollout.Deletion]struct {
		says    string
		release bool
	}{
		rollout.DeletionNone:     {"storing what spec.baseline declares", false},
		rollout.DeletionRollback: {"cannot be stored", true},
	} {
		spec, obs := rollbackUnderWay()
		spec.Deletion, spec.Baseline, obs.Cluster.Terminating = deletion, &rollout.Target{Image: &bare.Image}, true
		obs.State.Rollback.Baseline.Invalid, obs.State.Rollback.Current.Revision = "the stored baseline is gone", ""
		obs.State.Rollback.Current.Cause = rollout.CauseDeletion
		d := planner.Plan(spec, obs)
		if wantSays(t, d, row.says); d.Release != row.release {
			t.Errorf("deletion %q: released %t", deletion, d.Release)
		}
	}
}

// TestRefusedWriteLeavesNoTarget ends the rollback of a run that wrote nothing, and names no instance that keeps the target.
func TestRefusedWriteLeavesNoTarget(t *testing.T) {
	spec, obs := canary(image2, 50), seen(rollout.Target{Image: &bare.Image}, 3, 0)
	obs.State = rollout.State{Run: rollout.Run{Number: 1, Revision: image2.Revision()}}
	obs.State.Rollback = rollout.RollbackState{Baseline: rollout.Baseline{Revision: "before", Run: 1, NewestInstanceAt: at},
		Current: &rollout.Rollback{Kind: rollout.FullRollback, Cause: rollout.CauseAction, Message: "asked", StartedAt: obs.At}}
	obs.Instances.Value[2].Protected = true // and newer than the first write, which was refused
	d := planner.Plan(spec, obs)
	wantWait(t, d, rollout.ReasonRolledBack, "nothing was written")
	if len(d.State.Ledger.Exposed) > 0 || strings.Contains(d.Explanation.Message, "keeps the target") {
		t.Errorf("exposed are %v: %v", d.State.Ledger.Exposed, d.Explanation)
	}
}

// TestReturnAfterTheBatch: a run whose target is the baseline returns to it once the batch in flight has ended.
func TestReturnAfterTheBatch(t *testing.T) {
	for name, row := range map[string]struct {
		inFlight bool
		want     string
	}{
		"a batch is in flight": {true, "0,1 get their new disks"}, "nothing is in flight": {false, "returns"},
	} {
		spec, obs := batchOf()
		spec.Instances.Action, obs.State.Model.Applied = rollout.ActionUpgradeThenReimage, false
		obs.State.Rollback.Baseline = rollout.Baseline{Revision: "before", Fixed: true}
		was := rollout.Snapshot{Script: &rollout.ScriptSnapshot{URIs: v2.Script.URIs, Command: v2.Script.Command}}
		obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"before": rollout.KnownResult(was)}
		if !row.inFlight {
			obs.State.Operation = nil
		}
		d := planner.Plan(spec, obs)
		got := strings.Join(idsOf(rollout.InstancesOf(d.Step)), ",") + " get their new disks"
		if current := d.State.Rollback.Current; current != nil && current.Cause == rollout.CauseTarget {
			got = "returns"
		}
		if got != row.want {
			t.Errorf("%s: %s, want %s: %v", name, got, row.want, d.Explanation)
		}
	}
}

// TestCompletedAtTheBaselineStaysCompleted: instances that fall behind reopen a completed run where other changes are rolled, unless the
// run completed at its baseline: its instances never left that.
func TestCompletedAtTheBaselineStaysCompleted(t *testing.T) {
	for atBaseline, want := range map[bool]bool{true: true, false: false} {
		spec, obs := canary(v2, 100), seen(v2, 2, 2)
		spec.Drift.RollOther, obs.Model.Value.Script.Command = true, "sh other.sh"
		obs.State.Model.Applied, obs.State.Run.Completed, obs.State.Run.CompletedAtBaseline = false, true, atBaseline
		if d := planner.Plan(spec, obs); d.State.Run.Completed != want {
			t.Errorf("completed at the baseline %t: stays completed %t: %v", atBaseline, d.State.Run.Completed, d.Explanation)
		}
	}
}
