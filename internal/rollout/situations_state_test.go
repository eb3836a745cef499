package rollout_test

import (
	"fmt"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

var twistsOfState = []twist{
	{"instances failed", func(s *situation) { s.failSome() }},
	{"instances failed", func(s *situation) { s.failSome() }},
	{"one instance failed", func(s *situation) {
		s.failSome()
		s.state().Ledger.Failed = s.state().Ledger.Failed[:1]
	}},
	{"instances are skipped", func(s *situation) { s.state().Ledger.Skipped = s.refs()[:1] }},
	{"exposed instances", func(s *situation) { s.state().Ledger.Exposed = s.ids() }},
	{"all are exposed", func(s *situation) {
		s.state().Ledger.Exposed = nil
		for _, i := range s.obs.Instances.Value {
			s.state().Ledger.Exposed = append(s.state().Ledger.Exposed, i.ID)
		}
		sortIDs(s.state().Ledger.Exposed)
	}},
	{"nothing is exposed", func(s *situation) { s.state().Ledger.Exposed, s.state().Ledger.Verified = nil, nil }},
	{"verified instances", func(s *situation) { s.state().Ledger.Verified = s.ids() }},
	{"cordoned instances", func(s *situation) { s.state().Ledger.Cordoned = s.ids(); s.tellNodes() }},
	{"instances are unhealthy for some time", func(s *situation) { s.state().Timers.UnhealthySince = s.ago() }},
	{"the last batch ended", func(s *situation) {
		s.state().Pacing.LastBatchEnd, s.state().Pacing.ExposedThen = s.ago(), s.dice(4)
		s.state().Pacing.LastUpgradeDuration = []time.Duration{0, 40 * time.Second, time.Hour}[s.dice(3)]
	}},
	{"effects changed nothing", func(s *situation) {
		s.state().Pacing.NoEffectCount = 1 + s.dice(3)
		if s.dice(2) == 0 {
			s.state().Pacing.NoEffectInstances = s.refs()
		}
	}},
	{"nothing before later", func(s *situation) {
		s.state().Pacing.NotBefore, s.state().Pacing.Throttled = s.obs.At.Add(time.Minute), s.dice(2) == 0
	}},
	{"something is put off", func(s *situation) {
		s.state().Pacing.Deferred = rollout.Deferral{Kind: rollout.KindConflict, Since: s.ago(), Attempts: s.dice(4), Message: "busy"}
	}},
	{"reads are put off", func(s *situation) {
		s.state().Pacing.ReadsDeferred = rollout.Deferral{Kind: []rollout.Kind{rollout.KindThrottled, rollout.KindNotFound}[s.dice(2)],
			Since: s.ago(), Until: s.obs.At.Add(time.Duration(s.dice(4)-1) * 20 * time.Minute), Attempts: 2, Message: "slow down"}
	}},
	{"repairs are suspended", func(s *situation) { s.state().RepairsSuspended = true }},
	{"the model is not applied yet", func(s *situation) { s.state().Model.Applied = false }},
	{"the script is written", func(s *situation) { s.state().Model.ScriptWritten, s.state().Model.SettingsDigest = true, "1" }},
	{"completed at the baseline", func(s *situation) {
		s.state().Run.Completed, s.state().Run.CompletedAtBaseline = true, true
	}},
	{"completed", func(s *situation) { s.state().Run.Completed = true }},
	{"no run", func(s *situation) {
		s.obs.State = rollout.State{Ledger: s.state().Ledger, RepairsSuspended: s.dice(2) == 0}
	}},
	{"a former run", func(s *situation) {
		m := s.state()
		m.Run.Number = 2
		m.History = []rollout.PastRun{{Number: int64(1 + s.dice(2)), Revision: "former", PreviousRevision: "older",
			Result:  []rollout.RunResult{rollout.RunPromoted, rollout.RunAborted, rollout.RunFailed}[s.dice(3)],
			Actions: []rollout.AppliedAction{{UID: "former", Verb: rollout.VerbApprove}}}}
		m.Rollback.LastCompletedRevision = []string{"", "former", m.Rollback.Baseline.Revision}[s.dice(3)]
	}},
	{"actions were taken", func(s *situation) {
		for n := range []int{1, 9, 32}[s.dice(3)] {
			s.state().Actions = append(s.state().Actions, rollout.AppliedAction{UID: fmt.Sprint("taken-", n), Verb: rollout.VerbApprove,
				Step: "first"})
		}
	}},
	{"times lie ahead", func(s *situation) {
		s.state().Pacing.LastBatchEnd, s.state().Timers.UnhealthySince = s.obs.At.Add(3*time.Hour), s.obs.At.Add(time.Minute)
		if op := s.state().Operation; op != nil {
			op.CreatedAt = s.obs.At.Add(2 * time.Hour)
		}
	}},
	{"a check failed", func(s *situation) { s.state().Stage.FailedCheck = "check page failed: no" }},
	{"checks passed", func(s *situation) {
		s.state().Stage.ChecksPassed = []string{fmt.Sprintf("/%d%%/0 check-0", s.spec.Canary.Percent), "other/34%/0 check-0"}
		s.state().Stage.Timer.Since = s.ago()
	}},
	{"the release is undone", func(s *situation) {
		m := s.state()
		m.History = []rollout.PastRun{{Number: 1, Revision: m.Rollback.Baseline.Revision, Result: []rollout.RunResult{rollout.RunPromoted,
			rollout.RunAborted}[s.dice(2)]}}
		m.Rollback.LastCompletedRevision = []string{"", m.Rollback.Baseline.Revision, "done"}[s.dice(3)]
		s.act(5)
		s.obs.Actions[0].Revision = m.Rollback.Baseline.Revision
		if s.dice(2) == 0 {
			m.Rollback.Baseline.Invalid = "the record is gone"
		}
	}},
	{"the gate is open for some time", func(s *situation) { s.state().Stage.Timer.Since = s.ago() }},
}

var twistsOfOperations = []twist{
	{"an upgrade", func(s *situation) { s.operate(rollout.UpgradeOperation) }},
	{"an upgrade of one", func(s *situation) {
		op := s.operate(rollout.UpgradeOperation)
		op.Instances = op.Instances[:1]
	}},
	{"a write", func(s *situation) {
		s.operate([]rollout.OperationKind{rollout.WriteImageOperation, rollout.WriteScriptOperation, rollout.RemoveScriptOperation}[s.dice(3)])
	}},
	{"a reimage", func(s *situation) { s.operate(rollout.ReimageOperation).ReplacesOSDisk = s.dice(2) == 0 }},
	{"the operation was never accepted", func(s *situation) {
		if op := s.state().Operation; op != nil {
			op.AcceptedAt, op.EndedAt, op.AzureTime = time.Time{}, time.Time{}, time.Time{}
		}
	}},
	{"the operation has not ended", func(s *situation) {
		if op := s.state().Operation; op != nil {
			op.EndedAt = time.Time{}
			op.PollToken = []string{"", "token"}[s.dice(2)]
			op.NextPollAt = s.obs.At.Add(time.Duration(s.dice(3)-1) * time.Minute)
		}
	}},
	{"the operation ended badly", func(s *situation) {
		if op := s.state().Operation; op != nil {
			op.Error = s.problem()
		}
	}},
	{"the operation is refused", func(s *situation) {
		if op := s.state().Operation; op != nil {
			op.Rejection, op.EndedAt = s.problem(), time.Time{}
		}
	}},
	{"the operation is of another run", func(s *situation) {
		if op := s.state().Operation; op != nil {
			op.Run--
		}
	}},
	{"the operation is of the other way", func(s *situation) {
		if op := s.state().Operation; op != nil {
			op.Rollback = !op.Rollback
		}
	}},
	{"the operation is young", func(s *situation) {
		if op := s.state().Operation; op != nil {
			op.CreatedAt = s.obs.At.Add(-10 * time.Second)
			op.AcceptedAt, op.EndedAt = op.CreatedAt, op.CreatedAt.Add(time.Second)
		}
	}},
	{"the operation is old", func(s *situation) {
		if op := s.state().Operation; op != nil {
			op.CreatedAt = s.obs.At.Add(-3 * time.Hour)
			op.AcceptedAt = op.CreatedAt
		}
	}},
	{"readings of the operation", func(s *situation) {
		if op := s.state().Operation; op != nil {
			op.LastReadingAt = s.ago()
		}
	}},
	{"its instances have the latest model", func(s *situation) {
		for n, i := range s.obs.Instances.Value {
			if op := s.state().Operation; op.Names(i) {
				s.obs.Instances.Value[n].Latest = rollout.True
			}
		}
	}},
	{"its instances are well for long", func(s *situation) {
		if op := s.state().Operation; op != nil {
			for n := range op.Instances {
				op.Instances[n].HealthySince = s.obs.At.Add(-time.Hour)
			}
		}
	}},
}

var twistsOfBack = []twist{
	{"an operation was left behind", func(s *situation) {
		s.state().Preempted = rollout.PreemptedOperation{Instances: s.refs(), At: s.ago(), CreatedAt: s.ago(), ID: "op-0"}
	}},
	{"a write was left behind", func(s *situation) {
		s.state().Preempted = rollout.PreemptedOperation{At: s.ago(), CreatedAt: s.ago(), ID: []string{"", "op-0"}[s.dice(2)]}
	}},
	{"the rollback is another one", func(s *situation) { s.back(rollout.FullRollback) }},
	{"the rollback has no revision", func(s *situation) {
		if back := s.state().Rollback.Current; back != nil {
			back.Revision = ""
		}
	}},
	{"the rollback is for all", func(s *situation) {
		if back := s.state().Rollback.Current; back != nil {
			back.AllInstances = true
			s.state().History = []rollout.PastRun{{Number: s.state().Run.Number, Result: rollout.RunPromoted, Revision: "done",
				PreviousRevision: s.state().Rollback.Baseline.Revision}}
			if s.dice(2) == 0 {
				s.state().Rollback.Baseline = rollout.Baseline{}
			}
		}
	}},
	{"the rollback is young", func(s *situation) {
		if back := s.state().Rollback.Current; back != nil {
			back.StartedAt = s.obs.At.Add(-20 * time.Second)
		}
	}},
	{"the rollback is over", func(s *situation) {
		if back := s.state().Rollback.Current; back != nil {
			back.Done, back.ModelRestoredAt = true, s.ago()
		}
	}},
	{"the model was restored long ago", func(s *situation) {
		if back := s.state().Rollback.Current; back != nil {
			back.ModelRestoredAt = s.obs.At.Add(-time.Hour)
		}
	}},
	{"the baseline cannot be used", func(s *situation) {
		b := &s.state().Rollback.Baseline
		switch s.dice(3) {
		case 0:
			b.Invalid = "the record is gone"
		case 1:
			b.Unavailable = "the Secret is gone"
		default:
			b.IsTarget = true
		}
	}},
	{"the baseline is not fixed", func(s *situation) { s.state().Rollback.Baseline.Fixed = false }},
	{"the baseline is of a former run", func(s *situation) { s.state().Rollback.Baseline.Run-- }},
	{"no baseline", func(s *situation) { s.state().Rollback.Baseline = rollout.Baseline{} }},
	{"the baseline knows no newest instance", func(s *situation) { s.state().Rollback.Baseline.NewestInstanceAt = time.Time{} }},
}

var twistsOfTasks = []twist{
	{"calls before instances", func(s *situation) { s.call(rollout.BeforeInstance) }},
	{"calls before instances", func(s *situation) { s.call(rollout.BeforeInstance) }},
	{"calls after instances", func(s *situation) { s.call(rollout.AfterInstance) }},
	{"calls after instances", func(s *situation) { s.call(rollout.AfterInstance) }},
	{"calls before a step", func(s *situation) { s.call(rollout.BeforeStep) }},
	{"calls after a step", func(s *situation) { s.call(rollout.AfterStep) }},
	{"calls on a failure", func(s *situation) { s.call(rollout.OnFailure) }},
	{"drained", func(s *situation) { s.drain() }},
	{"drained", func(s *situation) { s.drain() }},
	{"checks of instances", func(s *situation) { s.check(rollout.CheckInstance) }},
	{"checks of instances", func(s *situation) { s.check(rollout.CheckInstance) }},
	{"checks of steps", func(s *situation) { s.check(rollout.CheckStep) }},
}

var twistsOfActions = []twist{
	{"an action", func(s *situation) { s.act(s.dice(7)) }},
	{"an action", func(s *situation) { s.act(s.dice(7)) }},
	{"a rollback is asked for", func(s *situation) { s.act(5) }},
	{"a retry is asked for", func(s *situation) { s.act(6) }},
	{"a rollback to a record is asked for", func(s *situation) {
		s.act(5)
		s.obs.Actions[len(s.obs.Actions)-1].Revision = []string{s.state().Rollback.Baseline.Revision, "done", s.state().Run.Revision}[s.dice(3)]
		s.obs.Cluster.Revisions["done"] = rollout.KnownResult(rollout.Snapshot{Image: &rollout.Image{ID: "/images/done"},
			Script: []*rollout.ScriptSnapshot{nil, {Command: "sh done.sh", ProtectedSettings: "base-script", Digest: "1"}}[s.dice(2)]})
	}},
	{"an action that was taken", func(s *situation) {
		s.act(s.dice(7))
		s.obs.Actions[len(s.obs.Actions)-1].UID = []string{"taken-0", "former"}[s.dice(2)]
	}},
}

// act asks for something.
func (s *situation) act(n int) {
	verbs := []rollout.Verb{rollout.VerbApprove, rollout.VerbPromote, rollout.VerbPromoteFull, rollout.VerbAbort, rollout.VerbSkipInstance,
		rollout.VerbRollback, rollout.VerbRetry}
	s.obs.Actions = append(s.obs.Actions, rollout.Action{UID: fmt.Sprint("uid-", len(s.obs.Actions)), Verb: verbs[n],
		Run: s.state().Run.Number - int64(max(0, s.dice(8)-6)), Step: "first", Instance: fmt.Sprint(s.dice(3)), RequestedBy: "ops"})
}
