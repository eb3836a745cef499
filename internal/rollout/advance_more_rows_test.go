package rollout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestFailuresThatStay: a failure stays as it is until what it says is known to be over.
func TestFailuresThatStay(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*rollout.Observation)
		failed string
	}{
		"a disk that is not shown is not known to be another one": {func(o *rollout.Observation) {
			o.State.Ledger.Failed[0].Reason, o.State.Ledger.Failed[0].OSDisk = rollout.FailureReimage, "disk-0"
			o.Instances.Value[0].Disk.ID = ""
		}, "0 NotReimaged"},
		"another disk shows that the reimage was done": {func(o *rollout.Observation) {
			o.State.Ledger.Failed[0].Reason, o.State.Ledger.Failed[0].OSDisk = rollout.FailureReimage, "former"
		}, ""},
		"a try that cannot come is not given up while one before it waits": {func(o *rollout.Observation) {
			o.Instances.Value[2].Health.Healthy = rollout.False // so there is no room for instance 0
			o.State.Ledger.Failed = append(o.State.Ledger.Failed, rollout.Failure{Ref: o.Instances.Value[3].Ref(),
				Reason: rollout.FailureRetryReimage, Message: "it was ill"})
		}, "0 Retry,3 RetryReimage"},
		"a try that cannot come is given up": {func(o *rollout.Observation) {
			o.State.Ledger.Failed = []rollout.Failure{{Ref: o.Instances.Value[3].Ref(), Reason: rollout.FailureRetryReimage}}
		}, "3 NotReimaged"},
		"a try on a protected instance, which is left out, cannot come": {func(o *rollout.Observation) {
			o.Instances.Value[0].Protected = true
		}, "0 NotReimaged"},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := failedOf(rollout.FailureRetry)
			row.change(&obs)
			if got := outcome(planner.Plan(spec, obs)); !strings.Contains(got, "failed "+row.failed+";") {
				t.Errorf("came to %q, want %q failed", got, row.failed)
			}
		})
	}
}

// TestRolloutThatDidNothingBelongsToNoScaleSet: a rollout that did nothing yet goes on with whatever scale set has the name, also where its
// identity is not shown.
func TestRolloutThatDidNothingBelongsToNoScaleSet(t *testing.T) {
	for _, shown := range []string{"", "other", "third"} {
		spec, obs := canary(v2, 100), seen(v2, 3, 0)
		obs.Model.Value.UniqueID, obs.State.ScaleSet = shown, rollout.ScaleSetState{ID: "former", ReplacedBy: "other"}
		d := planner.Plan(spec, obs)
		if d.State.ScaleSet != (rollout.ScaleSetState{ID: shown}) || d.Step.Operation() != rollout.UpgradeOperation {
			t.Errorf("shown %q: belongs to %+v: %v", shown, d.State.ScaleSet, d.Explanation)
		}
	}
}

// TestDeletionTakesOverARollback: the rollback before a deletion goes where the one under way went. Where that one did not know of any
// revision, it goes to the baseline.
func TestDeletionTakesOverARollback(t *testing.T) {
	for earlier, want := range map[string]string{"older": "older", "": "before"} {
		spec, obs := rollbackUnderWay()
		spec.Deletion, obs.State.Rollback.Current.Revision = rollout.DeletionRollback, earlier
		d := planner.Plan(spec, obs)
		if got := d.State.Rollback.Current; got.Revision != want || got.Cause != rollout.CauseDeletion {
			t.Errorf("after a rollback to %q: %s to %q, want %q: %v", earlier, got.Cause, got.Revision, want, d.Explanation)
		}
	}
}

// TestFailuresUntilThereIsABaseline: what failed before a deletion stays failed while it is not known what to go back to. A rollback with
// a revision begins without failures.
func TestFailuresUntilThereIsABaseline(t *testing.T) {
	for earlier, want := range map[string]int{"older": 0, "": 1} {
		spec, obs := rollbackUnderWay()
		spec.Deletion, obs.State.Rollback.Current.Revision = rollout.DeletionRollback, earlier
		obs.State.Rollback.Baseline.Invalid = "the record is gone"
		obs.State.Ledger.Failed = []rollout.Failure{{Ref: obs.Instances.Value[0].Ref(), Reason: rollout.FailureReimage, Message: "it is old"}}
		if d := planner.Plan(spec, obs); len(d.State.Ledger.Failed) != want {
			t.Errorf("after a rollback to %q: failed %+v, want %d: %v", earlier, d.State.Ledger.Failed, want, d.Explanation)
		}
	}
}

