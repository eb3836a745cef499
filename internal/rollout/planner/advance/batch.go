package advance

import (
	"fmt"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/task"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// judgeBatch judges each instance of a batch that is over. Instances leave the operation as they are verified, fail or vanish; when none is
// left, the batch is done.
func judgeBatch(d *Draft, op *rollout.Operation) *view.Hold {
	if d.IsOfAnotherTarget(op) || !d.IsCarried() {
		return waitForSuperseded(d, op)
	}
	status := statusOf(d, op)
	if op.EndedAt.IsZero() {
		if h := awaitEvidence(d, op, status); h != nil {
			return h
		}
		op.EndedAt = d.At()
	}
	releaseStopped(d, op, status)
	failExpired(d, op, status)
	failRejected(d, op, status)
	if left, isAppearing := appearing(d, op); isAppearing && len(status[phaseOutdated]) > 0 {
		keepOpen(d, op, status)
		return view.Wait(rollout.ReasonProgressing, left, "%s: waiting for the result to show", view.DescribeEnd(op))
	}
	return conclude(d, op, status)
}

// waitForSuperseded waits for instances that an operation for another target is still at work on, or may yet begin to work on, then
// forgets it.
func waitForSuperseded(d *Draft, op *rollout.Operation) *view.Hold {
	left, isSettling := settling(d, op)
	const text = "waiting for the operation of the former target"
	for _, a := range op.Instances {
		i, listed := d.Find(a.Ref)
		switch {
		case !d.At().Before(op.CreatedAt.Add(view.OperationDeadline)) || !listed && !d.MayExist(a.Ref):
		case !listed:
			return view.Wait(rollout.ReasonProgressing, view.RecheckBusy, text+": the list lacks instance %s", a.ID)
		case i.IsBusy():
			return view.Wait(rollout.ReasonProgressing, view.RecheckBusy, text+": Azure is still updating instance %s", a.ID)
		case op.EndedAt.IsZero() && isSettling:
			return view.Wait(rollout.ReasonProgressing, left, text)
		}
	}
	d.State.Operation = nil
	ClearHooks(d, rollout.BeforeInstance)
	ClearHooks(d, rollout.AfterInstance)
	return nil
}

// awaitEvidence waits where it is not known whether or how an operation ended: while the platform is at work on an instance, up to the
// deadline; and while an effect may still be on its way into the list.
func awaitEvidence(d *Draft, op *rollout.Operation, s batchStatus) *view.Hold {
	if len(s[phaseBusy]) > 0 && d.At().Before(op.CreatedAt.Add(view.OperationDeadline)) {
		return view.Wait(rollout.ReasonProgressing, view.RecheckBusy, "%s: Azure is updating %s",
			view.Describe(op), view.ListAttempts(s[phaseBusy]))
	}
	if left, isSettling := settling(d, op); isSettling && len(s[phaseOutdated]) > 0 {
		return view.Wait(rollout.ReasonProgressing, left, "%s: waiting for the result to show", view.DescribeEnd(op))
	}
	return nil
}

// releaseStopped takes the instances that were stopped after the operation out of the batch. That tells nothing of the release, so they
// have not failed. An instance that has still to get its new disk is tried again once it is started.
func releaseStopped(d *Draft, op *rollout.Operation, s batchStatus) {
	stopped := s[phaseStopped]
	release(&d.State, rollout.Refs(stopped))
	for _, a := range stopped {
		i, _ := d.Find(a.Ref)
		lacksDisk := op.Kind == rollout.ReimageOperation && !view.HasHappened(op, a, i) ||
			op.Kind == rollout.UpgradeOperation && i.Latest == rollout.True
		if d.Spec.Instances.Action == rollout.ActionUpgradeThenReimage && lacksDisk {
			fail(&d.State, rollout.Failure{
				Ref: a.Ref, Try: a.Try, OSDisk: a.OSDisk, Reason: rollout.FailureRetryReimage, At: d.At(),
				Message: "it was " + string(i.Power.Off) + " before its reimage was verified",
			})
		}
	}
}

// failExpired fails what has waited too long.
func failExpired(d *Draft, op *rollout.Operation, s batchStatus) {
	timeout := d.Spec.Health.Timeout
	if d.At().Before(op.EndedAt.Add(timeout)) {
		return
	}
	for _, a := range s[phaseBusy] {
		failAttempt(d, op, a, rollout.FailureStuck,
			fmt.Sprintf("Azure is still updating it %s after the operation%s", timeout, view.OperationName(op.ID, op.CreatedAt)))
	}
	for _, a := range s[phaseUnhealthy] {
		i, _ := d.Find(a.Ref)
		failAttempt(d, op, a, rollout.FailureHealth,
			fmt.Sprintf("unhealthy %s after the operation: %s", timeout, inventory.UnhealthyReason(d.Spec.Target, i)))
	}
	delete(s, phaseBusy)
	delete(s, phaseUnhealthy)
}

// failAttempt fails one instance. Whatever went wrong, a new disk that it was to get, and still lacks, must not be
// forgotten when the instance is healthy again.
func failAttempt(d *Draft, op *rollout.Operation, a rollout.Attempt, reason rollout.FailureReason, message string) {
	i, _ := d.Find(a.Ref)
	switch {
	case op.Kind == rollout.ReimageOperation && !view.HasHappened(op, a, i):
		reason = rollout.FailureReimage
	case op.Kind == rollout.UpgradeOperation && d.Spec.Instances.Action == rollout.ActionUpgradeThenReimage && i.Latest == rollout.True:
		reason = rollout.FailureReimage
	}
	fail(&d.State, rollout.Failure{Ref: a.Ref, Try: a.Try, Reason: reason, Message: message, At: d.At()})
}

// failRejected fails instances that the platform, the script or a check reports as failed.
func failRejected(d *Draft, op *rollout.Operation, s batchStatus) {
	for _, a := range s[phaseFailed] {
		i, _ := d.Find(a.Ref)
		failAttempt(d, op, a, rollout.FailureProvisioning, inventory.FailureMessage(i, op))
	}
	for _, a := range s[phaseRejected] {
		_, why := task.InstanceResult(d.View, a)
		failAttempt(d, op, a, rollout.FailureCheck, why)
	}
}

// conclude ends the batch when nothing of it is pending.
func conclude(d *Draft, op *rollout.Operation, s batchStatus) *view.Hold {
	untouched := s[phaseOutdated]
	delete(s, phaseOutdated)
	if op.Kind == rollout.ReimageOperation {
		FailReimage(d, op, untouched)
		untouched = nil
	}
	due := dueForReimage(d, op, s)
	if len(s.pending()) > 0 {
		keepOpen(d, op, s)
		return waitForHealth(d.View, op, s)
	}
	if len(due) > 0 {
		op.Instances = byID(due) // the reimage takes them from here
		return nil
	}
	verified, h := hooksAfterInstance(d, op, s[phaseVerified])
	if h != nil {
		return h
	}
	closeBatch(d, op, verified, untouched)
	return nil
}

// keepOpen leaves in the operation what is pending, and what waits for that. An instance that is verified and leaves has recovered from
// what it failed for before: it is not tried again with those that are still to be.
func keepOpen(d *Draft, op *rollout.Operation, s batchStatus) {
	kept := dueForReimage(d, op, s)
	if len(d.Spec.Tasks.HooksAt(rollout.AfterInstance)) > 0 {
		kept = s[phaseVerified]
	}
	if len(kept) == 0 {
		verified := rollout.Refs(s[phaseVerified])
		forgive(&d.State, verified)
		release(&d.State, verified)
		noteVerified(&d.State, verified)
	}
	op.Instances = byID(append(s.pending(), kept...))
}

// dueForReimage lists the upgraded instances that must stay in the batch because their reimage is still to come.
func dueForReimage(d *Draft, op *rollout.Operation, s batchStatus) []rollout.Attempt {
	if op.Kind != rollout.UpgradeOperation || d.Spec.Instances.Action != rollout.ActionUpgradeThenReimage {
		return nil
	}
	return s[phaseVerified]
}

// closeBatch ends the batch.
func closeBatch(d *Draft, op *rollout.Operation, verified, untouched []rollout.Attempt) {
	s := &d.State
	forgive(s, rollout.Refs(verified))
	noteVerified(s, rollout.Refs(verified))
	switch {
	case len(untouched) == 0 || len(verified) > 0:
		s.Pacing.LastBatchEnd = d.At()
		s.Operation = nil
		ClearHooks(d, rollout.BeforeInstance)
		forgetNoEffect(s)
		d.Forget()
		s.Pacing.ExposedThen = len(d.Inventory().Exposed)
	case op.AcceptedAt.IsZero():
		DropOperation(d) // it never got through, so no instance failed, and it is sent again
	default:
		noEffect(d, rollout.Refs(untouched))
		switch {
		case op.IsRetry():
			failNotApplied(d, op, untouched)
		case s.Pacing.NoEffectCount >= maxNoEffect:
			unchanged := stillUnchanged(*s, rollout.Refs(untouched))
			failNotApplied(d, op, slices.DeleteFunc(slices.Clone(untouched), func(a rollout.Attempt) bool {
				return !slices.ContainsFunc(unchanged, a.Means)
			}))
		}
	}
}

// failNotApplied fails instances that stay at the old model.
func failNotApplied(d *Draft, op *rollout.Operation, untouched []rollout.Attempt) {
	for _, a := range untouched {
		message := fmt.Sprintf("%d upgrades did not change its model", d.State.Pacing.NoEffectCount)
		if op.Error != nil {
			message += ": " + op.Error.Error()
		}
		failAttempt(d, op, a, rollout.FailureNotApplied, message)
	}
	forgetNoEffect(&d.State)
}

// FailReimage fails instances of which it is not known that their disk was replaced. A reimage is never sent again.
func FailReimage(d *Draft, op *rollout.Operation, attempts []rollout.Attempt) {
	for _, a := range attempts {
		message := "the reimage did not replace its OS disk"
		if op.Error != nil {
			message += ": " + op.Error.Error()
		}
		failAttempt(d, op, a, rollout.FailureReimage, message)
	}
}
