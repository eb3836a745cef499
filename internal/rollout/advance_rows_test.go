package rollout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// wantReason demands a reason, and a message that says the text.
func wantReason(t *testing.T, d rollout.Decision, reason rollout.Reason, says string) {
	t.Helper()
	if d.Explanation.Reason != reason || !strings.Contains(d.Explanation.Message, says) {
		t.Errorf("%v, want %s, %q", d.Explanation, reason, says)
	}
}

// TestWriteOfAFailedRun: a write that goes out though the run failed, since another tool changed the model, is told as what it is, and is
// followed by another look.
func TestWriteOfAFailedRun(t *testing.T) {
	for name, change := range map[string]func(*rollout.State){
		"a check failed":             func(m *rollout.State) { m.Stage.FailedCheck = "check page failed: 500" },
		"just at the deadline":       func(m *rollout.State) { m.Timers.Progress.Since = at },
		"a minute past the deadline": func(m *rollout.State) { m.Timers.Progress.Since = at.Add(-time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := canary(image2, 100), seen(image2, 2, 1)
			spec.Drift.Overwrite, spec.Failure.ProgressDeadline = true, time.Hour
			obs.Model.Value.Image.ID = "/images/of-another-tool"
			obs.State.Rollback.Baseline = rollout.Baseline{Revision: "before", Run: 1, Fixed: true}
			change(&obs.State)
			d := planner.Plan(spec, obs)
			wantReason(t, d, rollout.ReasonProgressing, "writing the image")
			if d.Step.Operation() != rollout.WriteImageOperation || d.Recheck != 30*time.Second {
				t.Errorf("%T, again after %s", d.Step, d.Recheck)
			}
		})
	}
}

// TestPreemptedTimeIsNoDelay: the time of an operation that a later one preempted is none in which the release made no progress. That of an
// operation that failed is.
func TestPreemptedTimeIsNoDelay(t *testing.T) {
	for kind, want := range map[rollout.Kind]time.Duration{
		rollout.KindPreempted: 5 * time.Minute, rollout.KindCanceled: 5 * time.Minute, rollout.KindOperationFailed: 15 * time.Minute,
	} {
		spec, obs := batchOf()
		spec.Failure.ProgressDeadline = time.Hour
		obs.State.Timers.Progress.Since = obs.At.Add(-15 * time.Minute)
		op := obs.State.Operation
		op.CreatedAt, op.AcceptedAt, op.EndedAt, op.PollToken = obs.At.Add(-10*time.Minute), obs.At.Add(-10*time.Minute), time.Time{}, "token"
		obs.Instances.Value[0].Latest, obs.Instances.Value[1].Latest = rollout.False, rollout.False
		obs.Operation = rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationCanceled, Problem: &rollout.Problem{Kind: kind}})
		if passed := planner.Plan(spec, obs).State.Timers.Progress.Passed(obs.At); passed != want {
			t.Errorf("%s: no progress for %s, want %s", kind, passed, want)
		}
	}
}

// TestThrottledLookIsReported: a rollback that waits for Azure's work reports, too, that Azure throttled the look for an instance that the
// list lacks.
func TestThrottledLookIsReported(t *testing.T) {
	spec, obs := rollbackUnderWay()
	obs.Instances.Value[0].State = rollout.StateUpdating
	obs.State.Ledger.Exposed = []string{"0", "1", "9"}
	slow := &rollout.Problem{Kind: rollout.KindThrottled, Message: "slow down"}
	obs.Exists = map[string]rollout.Result[bool]{"9": rollout.FailedResult[bool](slow)}
	d := planner.Plan(spec, obs)
	wantWait(t, d, rollout.ReasonRollingBack, "Azure is updating instance 0")
	if d.Report.Facts.Throttled != slow {
		t.Errorf("throttled is %v, want %v", d.Report.Facts.Throttled, slow)
	}
}

// TestCountsFollowTheRound: what is counted is how things are when the round ends.
func TestCountsFollowTheRound(t *testing.T) {
	t.Run("a batch that was dropped makes nothing unavailable", func(t *testing.T) {
		spec, obs := batchOf()
		spec.Instances.Action = rollout.ActionUpgradeThenReimage
		obs.Instances.Value[0].Disk.ID, obs.Instances.Value[1].Disk.ID = "", ""
		d := planner.Plan(spec, obs)
		if p := d.Report.Progress; d.State.Operation != nil || p.Failed != 2 || p.Unavailable != 0 {
			t.Errorf("%v: counted %+v", d.Explanation, p)
		}
	})
	t.Run("an instance that fails a check in the background is not ready", func(t *testing.T) {
		spec, obs := canary(v2, 50), seen(v2, 2, 2)
		spec.Tasks.Checks = []rollout.Check{{Name: "page", Scope: rollout.CheckInstance, Background: true}}
		obs.Tasks.Checks = map[rollout.CheckKey]rollout.CheckResult{
			{Check: "page", Run: 1, Instance: "3", VMID: "vm-3"}: {State: rollout.CheckFailed, Message: "500"}}
		d := planner.Plan(spec, obs)
		if p := d.Report.Progress; p.Failed != 1 || p.Ready != 1 {
			t.Errorf("%v: counted %+v", d.Explanation, p)
		}
	})
}