// TestOutcomeThatADeletionTells: an object that is let go after its rollback tells what became of the scale set.
func TestOutcomeThatADeletionTells(t *testing.T) {
	for name, row := range map[string]struct {
		cause    rollout.RollbackCause
		restored bool
		says     string
	}{
		"restored":                      {rollout.CauseAction, true, "everything was restored"},
		"nothing was written":           {rollout.CauseAction, false, "nothing was written; the scale set is unchanged"},
		"recorded":                      {rollout.CauseRecorded, false, "the scale set stays as it is"},
		"recorded, of a restored model": {rollout.CauseRecorded, true, "the scale set stays as it is"},
	} {
		spec, obs := rollbackUnderWay()
		current := obs.State.Rollback.Current
		spec.Deletion, current.Cause, current.Done, obs.State.Ledger.Exposed = rollout.DeletionRollback, row.cause, true, nil
		if !row.restored {
			current.ModelRestoredAt = time.Time{}
		}
		if d := planner.Plan(spec, obs); !d.Release || !strings.HasSuffix(d.Explanation.Message, "deleted: "+row.says) {
			t.Errorf("%s: released %t: %v, want %q", name, d.Release, d.Explanation, row.says)
		}
	}
}

// TestReplacedScaleSetIsLeftAfterItsNodes: where another scale set has the name, the object that is deleted goes once the nodes that it
// cordoned take pods again, and says until then what it waits for.
func TestReplacedScaleSetIsLeftAfterItsNodes(t *testing.T) {
	for uncordoned, row := range map[bool]struct {
		reason rollout.Reason
		says   string
	}{
		false: {rollout.ReasonRollingBack, "waiting until the node of instance 0 is uncordoned"},
		true:  {rollout.ReasonScaleSetReplaced, "the new one stays as it is"},
	} {
		spec, obs := rollbackUnderWay()
		spec.Deletion, obs.State.Rollback.Current.Cause = rollout.DeletionRollback, rollout.CauseDeletion
		obs.State.ScaleSet.ID, obs.Model.Value.UniqueID = "own", "other"
		obs.State.Ledger.Cordoned = []string{"0"}
		obs.State.Operation = &rollout.Operation{Run: 1, Rollback: true, Kind: rollout.UpgradeOperation, Attempt: 1,
			CreatedAt: obs.At.Add(-time.Minute), AcceptedAt: obs.At.Add(-time.Minute), EndedAt: obs.At, Instances: attempts("0")}
		obs.Tasks.Nodes = map[string]rollout.NodeState{"0": {Uncordoned: uncordoned}}
		d := planner.Plan(spec, obs)
		wantReason(t, d, row.reason, row.says)
		if d.Release != uncordoned {
			t.Errorf("uncordoned %t: released %t: %v", uncordoned, d.Release, d.Explanation)
		}
	}
}

// TestPreemptedInstanceIsNamedOnce: an instance of two operations that were left behind is suspect once.
func TestPreemptedInstanceIsNamedOnce(t *testing.T) {
	spec, obs := rollbackUnderWay()
	obs.Instances.Value[0].State, obs.State.Rollback.Current = rollout.StateUpdating, nil
	obs.State.Preempted = rollout.PreemptedOperation{At: obs.At.Add(-time.Minute), Instances: rollout.Refs(attempts("0"))}
	obs.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.UpgradeOperation, Attempt: 1, CreatedAt: obs.At.Add(-time.Minute),
		AcceptedAt: obs.At.Add(-time.Minute), Instances: attempts("0", "1")}
	obs.Actions = []rollout.Action{{UID: "a", Verb: rollout.VerbRollback, Run: 1}}
	d := planner.Plan(spec, obs)
	if got := strings.Join(idsOf(d.State.Preempted.Instances), ","); got != "0,1" {
		t.Errorf("suspect are %s, want 0,1: %v", got, d.Explanation)
	}
}

