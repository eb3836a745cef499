package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// backRow is one round of a rollback, and its expected result.
type backRow struct {
	change func(*rollout.Spec, *rollout.Observation)
	names  string // ids of the instances that the step names
	reason rollout.Reason
	says   string
}

// TestRollbackRows: which instance is restored next, which is waited for, and what holds the rollback.
func TestRollbackRows(t *testing.T) {
	for name, row := range backRows() {
		t.Run(name, func(t *testing.T) {
			spec, obs := rollbackUnderWay()
			row.change(&spec, &obs)
			d := planner.Plan(spec, obs)
			if got := strings.Join(idsOf(rollout.InstancesOf(d.Step)), ","); got != row.names || d.Explanation.Reason != row.reason ||
				!strings.Contains(d.Explanation.Message, row.says) {
				t.Errorf("upgrades %q, %v; want %q, %s, %q", got, d.Explanation, row.names, row.reason, row.says)
			}
		})
	}
}

func backRows() map[string]backRow {
	rolling := rollout.ReasonRollingBack
	state := func(o *rollout.Observation) *rollout.State { return &o.State }
	return map[string]backRow{
		"one at a time": {func(*rollout.Spec, *rollout.Observation) {}, "0", rolling, "upgrading"},
		"the newest first": {func(s *rollout.Spec, _ *rollout.Observation) {
			s.Instances.Order = rollout.OrderNewest
		}, "1", rolling, ""},
		"all that the budget has room for": {func(s *rollout.Spec, _ *rollout.Observation) {
			s.Batch.MaxUnavailable.Value = 3
		}, "0,1", rolling, ""},
		"who is not well goes at once": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Instances.Value[0].Health.Healthy, o.Instances.Value[1].Health.Healthy = rollout.False, rollout.Unknown
		}, "0,1", rolling, ""},
		"who is cordoned for something else has nothing to lose": {func(_ *rollout.Spec, o *rollout.Observation) {
			state(o).Ledger.Cordoned = []string{"1"}
		}, "1", rolling, ""},
		"another instance spends the budget": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Instances.Value[3].Health.Healthy = rollout.False
		}, "", rolling, "maxUnavailable is exhausted"},
		"Azure is updating one": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Instances.Value[0].State = rollout.StateUpdating
		}, "", rolling, "Azure is updating instance 0"},
		"who was never exposed stays": {func(_ *rollout.Spec, o *rollout.Observation) {
			state(o).Ledger.Exposed = []string{"1"}
			o.Instances.Value[0].Disk.Image = &bare.Image
		}, "1", rolling, ""},
		"who boots from the target's image goes along": {func(_ *rollout.Spec, o *rollout.Observation) {
			state(o).Ledger.Exposed = nil
			o.Instances.Value[1].Disk.Image = &bare.Image
		}, "0", rolling, ""},
		"who was made since the first write goes along": {func(_ *rollout.Spec, o *rollout.Observation) {
			state(o).Ledger.Exposed = nil
			o.Instances.Value[0].Disk.Image, o.Instances.Value[1].Disk.Image = nil, nil
			o.Instances.Value[1].CreatedAt = at.Add(6 * time.Minute)
		}, "1", rolling, ""},
		"who was made in the very moment of the newest does not": {func(_ *rollout.Spec, o *rollout.Observation) {
			state(o).Ledger.Exposed = []string{"0"}
			o.Instances.Value[1].Disk.Image = nil
			o.Instances.Value[1].CreatedAt = at.Add(5*time.Minute + 900*time.Nanosecond)
		}, "0", rolling, ""},
		"an undo is for all": {func(s *rollout.Spec, o *rollout.Observation) {
			state(o).Rollback.Current.AllInstances, state(o).Ledger.Exposed = true, nil
			o.Instances.Value[3].Latest, s.Batch.MaxUnavailable.Value = rollout.False, 4
		}, "0,1,3", rolling, ""},
		"protected ones are left out": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Instances.Value[0].Protected = true
		}, "1", rolling, ""},
		"protected ones are waited for": {func(s *rollout.Spec, o *rollout.Observation) {
			s.Instances.Protected = rollout.ProtectedFail
			o.Instances.Value[0].Protected, o.Instances.Value[1].Protected = true, true
		}, "", rolling, "protectedInstances is Fail"},
		"who has it and is not well is waited for": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Instances.Value[0].Latest, o.Instances.Value[1].Latest = rollout.True, rollout.True
			o.Instances.Value[0].Disk.Image, o.Instances.Value[1].Disk.Image = &bare.Image, &bare.Image
			o.Instances.Value[1].Health.Healthy = rollout.False
		}, "", rolling, "instance 1 to be healthy"},
		"who failed": {func(_ *rollout.Spec, o *rollout.Observation) {
			state(o).Ledger.Failed = []rollout.Failure{{Ref: o.Instances.Value[0].Ref(), Reason: rollout.FailureNotApplied, Message: "stays"},
				{Ref: o.Instances.Value[1].Ref(), Reason: rollout.FailureNotApplied, Message: "stays"}}
		}, "", rollout.ReasonFailed, "failed on instance"},
		"one failed and spends the budget": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Instances.Value[0].Health.Healthy = rollout.False
			state(o).Ledger.Failed = []rollout.Failure{{Ref: o.Instances.Value[0].Ref(), Reason: rollout.FailureHealth, Message: "stays unhealthy",
				At: o.At}}
		}, "", rollout.ReasonFailed, "stays unhealthy"},
		"a list may be older than the restored model": {func(_ *rollout.Spec, o *rollout.Observation) {
			state(o).Rollback.Current.ModelRestoredAt, state(o).Ledger.Exposed = o.At.Add(-44*time.Second), nil
			o.Instances.Value[0].Disk.Image, o.Instances.Value[1].Disk.Image = nil, nil
		}, "", rolling, "every list"},
		"the model first": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Model.Value.Image, state(o).Rollback.Current.ModelRestoredAt = *image2.Image, time.Time{}
		}, "", rolling, "writing the image"},
		"a former write may still come": {func(_ *rollout.Spec, o *rollout.Observation) {
			state(o).Rollback.Current.ModelRestoredAt, o.Model.Value.State = time.Time{}, rollout.StateUpdating
			state(o).Preempted = rollout.PreemptedOperation{At: o.At.Add(-time.Minute), CreatedAt: o.At.Add(-time.Minute), ID: "op-0"}
		}, "", rolling, "may still change the model"},
		"no script of a check excuses an instance": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Instances.Value[0].State, o.Instances.Value[0].Latest = rollout.StateUpdating, rollout.True
			key := rollout.CheckKey{Check: "page", Run: 1, Instance: "0", VMID: "vm-0"}
			o.Tasks.Checks = map[rollout.CheckKey]rollout.CheckResult{key: {RunsInInstance: true}}
		}, "", rolling, "Azure is updating instance 0"},
		"a plan": {func(s *rollout.Spec, _ *rollout.Observation) { s.PlanOnly = true }, "",
			rollout.ReasonPlanned, "spec.mode"},
		"paused, though a person asked for it": {func(s *rollout.Spec, _ *rollout.Observation) { s.Paused = true }, "0", rolling, ""},
		"paused": {func(s *rollout.Spec, o *rollout.Observation) {
			s.Paused, state(o).Rollback.Current.Cause = true, rollout.CauseFailure
		}, "", rollout.ReasonPaused, "spec.paused"},
		"outside the window, for a failure": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Window.Closed, state(o).Rollback.Current.Cause = true, rollout.CauseFailure
		}, "0", rolling, ""},
		"outside the window, for a timeout": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Window.Closed, state(o).Rollback.Current.Cause = true, rollout.CauseTimeout
		}, "", rollout.ReasonOutsideWindow, "window"},
		"the record is gone": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Cluster.Revisions["before"] = rollout.FailedResult[rollout.Snapshot](&rollout.Problem{Kind: rollout.KindNotFound, Message: "gone"})
		}, "", rollout.ReasonNotRollbackable, "declare spec.baseline"},
		"the record cannot be read": {func(_ *rollout.Spec, o *rollout.Observation) {
			noRole := &rollout.Problem{Kind: rollout.KindForbidden, Message: "no role"}
			o.Cluster.Revisions["before"] = rollout.FailedResult[rollout.Snapshot](noRole)
		}, "", rollout.ReasonAccessDenied, "no role"},
		"something else updates the scale set": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Model.Value.State = rollout.StateUpdating
		}, "", rolling, "another operation"},
		"what was left behind does not end": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Model.Value.State, o.Instances.Value[0].State = rollout.StateUpdating, rollout.StateUpdating
			state(o).Rollback.Current.StartedAt = o.At.Add(-6 * time.Minute)
			state(o).Preempted = rollout.PreemptedOperation{Instances: []rollout.Ref{o.Instances.Value[0].Ref()}, At: o.At.Add(-6 * time.Minute)}
		}, "", rolling, "Azure is updating instance 0"},
	}
}

