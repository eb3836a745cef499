package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestLeavingGivesEveryNodeBack: an object that is released gives every node back that it cordoned, also those of a batch in flight and of
// instances that failed. No other step would.
func TestLeavingGivesEveryNodeBack(t *testing.T) {
	for deletion, want := range map[rollout.Deletion]string{rollout.DeletionLeave: "0,1,2", rollout.DeletionNone: "2"} {
		spec, obs := batchOf()
		spec.Deletion = deletion
		obs.Instances.Value[0].State = rollout.StateUpdating
		obs.Instances.Value[1].Health.Healthy = rollout.False
		obs.State.Operation.Instances = obs.State.Operation.Instances[:1]
		obs.State.Ledger.Failed = []rollout.Failure{
			{Ref: obs.Instances.Value[1].Ref(), Reason: rollout.FailureHealth, Message: "unhealthy", At: obs.At},
		}
		obs.State.Ledger.Cordoned = []string{"0", "1", "2"}
		d := planner.Plan(spec, obs)
		if got := strings.Join(d.Tasks.Nodes.Uncordon, ","); got != want || d.Release {
			t.Errorf("deletion %q: given back are %s, want %s; released %t: %v", deletion, got, want, d.Release, d.Explanation)
		}
	}
}

// TestSecretThatARollbackNeeds: which Secret is read for a rollback: the baseline's, else that of the record it starts from, else the
// declared baseline's.
func TestSecretThatARollbackNeeds(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*rollout.Spec, *rollout.Observation)
		want   string
	}{
		"none": {func(*rollout.Spec, *rollout.Observation) {}, ""},
		"the baseline's": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.State.Rollback.Baseline.SecretName = "of-baseline"
		}, "of-baseline"},
		"the record's": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Cluster.Revisions["done"] = rollout.KnownResult(rollout.Snapshot{Script: &rollout.ScriptSnapshot{ProtectedSettings: "of-record"}})
		}, "of-record"},
		"the declared one's": {func(s *rollout.Spec, _ *rollout.Observation) {
			s.Baseline = &rollout.Target{Script: &rollout.Script{Command: "sh", ProtectedSettings: "declared"}}
		}, "declared"},
	} {
		spec, obs := canary(v2, 50), seen(v2, 2, 2)
		obs.State.Rollback = rollout.RollbackState{LastCompletedRevision: "done", Baseline: rollout.Baseline{Run: 1}}
		obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{}
		tc.change(&spec, &obs)
		if got := planner.RequiredReads(spec, obs).BaselineSettings; got != tc.want {
			t.Errorf("%s: %q is read, want %q", name, got, tc.want)
		}
	}
}

// TestDeadlineRunsWhileNothingMoves: a preempted operation stops the progress deadline once it is over, and not before.
func TestDeadlineRunsWhileNothingMoves(t *testing.T) {
	for isOver, want := range map[bool]bool{true: false, false: true} {
		spec, obs := batchOf()
		spec.Failure.ProgressDeadline = time.Hour
		op := obs.State.Operation
		op.Error = &rollout.Problem{Kind: rollout.KindPreempted, Message: "another one"}
		obs.Instances.Value[0].Latest, obs.Instances.Value[1].Latest = rollout.False, rollout.False
		if op.EndedAt = obs.At.Add(-time.Second); !isOver {
			op.EndedAt, op.CreatedAt, op.AcceptedAt = time.Time{}, obs.At.Add(-time.Second), obs.At.Add(-time.Second)
		}
		d := planner.Plan(spec, obs)
		if runs := !d.State.Timers.Progress.Since.IsZero(); runs != want {
			t.Errorf("over %t: the deadline runs %t, want %t: %v", isOver, runs, want, d.Explanation)
		}
	}
}
