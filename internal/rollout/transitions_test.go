package rollout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// laden is a run in which everything is remembered that can be, with an upgrade of instance 1 in flight. Nothing is read, so the round ends
// right after what begins, ends or turns the run.
func laden() (rollout.Spec, rollout.Observation) {
	now := at.Add(time.Hour)
	ago := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	ref := func(id string) rollout.Ref { return rollout.Ref{ID: id, VMID: "vm-" + id} }
	spec := canary(v2, 50, func(s *rollout.Spec) {
		s.HistoryLimit, s.Tasks.Hooks = 2, []rollout.Hook{{Name: "tell", At: rollout.OnFailure, OnFailure: rollout.HookIgnore}}
	})
	return spec, rollout.Observation{At: now, State: rollout.State{
		ScaleSet: rollout.ScaleSetState{ID: "set"},
		Run:      rollout.Run{Number: 3, Revision: v2.Revision(), StartedAt: at},
		Model:    rollout.ModelState{Applied: true, ScriptWritten: true, SettingsDigest: "digest", CompletedETag: "etag", CompletedCapacity: 4},
		Stage: rollout.Stage{Name: "first", Timer: rollout.Timer{Since: ago(1), Elapsed: time.Minute}, Approved: []string{"first"},
			Promoted: "first", ChecksPassed: []string{"first"}, GateResets: 2},
		Operation: &rollout.Operation{Run: 3, Kind: rollout.UpgradeOperation, Attempt: 1, CreatedAt: ago(2), AcceptedAt: ago(2),
			NextPollAt: now.Add(time.Minute), PollToken: "token", ID: "op-1",
			Instances: []rollout.Attempt{{Ref: ref("1"), Try: 1, OSDisk: "disk-1"}}},
		Preempted: rollout.PreemptedOperation{Instances: []rollout.Ref{ref("2")}, At: ago(30), CreatedAt: ago(31), ID: "op-0"},
		Ledger: rollout.Ledger{Exposed: []string{"0", "1", "2"}, Verified: []string{"0"}, Skipped: []rollout.Ref{{ID: "3"}},
			Failed:   []rollout.Failure{{Ref: ref("2"), Try: 1, Reason: rollout.FailureHealth, Message: "unhealthy", At: ago(20)}},
			Cordoned: []string{"1"}},
		Timers: rollout.Timers{UnhealthySince: ago(1), ListShortSince: ago(2),
			Progress: rollout.ProgressTimer{Timer: rollout.Timer{Elapsed: time.Minute}, Reached: 1}},
		Pacing: rollout.Pacing{LastBatchEnd: ago(20), ExposedThen: 2, LastUpgradeDuration: time.Minute, NoEffectCount: 2,
			NoEffectInstances: []rollout.Ref{ref("1")}, NotBefore: now.Add(time.Second), Throttled: true,
			Deferred: rollout.Deferral{Kind: rollout.KindThrottled, Since: ago(3), Attempts: 2, Message: "slow down"}},
		Rollback: rollout.RollbackState{LastCompletedRevision: "done", Baseline: rollout.Baseline{Revision: "before",
			Source: rollout.BaselineSnapshot, SecretName: "secret", SecretDigest: "1", Run: 3, Fixed: true, NewestInstanceAt: ago(50)}},
		Tasks: rollout.TaskState{Sequence: 7, StepBefore: "first/50%/0", StepAfter: "none", Hooks: []rollout.HookInvocation{
			{Point: rollout.AfterInstance, Sequence: 6, Since: ago(1)},
			{Point: rollout.OnFailure, Sequence: 7, Since: ago(1), Subject: "unhealthy"}}},
		Actions:          []rollout.AppliedAction{{UID: "old", Verb: rollout.VerbApprove, Step: "first", At: ago(10)}},
		History:          []rollout.PastRun{{Number: 2, Revision: "two"}, {Number: 1, Revision: "one"}},
		RepairsSuspended: true,
	}}
}

