package advance

import (
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/task"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// fail puts an instance among the failed ones, in the place of what it failed for before.
func fail(s *rollout.State, f rollout.Failure) {
	forgive(s, []rollout.Ref{f.Ref})
	s.Ledger.Failed = append(s.Ledger.Failed, f)
}

// forgive takes instances out of the failed ones.
func forgive(s *rollout.State, refs []rollout.Ref) {
	s.Ledger.Failed = slices.DeleteFunc(slices.Clone(s.Ledger.Failed), func(f rollout.Failure) bool {
		return slices.ContainsFunc(refs, f.Means)
	})
}

// Expose puts an instance among those that a target may have touched.
func Expose(d *Draft, id string) {
	d.State.Ledger.Exposed = rollout.InsertID(d.State.Ledger.Exposed, id)
}

// exposeAll exposes all instances of a kind, but for those that are being deleted.
func exposeAll(d *Draft, isMeant func(rollout.Instance) bool) {
	for _, i := range d.Instances() {
		if isMeant(i) && i.State != rollout.StateDeleting {
			Expose(d, i.ID)
		}
	}
}

// TrackExposed exposes every instance that a target was seen on, beside those that an effect named. The flag that shows it now can be
// cleared by any change of the model; what was exposed has to be restored in any case. Where the target may be what was there before, the
// instances that have it are those to which nothing was done.
func TrackExposed(d *Draft) {
	if view.MayReturn(d.View) && !view.IsKnownOther(d.View, d.State.Rollback.Baseline.Revision) {
		return
	}
	for _, i := range d.Inventory().Exposed {
		if !d.State.Ledger.FailedUntouched(i) {
			Expose(d, i.ID)
		}
	}
}

// TrackUndoScope exposes every instance where a completed release is undone, so that whatever becomes of the undo, all can be restored;
// instances that were left out of the release, as protected or by an action, are meant by the undo, too.
func TrackUndoScope(d *Draft) {
	if d.State.Rollback.Current.AllInstances && d.State.IsPromoted() {
		exposeAll(d, func(rollout.Instance) bool { return true })
	}
}

// TrackLateUpdates exposes the instances that have the target while the model still has it, until the model is restored: instances are
// created all the time, also where the rollback has to wait before its first write. What the rollback goes to was read before.
func TrackLateUpdates(d *Draft) {
	before, declared := d.Obs.Cluster.Revisions[d.State.Rollback.Current.Revision].Value, d.Declared.Target
	if target.Meets(before, declared) || !target.Carries(declared, d.Model(), true) {
		return
	}
	exposeAll(d, func(i rollout.Instance) bool { return i.Latest == rollout.True })
}

// noteVerified remembers instances that leave their batch verified. Any change of the model clears Azure's flag on them, so that it alone
// does not tell which instances have the target.
func noteVerified(s *rollout.State, refs []rollout.Ref) {
	if s.Rollback.Current != nil {
		return
	}
	for _, ref := range refs {
		s.Ledger.Verified = rollout.InsertID(s.Ledger.Verified, ref.ID)
	}
}

// PruneFailures drops failures that are over: the instance is gone, or has the target and is healthy again.
func PruneFailures(d *Draft) {
	var still []rollout.Failure
	for _, f := range d.State.Ledger.Failed {
		if i, listed := d.Find(f.Ref); listed && !isOvercome(d, f, i) || d.MayExist(f.Ref) {
			still = append(still, f)
		}
	}
	if len(still) != len(d.State.Ledger.Failed) {
		d.State.Ledger.Failed = still
		d.Forget()
	}
}

// isOvercome reports that a failure is over. Health tells nothing of a disk, so a reimage that cannot be verified stays a failure until the
// instance is gone, the target changes, or another disk shows that it was done after all. An instance that is to be tried again and has the
// target already is judged by how it is from now on.
func isOvercome(d *Draft, f rollout.Failure, i rollout.Instance) bool {
	switch f.Reason {
	case rollout.FailureReimage, rollout.FailureRetryReimage:
		return f.OSDisk != "" && i.Disk.ID != "" && f.OSDisk != i.Disk.ID && !i.IsBusy()
	case rollout.FailureCheck, rollout.FailureHook, rollout.FailureDrain:
		return false // it was healthy when it failed
	case rollout.FailureRetry:
		return i.Latest == rollout.True && d.IsCarried()
	case rollout.FailureHealth:
		return hasRecovered(d, i) && isReportedAfter(d, f, i)
	default:
		return hasRecovered(d, i)
	}
}

func hasRecovered(d *Draft, i rollout.Instance) bool {
	return inventory.HasRecovered(d.Spec, d.State, d.Model(), i)
}

// isReportedAfter reports that the health report of the instance is from after the time began in which it should have become healthy: an
// older one did not count then either. Of many failures only the first have a time; the others have the zero time, and any report is
// after that.
func isReportedAfter(d *Draft, f rollout.Failure, i rollout.Instance) bool {
	return d.Spec.Health.Source != rollout.HealthApplication || i.Health.Since.IsZero() ||
		inventory.ReportedAt(i, d.At()).After(f.At.Add(-d.Spec.Health.Timeout))
}

// leaveOut puts an instance among those that failed, or takes it out of the run.
func leaveOut(d *Draft, a rollout.Attempt, reason rollout.FailureReason, what rollout.HookFailure, message string) {
	s := &d.State
	if what == rollout.HookSkips && len(s.Ledger.Skipped) < maxSkipped {
		forgive(s, []rollout.Ref{a.Ref})
		s.Ledger.Skipped = append(s.Ledger.Skipped, rollout.Ref{ID: a.ID, VMID: a.VMID})
		return
	}
	try := a.Try
	for _, f := range s.Ledger.Failed {
		if f.Means(a.Ref) {
			try = f.Try + 1 // it was to be tried again
		}
	}
	fail(s, rollout.Failure{Ref: a.Ref, Try: try, Reason: reason, Message: message, At: d.At()})
}

// FailUnhealthy runs the one timer of instances that are unhealthy outside an operation, and fails them when it is over. From the first
// moment that one is not healthy the timer runs; when it is over, those that still are not have failed. The timer is one for all, so an
// instance that becomes unhealthy later is judged sooner, never later.
func FailUnhealthy(d *Draft, unhealthy []rollout.Instance, failure func(rollout.Instance) rollout.Failure) {
	since := &d.State.Timers.UnhealthySince
	if len(unhealthy) == 0 {
		*since = time.Time{}
		return
	}
	if since.IsZero() {
		*since = d.At()
	}
	if d.At().Before(since.Add(d.Spec.Health.Timeout)) {
		return
	}
	for _, i := range unhealthy {
		f := failure(i)
		f.Ref, f.Reason, f.At = i.Ref(), rollout.FailureHealth, d.At()
		d.State.Ledger.Failed = append(d.State.Ledger.Failed, f)
	}
	*since = time.Time{}
	d.Forget()
}

// FailChecked fails the instances that fail a check in the background. They were healthy with the target, so another try would only hide
// that they did not stay so.
func FailChecked(d *Draft) {
	for _, c := range d.Spec.Tasks.ChecksOf(rollout.CheckInstance, true) {
		for _, i := range task.Checkable(d.View) {
			if message := task.BackgroundFailure(d.View, c, i); message != "" && !d.State.Ledger.HasFailed(i) {
				fail(&d.State, rollout.Failure{
					Ref: i.Ref(), Try: d.Spec.Failure.Retries, Reason: rollout.FailureCheck, Message: message, At: d.At(),
				})
				d.Forget()
			}
		}
	}
}

// NoteReleaseFailure remembers that the release as a whole failed a check. It needs no read of the scale set, so it is noticed also while
// something is in flight.
func NoteReleaseFailure(d *Draft) {
	if d.State.Stage.FailedCheck != "" || d.State.Rollback.Current != nil || d.State.Run.Completed {
		return
	}
	d.State.Stage.FailedCheck = task.ReleaseFailure(d.View)
}

// GiveUpRetries lets requested tries that can never come fail for good, up to the first that has to wait.
func GiveUpRetries(d *Draft) {
	for n, f := range d.State.Ledger.Failed {
		h, isImpossible := gate.RetryState(d.View, f)
		switch {
		case h != nil:
			return
		case isImpossible:
			d.State.Ledger.Failed[n].Reason = rollout.FailureReimage
		}
	}
}