// TestPausedRollbackCallsNoHook: while a pause holds a rollback that no user asked for, no hook is called before the next instance,
// whatever else the round waits for.
func TestPausedRollbackCallsNoHook(t *testing.T) {
	for cause, want := range map[rollout.RollbackCause]int{rollout.CauseFailure: 0, rollout.CauseAction: 1, rollout.CauseDeletion: 1} {
		spec, obs := rollbackUnderWay()
		spec.Paused, obs.State.Rollback.Current.Cause = true, cause
		spec.Tasks.Hooks = []rollout.Hook{{Name: "tell", At: rollout.BeforeInstance, OnFailure: rollout.HookFails}}
		preparing(&spec, &obs, "1")
		obs.Model = rollout.Result[rollout.Model]{} // so the round ends before the pause is looked at
		d := planner.Plan(spec, obs)
		if len(d.Tasks.Hooks) != want || len(d.Tasks.Nodes.Drain) != want {
			t.Errorf("%s: %d calls and %d drains, want %d: %v", cause, len(d.Tasks.Hooks), len(d.Tasks.Nodes.Drain), want, d.Explanation)
		}
	}
}

// TestChecksPassedInAnyOrder: the order in which checks are declared is no reason to ask for them again.
func TestChecksPassedInAnyOrder(t *testing.T) {
	spec, obs := canary(v2, 50), seen(v2, 2, 2)
	spec.Tasks.Checks = []rollout.Check{{Name: "page", Scope: rollout.CheckStep}, {Name: "errors", Scope: rollout.CheckStep}}
	obs.State.Stage.Timer.Since = obs.At.Add(-time.Minute)
	obs.Tasks.Checks = map[rollout.CheckKey]rollout.CheckResult{}
	for _, c := range spec.Tasks.Checks {
		obs.Tasks.Checks[rollout.CheckKey{Check: c.Name, Run: 1, Stage: "/50%/0"}] = rollout.CheckResult{State: rollout.CheckPassed}
	}
	d := planner.Plan(spec, obs)
	wantWait(t, d, rollout.ReasonCanaryReached)
	obs.State, obs.Tasks.Checks = d.State, nil
	spec.Tasks.Checks[0], spec.Tasks.Checks[1] = spec.Tasks.Checks[1], spec.Tasks.Checks[0]
	wantWait(t, planner.Plan(spec, obs), rollout.ReasonCanaryReached)
}

