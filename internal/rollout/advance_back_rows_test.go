package rollout_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestSecondLookForAScaleSet: before a deletion, a scale set counts as gone once two looks a minute apart did not find it, with nothing
// between them that shows it.
func TestSecondLookForAScaleSet(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*rollout.Observation)
		want   bool
	}{
		"the second look": {func(*rollout.Observation) {}, true},
		"the list shows it": {func(o *rollout.Observation) {
			_, there := rollbackUnderWay()
			o.Instances = there.Instances
		}, false},
		"another read was refused before": {func(o *rollout.Observation) {
			o.State.Pacing.ReadsDeferred.Kind, o.State.Pacing.ReadsDeferred.Until = rollout.KindThrottled, o.At.Add(-time.Second)
		}, false},
		"its automatic repairs are gone with it": {func(o *rollout.Observation) { o.State.RepairsSuspended = true }, true},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := rollbackUnderWay()
			spec.Deletion, obs.State.Rollback.Current.Cause = rollout.DeletionRollback, rollout.CauseDeletion
			obs.Model = rollout.FailedResult[rollout.Model](&rollout.Problem{Kind: rollout.KindNotFound, Message: "no scale set"})
			obs.Instances = rollout.FailedResult[[]rollout.Instance](obs.Model.Problem)
			obs.State.Pacing.ReadsDeferred = rollout.Deferral{Kind: rollout.KindNotFound, Since: obs.At.Add(-2 * time.Minute), Attempts: 1}
			row.change(&obs)
			if d := planner.Plan(spec, obs); d.Release != row.want || d.Step.Operation() != "" {
				t.Errorf("released %t, want %t: %T, %v", d.Release, row.want, d.Step, d.Explanation)
			}
		})
	}
}

// TestDeletionAfterAnUndo: a deletion takes an undo that is under way to its end. Of one that is over it restores the instances that were
// left out, and no other.
func TestDeletionAfterAnUndo(t *testing.T) {
	for done, want := range map[bool]string{false: "0,3", true: "0"} {
		spec, obs := rollbackUnderWay()
		spec.Deletion, spec.Batch.MaxUnavailable.Value = rollout.DeletionRollback, 4
		obs.State.Rollback.Current.AllInstances, obs.State.Rollback.Current.Done = true, done
		obs.State.Ledger.Exposed = []string{"0"}
		obs.Instances.Value[1].Latest, obs.Instances.Value[1].Disk.Image = rollout.True, &bare.Image
		obs.Instances.Value[3].Latest = rollout.False
		d := planner.Plan(spec, obs)
		if got := strings.Join(idsOf(rollout.InstancesOf(d.Step)), ","); got != want {
			t.Errorf("undo is over %t: restores %q, want %q: %v", done, got, want, d.Explanation)
		}
	}
}

// TestRollbackOwesNoReimage: where one rollback takes the place of another, the instances of a batch in flight lack no disk of the release.
func TestRollbackOwesNoReimage(t *testing.T) {
	for name, row := range map[string]struct {
		current *rollout.Rollback
		want    string
	}{
		"on the way forward": {nil, "0 NotApplied,1 NotReimaged"},
		"during a rollback": {&rollout.Rollback{Kind: rollout.FullRollback, Cause: rollout.CauseAction, Revision: "older", AllInstances: true,
			Message: "asked"}, "0 NotApplied"},
	} {
		spec, obs := rollbackUnderWay()
		spec.Instances.Action = rollout.ActionUpgradeThenReimage
		obs.State.Rollback.Current, obs.State.Rollback.Baseline.Invalid = row.current, "the record is gone"
		obs.State.Ledger.Failed = []rollout.Failure{{Ref: obs.Instances.Value[0].Ref(), Reason: rollout.FailureNotApplied, Message: "stays"}}
		obs.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.UpgradeOperation, Rollback: row.current != nil, Attempt: 1,
			CreatedAt: obs.At.Add(-time.Minute), AcceptedAt: obs.At.Add(-time.Minute), Instances: attempts("1")}
		obs.Actions = []rollout.Action{{UID: "a", Verb: rollout.VerbRollback, Run: 1}}
		d := planner.Plan(spec, obs)
		var failed []string
		for _, f := range d.State.Ledger.Failed {
			failed = append(failed, f.ID+" "+string(f.Reason))
		}
		if got := strings.Join(failed, ","); got != row.want || len(d.Answers) != 1 || !d.Answers[0].Accepted {
			t.Errorf("%s: failed are %s, want %s: %v", name, got, row.want, d.Explanation)
		}
	}
}

