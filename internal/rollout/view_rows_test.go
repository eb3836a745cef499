package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestWhatIsWaitedForIsTold: a round that waits says for what.
func TestWhatIsWaitedForIsTold(t *testing.T) {
	minute, idle := time.Minute, func() (rollout.Spec, rollout.Observation) { return canary(v2, 50), seen(v2, 4, 0) }
	refused := &rollout.Problem{Kind: rollout.KindForbidden, Message: "no role"}
	for name, row := range map[string]struct {
		input  func() (rollout.Spec, rollout.Observation)
		change func(*rollout.Observation)
		reason rollout.Reason
		says   string
	}{
		"reads wait for the longest time that Azure can ask for": {idle, func(o *rollout.Observation) {
			o.State.Pacing.ReadsDeferred = rollout.Deferral{Kind: rollout.KindThrottled, Since: o.At, Message: "slow down",
				Until: o.At.Add(61 * minute)}
		}, rollout.ReasonThrottled, "slow down"},
		"what Azure refused is not polled": {idle, func(o *rollout.Observation) {
			o.Model.Value.Script = nil
			o.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.WriteScriptOperation, CreatedAt: o.At.Add(-minute),
				AcceptedAt: o.At.Add(-minute), PollToken: "token", NextPollAt: o.At.Add(minute), Rejection: refused}
		}, rollout.ReasonAccessDenied, "was refused"},
		"an instance that Azure updates shows that it took the upgrade that it seemed to refuse": {idle, func(o *rollout.Observation) {
			o.Instances.Value[0].State = rollout.StateUpdating
			o.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.UpgradeOperation, CreatedAt: o.At.Add(-minute), Rejection: refused,
				Instances: attempts("0")}
		}, rollout.ReasonProgressing, "upgrading instance 0: Azure is updating instance 0"},
		"an operation that is over is not waited for, whenever a poll was due": {batchOf, func(o *rollout.Observation) {
			o.State.Operation.NextPollAt = o.At.Add(minute)
		}, rollout.ReasonCanaryReached, "2 of 4 instances have the target"},
		"an operation whose name is not known is told without one": {batchOf, func(o *rollout.Observation) {
			o.Instances.Value[0].State, o.State.Operation.EndedAt = rollout.StateUpdating, o.At.Add(-5*minute)
		}, rollout.ReasonFailed, "still updating it 5m0s after the operation; no further instance"},
		"a write that a rollback left behind is named as one": {rollbackUnderWay, func(o *rollout.Observation) {
			o.State.Rollback.Current.ModelRestoredAt, o.Model.Value.State = time.Time{}, rollout.StateUpdating
			o.State.Preempted = rollout.PreemptedOperation{At: o.At.Add(-minute), CreatedAt: o.At.Add(-minute), ID: "op-0"}
		}, rollout.ReasonRollingBack, "waiting for the earlier write of the model (operation op-0, "},
		"an upgrade that a rollback left behind does not change the model": {rollbackUnderWay, func(o *rollout.Observation) {
			o.State.Rollback.Current.ModelRestoredAt, o.Model.Value.State = time.Time{}, rollout.StateUpdating
			o.Instances.Value[0].State = rollout.StateUpdating
			o.State.Preempted = rollout.PreemptedOperation{At: o.At.Add(-minute), CreatedAt: o.At.Add(-minute),
				Instances: rollout.Refs(attempts("0"))}
		}, rollout.ReasonRollingBack, "another operation runs on the scale set"},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := row.input()
			row.change(&obs)
			wantWait(t, planner.Plan(spec, obs), row.reason, row.says)
		})
	}
}

// TestUnhealthyAndStoppedDoNotMakeUp: a share with an unhealthy instance is not sound, one with a stopped instance is not, and neither is
// one with both.
func TestUnhealthyAndStoppedDoNotMakeUp(t *testing.T) {
	for name, tc := range map[string]struct {
		unhealthy, stopped bool
		passes             bool
	}{"neither": {passes: true}, "unhealthy": {unhealthy: true}, "stopped": {stopped: true}, "both": {unhealthy: true, stopped: true}} {
		spec, obs := canary(v2, 20), seen(v2, 1, 4)
		spec.Canary.Bake = time.Minute
		obs.State.Stage.Timer.Since, obs.State.Ledger.Exposed = obs.At.Add(-time.Hour), []string{"1", "2", "3", "4"}
		if tc.unhealthy {
			obs.Instances.Value[1].Health.Healthy = rollout.False
		}
		if tc.stopped {
			obs.Instances.Value[2].Power = rollout.PowerState{Running: rollout.False, Off: rollout.OffStopped}
		}
		d := planner.Plan(spec, obs)
		if passes := d.Explanation.Reason == rollout.ReasonCanaryReached; passes != tc.passes || d.State.Stage.Timer.Since.IsZero() == tc.passes {
			t.Errorf("%s: passes %t, timer %v: %v", name, passes, d.State.Stage.Timer, d.Explanation)
		}
	}
}