// ended is the history once the third run is over.
func ended(o rollout.Observation, result rollout.RunResult, taken ...rollout.AppliedAction) []rollout.PastRun {
	m := o.State
	return []rollout.PastRun{{Number: 3, Revision: m.Run.Revision, PreviousRevision: m.Rollback.Baseline.Revision, Result: result,
		Message: "said", StartedAt: at, EndedAt: o.At, Actions: append(m.Actions, taken...)}, m.History[0]}
}

// afresh is the state in which a run begins: what outlives a run, and nothing else.
func afresh(o rollout.Observation, revision string) rollout.State {
	m := o.State
	p := m.Pacing
	return rollout.State{
		ScaleSet: m.ScaleSet, Run: rollout.Run{Number: 4, Revision: revision, StartedAt: o.At}, Operation: m.Operation, Preempted: m.Preempted,
		Pacing: rollout.Pacing{LastUpgradeDuration: p.LastUpgradeDuration, NotBefore: p.NotBefore, Throttled: p.Throttled, Deferred: p.Deferred,
			ReadsDeferred: p.ReadsDeferred},
		Rollback:         m.Rollback,
		Ledger:           rollout.Ledger{Exposed: m.Ledger.Exposed, Cordoned: m.Ledger.Cordoned},
		History:          m.History,
		RepairsSuspended: true,
	}
}

// turned is the state once the run rolls back with its upgrade preempted.
func turned(o rollout.Observation, kind rollout.RollbackKind, taken rollout.AppliedAction) rollout.State {
	m := o.State.Clone()
	m.Rollback.Current = &rollout.Rollback{Kind: kind, Cause: rollout.CauseAction, Revision: m.Rollback.Baseline.Revision, StartedAt: o.At,
		Message: "said", RequestedBy: "ops"}
	m.Preempted = rollout.PreemptedOperation{Instances: append(m.Preempted.Instances, rollout.Ref{ID: "1", VMID: "vm-1"}), At: o.At,
		CreatedAt: m.Operation.CreatedAt, ID: "op-1"}
	m.Operation = nil
	m.Ledger.Failed, m.Ledger.Verified = nil, nil
	m.Stage.Timer, m.Timers.Progress, m.Timers.UnhealthySince = rollout.Timer{}, rollout.ProgressTimer{}, time.Time{}
	m.Tasks.Hooks = m.Tasks.Hooks[1:] // the hooks that hear of the failure stay
	m.Pacing.LastBatchEnd, m.Pacing.ExposedThen, m.Pacing.NoEffectCount, m.Pacing.NoEffectInstances = time.Time{}, 0, 0, nil
	m.Model = rollout.ModelState{SettingsDigest: "digest", CompletedCapacity: 4}
	m.Actions = append(m.Actions, taken)
	return m
}

// asked is an action as it is handed in, and as it is remembered.
func asked(o *rollout.Observation, verb rollout.Verb) rollout.AppliedAction {
	o.Actions = []rollout.Action{{UID: "uid", Verb: verb, Run: 3, RequestedBy: "ops", RequesterVerified: true}}
	return rollout.AppliedAction{UID: "uid", Verb: verb, RequestedBy: "ops", RequesterVerified: true, At: o.At}
}