// awaitingApproval is a share that is reached and waits for an approval, for so long after its soak of ten minutes.
func awaitingApproval(then rollout.OnTimeout, waited time.Duration) (rollout.Spec, rollout.Observation) {
	spec, obs := canary(v2, 0), seen(v2, 2, 2)
	spec.Canary.Steps = []rollout.CanaryStep{
		{Name: "half", Percent: 50, Soak: 10 * time.Minute, Approval: &rollout.Approval{Timeout: time.Hour, OnTimeout: then}},
		{Name: "all", Percent: 100, Approval: &rollout.Approval{OnTimeout: rollout.TimeoutWait}},
	}
	obs.State.Stage.Name, obs.State.Stage.Timer.Since = "half", obs.At.Add(-10*time.Minute-waited)
	return spec, obs
}

// TestTimeDoesNotExpireAnApprovalThatIsHeld: an approval that did not come in time is decided only while something may begin.
func TestTimeDoesNotExpireAnApprovalThatIsHeld(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*rollout.Spec, *rollout.Observation)
		want   bool
	}{
		"nothing holds":       {func(*rollout.Spec, *rollout.Observation) {}, true},
		"paused":              {func(s *rollout.Spec, _ *rollout.Observation) { s.Paused = true }, false},
		"outside the windows": {func(_ *rollout.Spec, o *rollout.Observation) { o.Window.Closed = true }, false},
		"the windows are not known": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Window.Problem = &rollout.Problem{Kind: rollout.KindInvalid, Message: "no such zone"}
		}, false},
	} {
		spec, obs := awaitingApproval(rollout.TimeoutAbort, 2*time.Hour)
		row.change(&spec, &obs)
		if d := planner.Plan(spec, obs); (d.State.Rollback.Current != nil) != row.want {
			t.Errorf("%s: aborted %t, want %t: %v", name, !row.want, row.want, d.Explanation)
		}
	}
}

// TestActionsOfTimeouts: what a timeout approves is kept with the actions of the run, as long as there is room.
func TestActionsOfTimeouts(t *testing.T) {
	for earlier, want := range map[int]int{0: 1, 31: 32, 32: 32} {
		spec, obs := awaitingApproval(rollout.TimeoutApprove, 2*time.Hour)
		for n := range earlier {
			obs.State.Actions = append(obs.State.Actions, rollout.AppliedAction{UID: fmt.Sprint(n), Verb: rollout.VerbSkipInstance})
		}
		if d := planner.Plan(spec, obs); len(d.State.Actions) != want || !d.State.Stage.IsApproved("half") {
			t.Errorf("after %d: %d actions, want %d: %v", earlier, len(d.State.Actions), want, d.Explanation)
		}
	}
}

// TestTimerAfterAnApproval: what passes after an approval begins with it. What had passed of the soak stays as it was.
func TestTimerAfterAnApproval(t *testing.T) {
	soak := 10 * time.Minute
	for waited, want := range map[time.Duration]rollout.Timer{
		-time.Minute: {Since: at.Add(time.Hour).Add(time.Minute - soak)},
		0:            {Since: at.Add(time.Hour).Add(-soak)},
		time.Minute:  {Since: at.Add(time.Hour), Elapsed: soak},
	} {
		spec, obs := awaitingApproval(rollout.TimeoutWait, waited)
		spec.Canary.Steps, spec.Canary.Bake = spec.Canary.Steps[:1], time.Hour
		obs.Actions = []rollout.Action{{UID: "a", Verb: rollout.VerbApprove, Run: 1, Step: "half"}}
		if d := planner.Plan(spec, obs); d.State.Stage.Timer != want || !d.State.Stage.IsApproved("half") {
			t.Errorf("approved %s after the soak: timer %+v, want %+v: %v", waited, d.State.Stage.Timer, want, d.Explanation)
		}
	}
}
