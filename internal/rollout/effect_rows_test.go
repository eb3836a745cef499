package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestWriteAfterARefusedOne: a write that Azure refused says nothing of the write of another part, once the model has what was refused.
func TestWriteAfterARefusedOne(t *testing.T) {
	target := rollout.Target{Image: image2.Image, Script: v2.Script}
	spec, obs := canary(target, 100), seen(target, 2, 0)
	obs.Model.Value.Script, obs.State.Model.Applied = nil, false
	obs.State.Rollback.Baseline = rollout.Baseline{Revision: "before", Run: 1, Fixed: true}
	was := rollout.Snapshot{Image: &bare.Image, Script: &rollout.ScriptSnapshot{Absent: true}}
	obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"before": rollout.KnownResult(was)}
	obs.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.WriteImageOperation, Attempt: 1, CreatedAt: at,
		Rejection: &rollout.Problem{Kind: rollout.KindInvalid, Message: "no such image"}}
	d := planner.Plan(spec, obs)
	wantReason(t, d, rollout.ReasonProgressing, "writing the script")
	if op := d.State.Operation; op == nil || op.Kind != rollout.WriteScriptOperation || op.Rejection != nil {
		t.Errorf("remembers %+v, want the write of the script", op)
	}
}

// TestNewestByAzuresClock: where no instance has a time, an instance counts as newer than the first write from the time that Azure's clock
// showed with the model.
func TestNewestByAzuresClock(t *testing.T) {
	spec, obs := canary(image2, 50), seen(image2, 2, 0)
	obs.State, obs.Model.Value.Image, obs.Model.Value.ReadAt = rollout.State{}, bare.Image, obs.At.Add(-90*time.Second)
	for n := range obs.Instances.Value {
		obs.Instances.Value[n].CreatedAt = time.Time{}
	}
	d := planner.Plan(spec, obs)
	if is := d.State.Rollback.Baseline.NewestInstanceAt; !is.Equal(obs.Model.Value.ReadAt) {
		t.Errorf("%v: the newest is of %s, want %s", d.Explanation, is, obs.Model.Value.ReadAt)
	}
}

// TestNextChangeOfABatch: what time changes next in a batch is the first of two: an instance has been healthy for long enough, or one that
// is not healthy fails.
func TestNextChangeOfABatch(t *testing.T) {
	for name, row := range map[string]struct {
		minReady time.Duration
		health   rollout.Tristate // of instance 0
		want     time.Duration    // from the end of the operation
	}{
		"one is ready before the other fails": {4 * time.Minute, rollout.False, 4*time.Minute + time.Second},
		"one fails before the other is ready": {9 * time.Minute, rollout.False, 5 * time.Minute},
		"both are ready":                      {9 * time.Minute, rollout.True, 9*time.Minute + time.Second},
	} {
		spec, obs := batchOf()
		spec.Health.MinReady, obs.Instances.Value[0].Health.Healthy = row.minReady, row.health
		ended := obs.State.Operation.EndedAt
		for n := range obs.State.Operation.Instances {
			obs.State.Operation.Instances[n].HealthySince = ended.Add(time.Second)
		}
		d := planner.Plan(spec, obs)
		if next := d.Report.Stage.Next; !next.Equal(ended.Add(row.want)) {
			t.Errorf("%s: next after %s, want %s: %v", name, next.Sub(ended), row.want, d.Explanation)
		}
	}
}

// TestFailureOfARequestedRollback: hooks hear that a rollback failed which an action asked for, so that no failure was told before.
func TestFailureOfARequestedRollback(t *testing.T) {
	spec, obs := rollbackUnderWay()
	spec.Tasks.Hooks = []rollout.Hook{{Name: "tell", At: rollout.OnFailure, OnFailure: rollout.HookIgnore}}
	for _, i := range obs.Instances.Value[:2] {
		obs.State.Ledger.Failed = append(obs.State.Ledger.Failed,
			rollout.Failure{Ref: i.Ref(), Reason: rollout.FailureNotApplied, Message: "stays"})
	}
	d := planner.Plan(spec, obs)
	wantWait(t, d, rollout.ReasonFailed)
	h := d.State.Tasks.At(rollout.OnFailure)
	if h == nil || !strings.HasPrefix(h.Subject, "the rollback failed: ") || len(d.Tasks.Hooks) != 1 {
		t.Errorf("hooks hear of %+v, called are %+v", h, d.Tasks.Hooks)
	}
}