// TestWhatOutlivesARun compares all that is remembered after what begins, ends or turns a run, field by field. Words are not compared.
func TestWhatOutlivesARun(t *testing.T) {
	for name, play := range map[string]func(*rollout.Spec, *rollout.Observation) rollout.State{
		"a new target": func(s *rollout.Spec, o *rollout.Observation) rollout.State {
			s.Target = v3
			want := afresh(*o, v3.Revision())
			want.History = ended(*o, rollout.RunFailed)
			return want
		},
		"a new target, and nothing failed": func(s *rollout.Spec, o *rollout.Observation) rollout.State {
			s.Target, o.State.Ledger.Failed = v3, nil
			want := afresh(*o, v3.Revision())
			want.History = ended(*o, rollout.RunSuperseded)
			return want
		},
		"a new target after a completed run": func(s *rollout.Spec, o *rollout.Observation) rollout.State {
			s.Target, o.State.Run.Completed, o.State.Ledger.Failed = v3, true, nil
			want := afresh(*o, v3.Revision())
			want.History = ended(*o, rollout.RunSuperseded)
			want.Ledger.Exposed, want.Rollback.Baseline = nil, rollout.Baseline{}
			return want
		},
		"a new target, and a refused write": func(s *rollout.Spec, o *rollout.Observation) rollout.State {
			s.Target, o.State.Operation.Rejection = v3, &rollout.Problem{Kind: rollout.KindInvalid, Message: "no"}
			want := afresh(*o, v3.Revision())
			want.History, want.Operation = ended(*o, rollout.RunFailed), nil
			return want
		},
		"a retry": func(_ *rollout.Spec, o *rollout.Observation) rollout.State {
			taken := asked(o, rollout.VerbRetry)
			want := afresh(*o, v2.Revision())
			want.History = ended(*o, rollout.RunFailed, taken)
			want.Model = rollout.ModelState{ScriptWritten: true, SettingsDigest: "digest"}
			want.Ledger.Verified = o.State.Ledger.Verified
			want.Ledger.Failed = []rollout.Failure{{Ref: o.State.Ledger.Failed[0].Ref, Reason: rollout.FailureRetry, Message: "unhealthy",
				At: o.State.Ledger.Failed[0].At}}
			op := *o.State.Operation
			op.Run = 4
			want.Operation = &op
			return want
		},
		"a retry on another scale set": func(_ *rollout.Spec, o *rollout.Observation) rollout.State {
			o.State.ScaleSet.ReplacedBy = "other"
			taken := asked(o, rollout.VerbRetry)
			return rollout.State{
				ScaleSet: rollout.ScaleSetState{ID: "other"}, Run: rollout.Run{Number: 4, Revision: v2.Revision(), StartedAt: o.At},
				Pacing:  rollout.Pacing{NotBefore: o.State.Pacing.NotBefore, Throttled: true},
				Ledger:  rollout.Ledger{Cordoned: o.State.Ledger.Cordoned},
				History: ended(*o, rollout.RunFailed, taken),
			}
		},
		"a rollback": func(_ *rollout.Spec, o *rollout.Observation) rollout.State {
			return turned(*o, rollout.FullRollback, asked(o, rollout.VerbRollback))
		},
		"an abort": func(_ *rollout.Spec, o *rollout.Observation) rollout.State {
			return turned(*o, rollout.AbortRollback, asked(o, rollout.VerbAbort))
		},
		"a rollback of what was refused": func(_ *rollout.Spec, o *rollout.Observation) rollout.State {
			o.State.Operation.Rejection = &rollout.Problem{Kind: rollout.KindInvalid, Message: "no"}
			want := turned(*o, rollout.FullRollback, asked(o, rollout.VerbRollback))
			want.Preempted = o.State.Preempted // what was refused is nowhere in flight
			return want
		},
		"a rollback that has nothing to go back to, before the reimages": func(s *rollout.Spec, o *rollout.Observation) rollout.State {
			s.Instances.Action, o.State.Rollback.Baseline.Unavailable = rollout.ActionUpgradeThenReimage, "the Secret is gone"
			want := turned(*o, rollout.FullRollback, asked(o, rollout.VerbRollback))
			want.Rollback.Current.Revision = ""
			want.Ledger.Verified = o.State.Ledger.Verified
			want.Ledger.Failed = append(o.State.Ledger.Failed[:1:1], rollout.Failure{Ref: rollout.Ref{ID: "1", VMID: "vm-1"}, Try: 1,
				OSDisk: "disk-1", Reason: rollout.FailureReimage, At: o.At, Message: "said"})
			return want
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := laden()
			want := play(&spec, &obs)
			d := planner.Plan(spec, obs)
			if diff := cmp.Diff(silent(want), silent(d.State)); diff != "" {
				t.Errorf("%v: remembered (-want +got):\n%s", d.Explanation, diff)
			}
		})
	}
}