// TestDeadlineWithoutAList: the progress deadline stands still for a preempted operation only where the list shows that none of it began.
func TestDeadlineWithoutAList(t *testing.T) {
	for state, want := range map[rollout.ReadState]bool{rollout.Read: false, rollout.NotRead: true} {
		spec, obs := batchOf()
		spec.Failure.ProgressDeadline = time.Hour
		op := obs.State.Operation
		op.Error, op.EndedAt = &rollout.Problem{Kind: rollout.KindPreempted, Message: "another one"}, obs.At.Add(-time.Second)
		obs.Instances.Value[0].Latest, obs.Instances.Value[1].Latest, obs.Instances.State = rollout.False, rollout.False, state
		d := planner.Plan(spec, obs)
		if runs := !d.State.Timers.Progress.Since.IsZero(); runs != want {
			t.Errorf("list %v: the deadline runs %t, want %t: %v", state, runs, want, d.Explanation)
		}
	}
}

// TestSkipWhileSomethingIsInFlight: beside an older rollout an instance is skipped once the list is read, where this one still has
// something in flight and so will read it. Else the action is refused.
func TestSkipWhileSomethingIsInFlight(t *testing.T) {
	for inFlight, want := range map[bool]int{true: 0, false: 1} {
		spec, obs := batchOf()
		obs.Instances, obs.Model = rollout.Result[[]rollout.Instance]{}, rollout.Result[rollout.Model]{}
		obs.Cluster.Ownership = rollout.KnownResult(rollout.Ownership{Owner: "shop/old"})
		obs.Actions = []rollout.Action{{UID: "u", Verb: rollout.VerbSkipInstance, Run: 1, Instance: "3"}}
		if !inFlight {
			obs.State.Operation = nil
		}
		if d := planner.Plan(spec, obs); len(d.Answers) != want {
			t.Errorf("in flight %t: answers %+v, want %d", inFlight, d.Answers, want)
		}
	}
}

// TestStoppedInstanceKeepsItsRetry: a retry that was requested of an instance that is stopped comes once it is started, and keeps no gate
// closed meanwhile.
func TestStoppedInstanceKeepsItsRetry(t *testing.T) {
	for off, want := range map[rollout.PowerOff]rollout.Reason{
		rollout.OffStopped: rollout.ReasonCanaryReached, rollout.NotOff: rollout.ReasonProgressing,
	} {
		spec, obs := canary(v2, 50), seen(v2, 3, 1)
		i := &obs.Instances.Value[0]
		i.Power.Off, i.Protected = off, off == rollout.NotOff // which cannot be retried now either
		spec.Instances.Protected = rollout.ProtectedWait
		obs.State.Ledger.Exposed = []string{"0", "3"}
		obs.State.Ledger.Failed = []rollout.Failure{{Ref: i.Ref(), Reason: rollout.FailureRetry, Message: "it was ill"}}
		d := planner.Plan(spec, obs)
		wantWait(t, d, want)
		if failed := d.State.Ledger.Failed; len(failed) != 1 || failed[0].Reason != rollout.FailureRetry {
			t.Errorf("off %q: failed %+v", off, failed)
		}
	}
}

// TestCompletedWithoutAnETag: of a scale set that shows no ETag it is not known that nothing changed, so the list is looked at.
func TestCompletedWithoutAnETag(t *testing.T) {
	spec, obs := canary(v2, 100), seen(v2, 1, 2)
	obs.State.Run.Completed, obs.State.Model.CompletedCapacity, obs.Model.Value.ETag = true, 3, ""
	d := planner.Plan(spec, obs)
	wantWait(t, d, rollout.ReasonCompleted)
	if !strings.Contains(d.Report.Facts.Drifted, "instance 0 behind") {
		t.Errorf("drifted: %q", d.Report.Facts.Drifted)
	}
}