// TestTargetThatMayBeTheBaseline: where the record of what was there before is gone, the target may be just that. So the instances that
// have it are not taken for exposed.
func TestTargetThatMayBeTheBaseline(t *testing.T) {
	other := rollout.KnownResult(rollout.Snapshot{Image: image2.Image, Script: &rollout.ScriptSnapshot{Absent: true}})
	gone := rollout.FailedResult[rollout.Snapshot](&rollout.Problem{Kind: rollout.KindNotFound, Message: "gone"})
	for name, row := range map[string]struct {
		stored rollout.Result[rollout.Snapshot]
		want   []string
	}{
		"the record is gone":             {gone, []string{"0"}},
		"the record holds another thing": {other, []string{"0", "1", "2"}},
	} {
		spec, obs := canary(v2, 100), seen(v2, 1, 2)
		obs.State = rollout.State{
			Run:      rollout.Run{Number: 4, Revision: v2.Revision()},
			Rollback: rollout.RollbackState{Baseline: rollout.Baseline{Revision: "kept", Source: rollout.BaselineSnapshot, Run: 3, Fixed: true}},
		}
		obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"kept": row.stored}
		d := planner.Plan(spec, obs)
		if got := d.State.Ledger.Exposed; !slices.Equal(got, row.want) || d.Step.Operation() != rollout.UpgradeOperation {
			t.Errorf("%s: exposed are %v, want %v: %v", name, got, row.want, d.Explanation)
		}
	}
}

// TestOldHealthReports: an instance that did not become healthy in time has recovered by a report from after that time began. Where health
// is not reported with a time, any report counts.
func TestOldHealthReports(t *testing.T) {
	for name, row := range map[string]struct {
		source rollout.HealthSource
		since  time.Duration // age of the report; 0: not told
		failed string
	}{
		"an old report":                         {rollout.HealthApplication, 2 * time.Hour, "3 HealthTimeout"},
		"a new report":                          {rollout.HealthApplication, time.Minute, ""},
		"a report of which no time is told":     {rollout.HealthApplication, 0, ""},
		"an old report where none is asked for": {rollout.HealthProvisioning, 2 * time.Hour, ""},
	} {
		spec, obs := canary(v2, 25), seen(v2, 3, 1)
		spec.Health.Source = row.source
		i := &obs.Instances.Value[3]
		if i.ListedAt = obs.At; row.since > 0 {
			i.Health.Since = obs.At.Add(-row.since)
		}
		obs.State.Ledger.Exposed = []string{"3"}
		obs.State.Ledger.Failed = []rollout.Failure{{Ref: i.Ref(), Reason: rollout.FailureHealth, At: obs.At.Add(-time.Minute), Message: "ill"}}
		if got := outcome(planner.Plan(spec, obs)); !strings.Contains(got, "failed "+row.failed+";") {
			t.Errorf("%s: came to %q, want %q failed", name, got, row.failed)
		}
	}
}

// TestDurationOfAnUpgrade: the duration of an upgrade is that of Azure, else the time since Azure accepted it, where that is known.
func TestDurationOfAnUpgrade(t *testing.T) {
	for name, row := range map[string]struct {
		said     time.Duration
		accepted time.Duration // ago; 0: not known
		want     time.Duration
	}{
		"Azure says it":                     {time.Minute, 3 * time.Minute, time.Minute},
		"Azure says nothing":                {0, 3 * time.Minute, 3 * time.Minute},
		"it is not known when it was begun": {0, 0, 0},
	} {
		spec, obs := batchOf()
		op := obs.State.Operation
		op.EndedAt, op.AcceptedAt, op.PollToken = time.Time{}, time.Time{}, "token"
		if row.accepted > 0 {
			op.AcceptedAt = obs.At.Add(-row.accepted)
		}
		obs.Operation = rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationSucceeded, Duration: row.said})
		if got := planner.Plan(spec, obs).State.Pacing.LastUpgradeDuration; got != row.want {
			t.Errorf("%s: took %s, want %s", name, got, row.want)
		}
	}
}