// TestWhatIsLeftOfACompletedRun: its target is the baseline of later runs, and it owes no restored pod, node or repair.
func TestWhatIsLeftOfACompletedRun(t *testing.T) {
	_, o := laden()
	spec, obs := canary(v2, 100), seen(v2, 0, 3)
	o.State.Operation, o.State.Preempted, o.State.RepairsSuspended = nil, rollout.PreemptedOperation{}, false
	o.State.Ledger.Failed, o.State.Stage, o.State.Tasks.Hooks, o.State.ScaleSet = nil, rollout.Stage{}, nil, rollout.ScaleSetState{}
	o.State.Rollback.Baseline.SecretName, o.State.Ledger.Skipped = "", nil
	obs.State = o.State
	want := o.State.Clone()
	want.Run.Completed = true
	want.Model.CompletedETag, want.Model.CompletedCapacity = "7", 3
	want.Ledger.Exposed, want.Ledger.Verified, want.Timers = nil, nil, rollout.Timers{}
	want.Rollback = rollout.RollbackState{LastCompletedRevision: v2.Revision()}
	want.Pacing.Deferred = o.State.Pacing.Deferred // an effect waits for its time
	want.History = ended(o, rollout.RunPromoted)[:1]
	d := planner.Plan(spec, obs)
	if diff := cmp.Diff(silent(want), silent(d.State)); diff != "" || d.Explanation.Reason != rollout.ReasonCompleted {
		t.Errorf("%v: remembered (-want +got):\n%s", d.Explanation, diff)
	}
	if len(d.SaveRevisions) != 1 || d.SaveRevisions[0].Revision != v2.Revision() || d.SaveRevisions[0].Run != 3 {
		t.Errorf("stored %+v", d.SaveRevisions)
	}
}

// TestWhatIsLeftOfARollback: the instances that went back are exposed no longer, and the restored content is the baseline.
func TestWhatIsLeftOfARollback(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*rollout.Spec, *rollout.Observation)
		want   func(*rollout.State)
		reason rollout.Reason
	}{
		"all went back": {func(*rollout.Spec, *rollout.Observation) {}, func(*rollout.State) {}, rollout.ReasonRolledBack},
		"one was stopped": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Instances.Value[1].Latest = rollout.False
			o.Instances.Value[1].Power = rollout.PowerState{Running: rollout.False, Off: rollout.OffDeallocated}
		}, func(m *rollout.State) {
			m.Ledger.Exposed, m.Rollback.Baseline.NewestInstanceAt = []string{"1"}, at.Add(5*time.Minute)
		}, rollout.ReasonRolledBack},
		"one went back and was stopped": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Instances.Value[1].Power = rollout.PowerState{Running: rollout.False, Off: rollout.OffDeallocated}
		}, func(*rollout.State) {}, rollout.ReasonRolledBack},
		"one is protected": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Instances.Value[0].Latest, o.Instances.Value[0].Protected = rollout.False, true
		}, func(m *rollout.State) {
			m.Ledger.Exposed, m.Rollback.Baseline.NewestInstanceAt = []string{"0"}, at.Add(5*time.Minute)
		}, rollout.ReasonRolledBack},
		"aborted": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.State.Rollback.Current.Kind = rollout.AbortRollback
		}, func(m *rollout.State) {
			m.Ledger.Exposed, m.Rollback.Baseline.NewestInstanceAt = []string{"0", "1"}, at.Add(5*time.Minute)
			m.History[0].Result = rollout.RunAborted
		}, rollout.ReasonAborted},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := rollbackUnderWay()
			for n := range 2 {
				obs.Instances.Value[n].Latest, obs.Instances.Value[n].Disk.Image = rollout.True, &bare.Image
			}
			tc.change(&spec, &obs)
			want := obs.State.Clone()
			want.Ledger.Exposed, want.Rollback.Baseline.NewestInstanceAt = nil, time.Time{}
			want.Model.Applied = true
			want.Rollback.Current.Done, want.Rollback.LastCompletedRevision = true, "before"
			want.History = []rollout.PastRun{{Number: 1, Revision: image2.Revision(), PreviousRevision: "before", Result: rollout.RunRolledBack,
				Message: "asked", EndedAt: obs.At}}
			tc.want(&want)
			d := planner.Plan(spec, obs)
			wantWait(t, d, tc.reason)
			if diff := cmp.Diff(silent(want), silent(d.State)); diff != "" {
				t.Errorf("%v: remembered (-want +got):\n%s", d.Explanation, diff)
			}
		})
	}
}