// TestExposedWhereTheTargetMayBeTheBaseline: while it is not known that the target is another one than what was there before, an instance
// that has it is one to which nothing was done, also while a batch is in flight.
func TestExposedWhereTheTargetMayBeTheBaseline(t *testing.T) {
	lost := rollout.FailedResult[rollout.Snapshot](&rollout.Problem{Kind: rollout.KindNotFound, Message: "gone"})
	for name, tc := range map[string]struct {
		stored rollout.Result[rollout.Snapshot]
		want   string
	}{
		"the same":    {rollout.KnownResult(rollout.Snapshot{Image: image2.Image}), "0"},
		"another one": {rollout.KnownResult(rollout.Snapshot{Image: &bare.Image}), "0,1"},
		"gone":        {lost, "0"},
		"not read":    {rollout.Result[rollout.Snapshot]{}, "0"},
	} {
		spec, obs := canary(image2, 100), seen(image2, 1, 2)
		spec.Instances.Action = rollout.ActionUpgradeThenReimage
		for n, i := range obs.Instances.Value { // 0 is upgraded and waits for its reimage
			obs.Instances.Value[n].Latest = []rollout.Tristate{rollout.True, rollout.True, rollout.False}[n]
			obs.Instances.Value[n].Health.Since, obs.Instances.Value[n].ListedAt = obs.At, obs.At
			obs.Instances.Value[n].Disk = rollout.OSDisk{ID: i.Disk.ID}
		}
		obs.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.UpgradeOperation, Attempt: 1, CreatedAt: obs.At.Add(-3 * time.Minute),
			AcceptedAt: obs.At.Add(-3 * time.Minute), EndedAt: obs.At.Add(-2 * time.Minute), Instances: attempts("0")}
		obs.State.Model.Applied, obs.State.Ledger.Exposed = false, []string{"0"}
		obs.State.Rollback.Baseline = rollout.Baseline{Revision: "kept", Source: rollout.BaselineSnapshot, Fixed: true}
		obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"kept": tc.stored}
		d := planner.Plan(spec, obs)
		if got := strings.Join(d.State.Ledger.Exposed, ","); got != tc.want {
			t.Errorf("%s: exposed are %s, want %s: %v", name, got, tc.want, d.Explanation)
		}
	}
}

// TestAppliedTargetIsNoReturn: a run whose target was in the model goes on, though it equals the baseline.
func TestAppliedTargetIsNoReturn(t *testing.T) {
	for _, applied := range []bool{true, false} {
		spec, obs := canary(image2, 100), seen(image2, 2, 1)
		obs.State.Model.Applied = applied
		obs.State.Rollback.Baseline = rollout.Baseline{Revision: "kept", Source: rollout.BaselineSnapshot, Fixed: true}
		obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"kept": rollout.KnownResult(rollout.Snapshot{Image: image2.Image})}
		if d := planner.Plan(spec, obs); (d.State.Rollback.Current == nil) != applied {
			t.Errorf("applied %t: %v", applied, d.Explanation)
		}
	}
}

// TestFailedInstanceThatIsOff: an instance that failed keeps the gate closed, also while it is stopped.
func TestFailedInstanceThatIsOff(t *testing.T) {
	for reason, passes := range map[rollout.FailureReason]bool{rollout.FailureRetry: true, rollout.FailureStuck: false} {
		spec, obs := canary(v2, 50), seen(v2, 2, 2)
		spec.Canary.Bake = time.Hour
		i := &obs.Instances.Value[0]
		i.Power = rollout.PowerState{Running: rollout.False, Off: rollout.OffStopped}
		obs.State.Ledger.Failed = []rollout.Failure{{Ref: i.Ref(), Reason: reason, Message: "it is stuck"}}
		obs.State.Stage.Timer.Since = obs.At.Add(-time.Minute)
		if d := planner.Plan(spec, obs); d.State.Stage.Timer.Since.IsZero() == passes {
			t.Errorf("%s: timer %v: %v", reason, d.State.Stage.Timer, d.Explanation)
		}
	}
}

// TestRollbackGoesBesideForAWhile: a rollback does not wait for what it left behind and does not end, until nothing moved for hours.
func TestRollbackGoesBesideForAWhile(t *testing.T) {
	for since, want := range map[time.Duration]string{time.Minute: "", 6 * time.Minute: "1", 3 * time.Hour: ""} {
		spec, obs := rollbackUnderWay()
		spec.Batch.MaxUnavailable.Value = 3
		ago, current := obs.At.Add(-since), obs.State.Rollback.Current
		obs.Model.Value.State, obs.Instances.Value[0].State = rollout.StateUpdating, rollout.StateUpdating
		current.StartedAt, current.ModelRestoredAt = ago, ago
		obs.State.Preempted = rollout.PreemptedOperation{Instances: []rollout.Ref{obs.Instances.Value[0].Ref()}, At: ago}
		d := planner.Plan(spec, obs)
		if got := strings.Join(idsOf(rollout.InstancesOf(d.Step)), ","); got != want {
			t.Errorf("after %s: restores %q, want %q: %v", since, got, want, d.Explanation)
		}
	}
}
