package advance

import (
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// StartRollback lets the run go back. What failed on the way forward is no failure of the rollback, once there is a baseline. An upgrade
// that is in flight is preempted, since the model must not wait for it; its instances are suspect until they are listed at rest. A write
// of the model is short, and is waited for.
func StartRollback(d *Draft, r rollout.Rollback) {
	s := &d.State
	r.StartedAt = d.At()
	if b := s.Rollback.Baseline; b.IsAvailable() {
		r.Revision = b.Revision
	}
	if op := s.Operation; op != nil && (op.TouchesInstances() || op.Rejection != nil) {
		if op.Rejection == nil {
			preemptForRollback(d, op)
		}
		s.Operation = nil
	}
	s.Rollback.Current = &r
	if r.Revision != "" {
		s.Ledger.Failed, s.Ledger.Verified = nil, nil
	}
	s.Stage.Timer, s.Timers.Progress = rollout.Timer{}, rollout.ProgressTimer{}
	s.Tasks.Hooks = slices.DeleteFunc(slices.Clone(s.Tasks.Hooks), func(h rollout.HookInvocation) bool {
		return h.Point != rollout.OnFailure
	})
	s.Timers.UnhealthySince, s.Pacing.LastBatchEnd, s.Pacing.ExposedThen = time.Time{}, time.Time{}, 0
	forgetNoEffect(s)
	s.Model.Applied, s.Model.ScriptWritten, s.Model.CompletedETag, s.Run.Completed = false, false, "", false
	d.Forget()
}

// preemptForRollback stops waiting for an operation on instances. Should there be no baseline, a Retry has to know which instances did
// not get the new disk yet.
func preemptForRollback(d *Draft, op *rollout.Operation) {
	preempt(d, op)
	for _, a := range op.Instances {
		Expose(d, a.ID)
		if d.Spec.Instances.Action == rollout.ActionUpgradeThenReimage && d.State.Rollback.Current == nil {
			// The disk of before stays: should the reimage end well after all, another disk shows that.
			fail(&d.State, rollout.Failure{
				Ref: a.Ref, Try: a.Try, OSDisk: a.OSDisk, Reason: rollout.FailureReimage, At: d.At(),
				Message: "the rollback started before its reimage was verified",
			})
		}
	}
}

// RollBack starts a rollback in the middle of a round and ends the round.
func RollBack(d *Draft, kind rollout.RollbackKind, cause rollout.RollbackCause, why string) *view.Hold {
	StartRollback(d, rollout.Rollback{Kind: kind, Cause: cause, Message: why})
	return view.Wait(rollout.ReasonProgressing, view.RecheckSoon, "%s", why)
}

// ExpireRun does not wait for what is in flight when the run is to go back because nothing moves, since what is in flight may be the
// cause, or because the release failed a check.
func ExpireRun(d *Draft) *view.Hold {
	if d.State.Rollback.Current != nil || d.State.Operation == nil || !view.HasFailedAsWhole(d.View) {
		return nil
	}
	return FailRun(d, view.Failure(d.View))
}

// FailRun does what was declared about a failure; nil: it is a hold and no more.
func FailRun(d *Draft, why string) *view.Hold {
	switch d.Spec.Failure.Action {
	case rollout.FailureAbort:
		return RollBack(d, rollout.AbortRollback, rollout.CauseFailure, why)
	case rollout.FailureRollback:
		return RollBack(d, rollout.FullRollback, rollout.CauseFailure, why)
	default:
		return nil
	}
}

// FinishRollback ends the run in its rollback. Left are the instances that should have been restored and that Azure leaves alone: they stay
// exposed.
func FinishRollback(d *Draft, left []string) {
	s, current := &d.State, d.State.Rollback.Current
	current.Done, current.Differences = true, view.Differences(d.View)
	s.Rollback.Baseline.Fixed = s.Rollback.Baseline.Fixed || !current.ModelRestoredAt.IsZero()
	if current.Revision != "" {
		s.Rollback.Baseline.Revision, s.Rollback.LastCompletedRevision = current.Revision, current.Revision
	}
	result := rollout.RunAborted
	if current.Kind == rollout.FullRollback {
		result = rollout.RunRolledBack
		s.Ledger.Exposed = left
		if len(left) == 0 {
			s.Rollback.Baseline.NewestInstanceAt = time.Time{}
		}
	}
	EndRun(d, result, current.Message)
}

// LeaveRollback drops the rollback and what it preempted, since the run continues at its baseline: the baseline is its target.
func LeaveRollback(d *Draft) {
	s := &d.State
	s.Rollback.Current, s.Run.CompletedAtBaseline, s.Model.Applied = nil, true, true
	d.UseSpec(d.Declared, false)
}

// EndOperations forgets what was in flight when a rollback ends. An abort does not wait for it, and says so.
func EndOperations(d *Draft) {
	current := d.State.Rollback.Current
	if current.Kind == rollout.AbortRollback && view.IsPreemptedAtWork(d.View) {
		current.Message += "; " + view.DescribePreempted(d.View) + " was still running"
	}
	d.State.Operation, d.State.Preempted = nil, rollout.PreemptedOperation{}
}

// NoteModelRestored notes when the model was first seen restored.
func NoteModelRestored(d *Draft) {
	if current := d.State.Rollback.Current; current.ModelRestoredAt.IsZero() {
		current.ModelRestoredAt = d.At()
	}
}

// preempt stops waiting for an operation that may never end. Its instances are suspect until they are listed at rest.
func preempt(d *Draft, op *rollout.Operation) {
	p := &d.State.Preempted
	for _, a := range op.Instances {
		if !slices.ContainsFunc(p.Instances, a.Means) {
			p.Instances = append(p.Instances, a.Ref)
		}
	}
	p.At, p.CreatedAt, p.ID = d.At(), op.CreatedAt, op.ID
}

// ForgetPreempted forgets the instances of a preempted operation once they are listed at rest.
func ForgetPreempted(d *Draft) {
	p := &d.State.Preempted
	if p.At.IsZero() || d.At().Before(p.At.Add(view.SettleTime)) {
		return
	}
	if len(p.Instances) == 0 && d.Model().State != rollout.StateUpdating {
		*p = rollout.PreemptedOperation{}
	}
	still := stillAtWork(d)
	if len(still) == len(p.Instances) {
		return
	}
	p.Instances = still
	if len(still) == 0 {
		*p = rollout.PreemptedOperation{}
	}
	d.Forget()
}

// stillAtWork lists the instances of the preempted operation that Azure is still at work on. A run that goes forward gives up on them in
// the end.
func stillAtWork(d *Draft) []rollout.Ref {
	var still []rollout.Ref
	isAwaited := d.State.IsRollingBack() || d.At().Before(d.State.Preempted.At.Add(view.OperationDeadline))
	for _, ref := range d.State.Preempted.Instances {
		if isAwaited && d.MayBeBusy(ref) {
			still = append(still, ref)
		}
	}
	return still
}