// TestWhatStillRunsAfterwards: an abort that is over names the earlier write that still runs. A rollback does not: it restored what that
// write may have changed.
func TestWhatStillRunsAfterwards(t *testing.T) {
	for kind, want := range map[rollout.RollbackKind]bool{rollout.AbortRollback: true, rollout.FullRollback: false} {
		spec, obs := rollbackUnderWay()
		for n := range 2 {
			obs.Instances.Value[n].Latest, obs.Instances.Value[n].Disk.Image = rollout.True, &bare.Image
		}
		obs.Model.Value.State, obs.State.Rollback.Current.Kind = rollout.StateUpdating, kind
		obs.State.Preempted = rollout.PreemptedOperation{At: obs.At.Add(-10 * time.Minute), CreatedAt: obs.At.Add(-11 * time.Minute), ID: "op-0"}
		d := planner.Plan(spec, obs)
		if says := strings.Contains(d.Explanation.Message, "was still running"); says != want || !d.State.IsRolledBack() {
			t.Errorf("%s: says that it still runs %t, want %t: %v", kind, says, want, d.Explanation)
		}
	}
}

// TestExposedOfAnEarlierRun: what an earlier run exposed stays exposed in the next one, unless that run wrote nothing. What instances have
// of its target was there before it, then.
func TestExposedOfAnEarlierRun(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*rollout.Spec, *rollout.State)
		want   string
	}{
		"it wrote the model": {func(_ *rollout.Spec, m *rollout.State) { m.Rollback.Baseline.Fixed = true }, "0,1,2"},
		"it was writing the model": {func(_ *rollout.Spec, m *rollout.State) {
			m.Operation.Kind, m.Operation.Instances = rollout.WriteImageOperation, nil
		}, "0,1,2"},
		"it upgraded instances to a model that had the target": {func(*rollout.Spec, *rollout.State) {}, ""},
		"spec.baseline says what was there before":             {func(s *rollout.Spec, _ *rollout.State) { s.Baseline = &image2 }, "0,1,2"},
	} {
		spec, obs := laden()
		spec.Target, obs.State.Rollback.Baseline.Fixed = v3, false
		row.change(&spec, &obs.State)
		d := planner.Plan(spec, obs)
		if got := strings.Join(d.State.Ledger.Exposed, ","); got != row.want || d.State.Run.Number != 4 {
			t.Errorf("%s: run %d has %q exposed, want %q", name, d.State.Run.Number, got, row.want)
		}
	}
}

// TestExposedBeforeTheModelIsRestored: until the model is restored, each instance that has the target is exposed, unless the rollback goes
// to just that.
func TestExposedBeforeTheModelIsRestored(t *testing.T) {
	for name, row := range map[string]struct {
		before rollout.Snapshot
		want   string
	}{
		"to another image":    {rollout.Snapshot{Image: &bare.Image}, "0,1,2,3"},
		"to the target's own": {rollout.Snapshot{Image: image2.Image}, "0,1"},
	} {
		spec, obs := rollbackUnderWay()
		obs.Model.Value.Image, obs.State.Rollback.Current.ModelRestoredAt = *image2.Image, time.Time{}
		obs.Cluster.Revisions["before"] = rollout.KnownResult(row.before)
		d := planner.Plan(spec, obs)
		if got := strings.Join(d.State.Ledger.Exposed, ","); got != row.want {
			t.Errorf("%s: exposed are %s, want %s: %v", name, got, row.want, d.Explanation)
		}
	}
}

// TestLastActionsOfARun: the history keeps the last eight actions of a run, also where an action follows after the run was aborted.
func TestLastActionsOfARun(t *testing.T) {
	for _, earlier := range []int{0, 7, 8, 9} {
		spec, obs := rollbackUnderWay()
		for n := range 2 {
			obs.Instances.Value[n].Latest, obs.Instances.Value[n].Disk.Image = rollout.True, &bare.Image
		}
		var taken []rollout.AppliedAction
		for n := range earlier {
			taken = append(taken, rollout.AppliedAction{UID: fmt.Sprint(n), Verb: rollout.VerbSkipInstance})
		}
		obs.State.History = []rollout.PastRun{{Number: 1, Result: rollout.RunAborted, Actions: taken[max(0, earlier-8):]}}
		obs.State.Actions = append(slices.Clone(taken), rollout.AppliedAction{UID: "last", Verb: rollout.VerbRollback})
		d := planner.Plan(spec, obs)
		kept := d.State.History[0].Actions
		if len(kept) != min(earlier+1, 8) || kept[len(kept)-1].UID != "last" {
			t.Errorf("after %d actions, kept are %+v: %v", earlier, kept, d.Explanation)
		}
	}
}