// TestRetriesThatAreLeft: a failure counts as final once nothing is left to try. What Azure is still at work on may be tried later, unless
// its tries are spent or its disk failed.
func TestRetriesThatAreLeft(t *testing.T) {
	for name, tc := range map[string]struct {
		failed rollout.Failure
		reason rollout.Reason
	}{
		"a try is left":       {rollout.Failure{Reason: rollout.FailureStuck}, rollout.ReasonFailed},
		"no try is left":      {rollout.Failure{Reason: rollout.FailureStuck, Try: 1}, rollout.ReasonFailed},
		"its disk is the old": {rollout.Failure{Reason: rollout.FailureReimage}, rollout.ReasonFailed},
		"a person asked":      {rollout.Failure{Reason: rollout.FailureRetry}, rollout.ReasonProgressing},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := canary(v2, 50), seen(v2, 3, 1)
			spec.Failure.Retries = 1
			tc.failed.Ref, tc.failed.Message = obs.Instances.Value[0].Ref(), "it is stuck"
			obs.Instances.Value[0].State = rollout.StateUpdating
			obs.State.Ledger.Failed = []rollout.Failure{tc.failed}
			wantWait(t, planner.Plan(spec, obs), tc.reason)
		})
	}
}

// TestDeletedInstanceIsNotTriedAgain: a failed instance that is being deleted takes no other try, and counts as one with which nothing is
// left to try only once its tries are spent.
func TestDeletedInstanceIsNotTriedAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		reason rollout.FailureReason
		try    int
		also   bool // instance 1 failed, too, and a try is left
		want   string
	}{
		"a try is left":                  {rollout.FailureStuck, 0, false, "Failed; no batch; failed 0 Stuck; verified "},
		"a retry was requested":          {rollout.FailureRetry, 0, false, "Progressing; no batch; failed 0 Retry; verified "},
		"another one is tried again":     {rollout.FailureStuck, 0, true, "Progressing; Upgrade of 1; failed 0 Stuck,1 Stuck; verified "},
		"too many have no try left":      {rollout.FailureStuck, 1, true, "Failed; no batch; failed 0 Stuck,1 Stuck; verified "},
		"too many, a reimage among them": {rollout.FailureReimage, 0, true, "Failed; no batch; failed 0 NotReimaged,1 Stuck; verified "},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := canary(v2, 75), seen(v2, 4, 0)
			spec.Failure.Retries, spec.Batch.MaxUnavailable.Value, obs.Model.Value.Capacity = 1, 2, 3
			obs.Instances.Value[0].State = rollout.StateDeleting
			obs.State.Ledger.Exposed = []string{"0", "1"}
			obs.State.Ledger.Failed = []rollout.Failure{
				{Ref: obs.Instances.Value[0].Ref(), Reason: tc.reason, Try: tc.try, Message: "it is stuck"}}
			if tc.also {
				obs.State.Ledger.Failed = append(obs.State.Ledger.Failed,
					rollout.Failure{Ref: obs.Instances.Value[1].Ref(), Reason: rollout.FailureStuck, Message: "it is stuck"})
			}
			if got := outcome(planner.Plan(spec, obs)); got != tc.want {
				t.Errorf("came to %q, want %q", got, tc.want)
			}
		})
	}
}