// TestListAloneRows: a list without a model ends the round only where time is all that each instance of the batch lacks. Else the model is
// read, and the reading that was cut short does not count.
func TestListAloneRows(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*rollout.Observation)
		reason rollout.Reason
		says   string
		read   bool // the reading counts
	}{
		"all lack time": {func(*rollout.Observation) {}, rollout.ReasonWaitingForHealth, "instances 0, 1 to stay healthy", true},
		"one is ill": {func(o *rollout.Observation) {
			o.Instances.Value[0].Health.Healthy = rollout.False
		}, rollout.ReasonProgressing, "reading the scale set", false},
		"one was not healthy before": {func(o *rollout.Observation) {
			o.State.Operation.Instances[0].HealthySince = time.Time{}
		}, rollout.ReasonProgressing, "reading the scale set", false},
		"it is not known whether the operation ended": {func(o *rollout.Observation) {
			o.State.Operation.EndedAt = time.Time{}
		}, rollout.ReasonProgressing, "reading the scale set", false},
		"the operation was refused": {func(o *rollout.Observation) {
			o.State.Operation.Rejection = &rollout.Problem{Kind: rollout.KindInvalid, Message: "no"}
		}, rollout.ReasonProgressing, "reading the scale set", false},
		"the batch is of another run": {func(o *rollout.Observation) {
			o.State.Run.Number = 2
		}, rollout.ReasonProgressing, "reading the scale set", false},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := batchOf()
			spec.Health.SuccessThreshold = 3
			op, former := obs.State.Operation, obs.At.Add(-30*time.Second)
			op.EndedAt, op.LastReadingAt = obs.At.Add(-time.Minute), former
			for n := range op.Instances {
				obs.Instances.Value[n].Health.Since = op.EndedAt.Add(time.Second)
				op.Instances[n].HealthySince, op.Instances[n].Successes = op.EndedAt.Add(time.Second), 1
			}
			obs.Model = rollout.Result[rollout.Model]{}
			row.change(&obs)
			d := planner.Plan(spec, obs)
			wantReason(t, d, row.reason, row.says)
			if read := !d.State.Operation.LastReadingAt.Equal(former); read != row.read {
				t.Errorf("the reading counts %t, want %t", read, row.read)
			}
		})
	}
}

// TestDeferralAfterTheClockWentBack: what is refused again is counted from the first refusal, unless that lies ahead: then the clock was
// set back while the effect was sent.
func TestDeferralAfterTheClockWentBack(t *testing.T) {
	for back, want := range map[time.Duration]int{0: 3, 10 * time.Minute: 1} {
		spec, d := begun(rollout.UpgradeOperation)
		first := d.State.Pacing.Deferred.Since
		now := at.Add(time.Hour - back)
		if back > 0 {
			first = now
		}
		busy := &rollout.Problem{Kind: rollout.KindConflict, Message: "busy"}
		after := planner.HandleResult(spec, d, rollout.StepResult{At: now, Problem: busy})
		if got := after.State.Pacing.Deferred; got.Attempts != want || !got.Since.Equal(first) {
			t.Errorf("back by %s: deferred %+v, want %d attempts since %s", back, got, want, first)
		}
	}
}

// TestStuckRollbackIsPatient: what Azure refuses of a rollback is tried again later where something from before it does not end.
func TestStuckRollbackIsPatient(t *testing.T) {
	for age, want := range map[time.Duration]time.Duration{4 * time.Minute: 30 * time.Second, 5 * time.Minute: 2 * time.Minute} {
		spec, d := begun(rollout.UpgradeOperation)
		now := at.Add(time.Hour)
		d.State.Rollback.Current = &rollout.Rollback{Kind: rollout.FullRollback, Cause: rollout.CauseAction, Revision: "before", StartedAt: at}
		d.State.Preempted.At = now.Add(-age)
		busy := &rollout.Problem{Kind: rollout.KindConflict, Message: "busy"}
		after := planner.HandleResult(spec, d, rollout.StepResult{At: now, Problem: busy})
		if after.Recheck != want {
			t.Errorf("%s after the preemption: tries again after %s, want %s", age, after.Recheck, want)
		}
	}
}

// TestDeferredReadsAreOver: a poll that succeeds after the time that Azure named shows that reads are possible again.
func TestDeferredReadsAreOver(t *testing.T) {
	spec, obs := batchOf()
	op := obs.State.Operation
	op.AcceptedAt, op.EndedAt, op.PollToken = obs.At.Add(-time.Minute), time.Time{}, "token"
	obs.Instances, obs.Model = rollout.Result[[]rollout.Instance]{}, rollout.Result[rollout.Model]{}
	obs.State.Pacing.ReadsDeferred = rollout.Deferral{Kind: rollout.KindThrottled, Since: obs.At.Add(-10 * time.Minute),
		Until: obs.At.Add(-time.Second), Attempts: 1, Message: "slow down"}
	obs.Operation = rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationRunning})
	d := planner.Plan(spec, obs)
	wantReason(t, d, rollout.ReasonProgressing, "upgrading instances 0, 1")
	if left := d.State.Pacing.ReadsDeferred; left != (rollout.Deferral{}) {
		t.Errorf("reads are deferred: %+v", left)
	}
}