// TestVerifiedInstanceIsSetFree: an instance that leaves its batch verified is drained no longer while another one is waited for.
func TestVerifiedInstanceIsSetFree(t *testing.T) {
	spec, obs := batchOf()
	preparing(&spec, &obs, "0", "1")
	obs.Instances.Value[0].Health.Healthy = rollout.False
	d := planner.Plan(spec, obs)
	drained, given := strings.Join(idsOf(d.Tasks.Nodes.Drain), ","), strings.Join(d.Tasks.Nodes.Uncordon, ",")
	if drained != "0" || given != "1" {
		t.Errorf("drained are %s, given back %s: %v", drained, given, d.Explanation)
	}
}

// TestHalfReadDecidesNothing: on a list alone nothing is decided, unless all that a batch lacks is time.
func TestHalfReadDecidesNothing(t *testing.T) {
	for name, makes := range map[string]func() (rollout.Spec, rollout.Observation){
		"idle":     func() (rollout.Spec, rollout.Observation) { return canary(v2, 50), seen(v2, 2, 2) },
		"a batch":  batchOf,
		"rollback": rollbackUnderWay,
	} {
		spec, obs := makes()
		obs.Model = rollout.Result[rollout.Model]{}
		d := planner.Plan(spec, obs)
		if d.Step != (rollout.Wait{}) || d.Report.Progress != nil || len(d.State.Ledger.Verified) > 0 {
			t.Errorf("%s: %T, %v, verified are %v", name, d.Step, d.Explanation, d.State.Ledger.Verified)
		}
	}
}

// TestNewestWithoutTimes: where Azure tells no time at all, an instance that is made after the first write is newer than that write.
func TestNewestWithoutTimes(t *testing.T) {
	spec, obs := canary(image2, 50), seen(image2, 2, 0)
	obs.State = rollout.State{}
	obs.Model.Value.Image = bare.Image
	for n := range obs.Instances.Value {
		obs.Instances.Value[n].CreatedAt = time.Time{}
	}
	d := planner.Plan(spec, obs)
	if is := d.State.Rollback.Baseline.NewestInstanceAt; d.Step.Operation() != rollout.WriteImageOperation || !is.Equal(obs.At) {
		t.Errorf("%v: the newest is of %s, want %s", d.Explanation, is, obs.At)
	}
}

// TestTagOfTheTarget: a target without a tag is met by what has one, so a rollout back to it rolls back, and upgrades no other instance.
func TestTagOfTheTarget(t *testing.T) {
	for _, tag := range []string{"", "new"} {
		target := rollout.Target{Script: v2.Script, RevisionTag: tag}
		spec, obs := canary(target, 100), seen(v2, 1, 2)
		obs.State = rollout.State{Run: rollout.Run{Number: 2, Revision: target.Revision()}, Rollback: rollout.RollbackState{
			Baseline: rollout.Baseline{Revision: "before", Source: rollout.BaselineSnapshot, Run: 1, Fixed: true}}}
		obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"before": rollout.KnownResult(rollout.Snapshot{
			Script: &rollout.ScriptSnapshot{URIs: v2.Script.URIs, Command: v2.Script.Command, ForceUpdateTag: "old"}})}
		d := planner.Plan(spec, obs)
		if isBack := d.State.Rollback.Current != nil; isBack != (tag == "") {
			t.Errorf("tag %q: goes back %t: %v", tag, isBack, d.Explanation)
		}
	}
}
