package rollout

import (
	"fmt"
	"slices"
	"time"
)

// standing is what one machine of a batch looks like now.
type standing int

const (
	standsGone     standing = iota // no longer listed, or being deleted
	standsStopped                  // off, since the operation
	standsBusy                     // the platform is at work on it, or it may exist and is not listed
	standsOutdated                 // not at the latest model, or its disk is the old one: nothing happened to it
	standsFailed                   // the platform or the script says it failed
	standsUnwell                   // has the target, is not well
	standsReadying                 // has the target, is well, not yet for long enough
	standsChecking                 // and for long enough, and its checks have no verdict yet
	standsRejected                 // it failed a check
	standsVerified                 // has the target and has been well for long enough
)

// tally sorts a batch's machines by how they stand.
type tally map[standing][]Attempt

// judgeBatch judges each machine of a batch that is over. Machines leave the operation as they are verified, fail or vanish;
// when none is left, the batch is done.
func judgeBatch(r *round, op *Operation) (verdict, bool) {
	if r.isForeign(op) || !carries(r.spec.Target, r.obs.Model.Value, r.memory.Model.ScriptWritten) {
		return r.seeOut(op)
	}
	t := r.tally(op)
	if op.EndedAt.IsZero() {
		if v, waiting := r.awaitEvidence(op, t); waiting {
			return v, true
		}
		op.EndedAt = r.at
	}
	r.leaveStopped(op, t)
	r.expire(op, t)
	r.fail(op, t)
	if left, appearing := r.appearing(op); appearing && len(t[standsOutdated]) > 0 {
		r.keepOpen(op, t)
		return wait(ReasonProgressing, left, "%s: waiting for it to show", op.told()), true
	}
	return r.conclude(op, t)
}

// seeOut waits for machines that an operation of no more interest is still at work on, or may yet begin to work on, then forgets it.
func (r *round) seeOut(op *Operation) (verdict, bool) {
	left, settling := r.settling(op)
	for _, ref := range op.Instances {
		i, listed := find(r.obs.Instances.Value, ref.Ref)
		switch {
		case !r.at.Before(op.CreatedAt.Add(operationDeadline)) || !listed && !r.mayExist(ref.Ref):
		case !listed:
			return wait(ReasonProgressing, recheckBusy, "waiting for what was begun before the target changed: the list lacks instance %s",
				ref.ID), true
		case i.busy():
			return wait(ReasonProgressing, recheckBusy,
				"waiting for what was begun before the target changed: Azure is still at work on instance %s", ref.ID), true
		case op.EndedAt.IsZero() && settling:
			return wait(ReasonProgressing, left, "waiting for what was begun before the target changed"), true
		}
	}
	r.memory.Operation = nil
	r.memory.hangUp(BeforeInstance)
	r.memory.hangUp(AfterInstance)
	r.recount()
	return undecided()
}

// tally judges every machine of the operation.
func (r *round) tally(op *Operation) tally {
	t, counted := tally{}, false
	for _, ref := range op.Instances {
		s, before := standsGone, ref.Successes
		if i, listed := find(r.obs.Instances.Value, ref.Ref); listed {
			ref = r.sample(op, ref, i)
			s = r.stands(op, ref, i)
		} else if r.mayExist(ref.Ref) {
			s = standsBusy
		}
		counted = counted || ref.Successes > before
		t[s] = append(t[s], ref)
	}
	if counted {
		op.LastReadingAt = r.at
	}
	return t
}

// stands judges one machine.
func (r *round) stands(op *Operation, ref Attempt, i Instance) standing {
	switch {
	case i.State == StateDeleting:
		return standsGone
	case i.isOff() && !op.EndedAt.IsZero():
		return standsStopped
	case i.busy():
		return standsBusy
	case i.State == StateFailed && (!op.EndedAt.IsZero() || r.upgraded(op, ref, i)):
		return standsFailed
	case !r.upgraded(op, ref, i):
		return standsOutdated
	}
	return r.standsUpgraded(op, ref, i)
}

// standsUpgraded judges a machine to which what was to happen did happen.
func (r *round) standsUpgraded(op *Operation, ref Attempt, i Instance) standing {
	switch {
	case i.Script == ScriptFailed && r.spec.Target.Script != nil:
		return standsFailed
	case op.Kind == UpgradeOperation && r.spec.Instances.Action == ActionUpgradeThenReimage:
		return standsVerified // as far as the upgrade goes; its health is judged after the reimage
	case i.Latest != True || contradicts(r.spec.Target, i) || ref.HealthySince.IsZero():
		return standsUnwell
	}
	return r.standsWell(ref)
}

// standsWell judges a machine that has the target and is well.
func (r *round) standsWell(ref Attempt) standing {
	checked, _ := r.checked(ref)
	switch {
	case checked == False:
		return standsRejected
	case r.at.Sub(ref.HealthySince) < r.spec.Health.MinReady, ref.Successes < r.spec.Health.inARow():
		return standsReadying
	case checked == Unknown:
		return standsChecking
	default:
		return standsVerified
	}
}

// awaitEvidence waits where nobody knows whether or how an operation ended: while the platform is at work on a machine, up to
// the deadline; and while an effect may still be on its way into the list.
func (r *round) awaitEvidence(op *Operation, t tally) (verdict, bool) {
	if len(t[standsBusy]) > 0 && r.at.Before(op.CreatedAt.Add(operationDeadline)) {
		return wait(ReasonProgressing, recheckBusy, "%s: Azure is at work on %s", op.doing(), names(t[standsBusy], attempted)), true
	}
	if left, settling := r.settling(op); settling && len(t[standsOutdated]) > 0 {
		return wait(ReasonProgressing, left, "%s: waiting for it to show", op.told()), true
	}
	return undecided()
}

// expire turns what has waited too long into failures.
func (r *round) expire(op *Operation, t tally) {
	if r.at.Before(op.EndedAt.Add(r.spec.Health.Timeout)) {
		return
	}
	for _, ref := range t[standsBusy] {
		r.failed(op, ref, FailureStuck, fmt.Sprintf("Azure is still at work on it %s after the operation%s", r.spec.Health.Timeout, op.named()))
	}
	for _, ref := range t[standsUnwell] {
		i, _ := find(r.obs.Instances.Value, ref.Ref)
		r.failed(op, ref, FailureHealth, fmt.Sprintf("not well %s after the operation: %s", r.spec.Health.Timeout, ailment(r.spec, i)))
	}
	delete(t, standsBusy)
	delete(t, standsUnwell)
}

// failed puts one machine into the ledger. Whatever went wrong, if it still lacks the fresh disk that it was to get, then that is
// what must not be forgotten when the machine is well again.
func (r *round) failed(op *Operation, ref Attempt, reason FailureReason, message string) {
	i, _ := find(r.obs.Instances.Value, ref.Ref)
	switch {
	case op.Kind == ReimageOperation && !r.upgraded(op, ref, i):
		reason = FailureReimage
	case op.Kind == UpgradeOperation && r.spec.Instances.Action == ActionUpgradeThenReimage && i.Latest == True:
		reason = FailureReimage
	}
	r.memory.fail(Failure{Ref: ref.Ref, Try: ref.Try, Reason: reason, Message: message, At: r.at})
}

// fail puts machines that failed into the ledger.
func (r *round) fail(op *Operation, t tally) {
	for _, ref := range t[standsFailed] {
		i, _ := find(r.obs.Instances.Value, ref.Ref)
		r.failed(op, ref, FailureProvisioning, complaint(i, op))
	}
	for _, ref := range t[standsRejected] {
		_, why := r.checked(ref)
		r.failed(op, ref, FailureCheck, why)
	}
	delete(t, standsFailed)
	delete(t, standsRejected)
	r.recount()
}

// conclude ends the batch when nothing of it is pending.
func (r *round) conclude(op *Operation, t tally) (verdict, bool) {
	untouched := t[standsOutdated]
	delete(t, standsOutdated)
	if op.Kind == ReimageOperation {
		r.giveUpReimage(op, untouched)
		untouched = nil
	}
	due := r.dueForReimage(op, t)
	if len(t.pending()) > 0 {
		r.keepOpen(op, t)
		return r.waitForHealth(op, t), true
	}
	if len(due) > 0 {
		op.Instances = inIDOrder(due) // reimageBatch takes them from here
		r.recount()
		return undecided()
	}
	verified, v, waiting := r.callAfter(op, t[standsVerified])
	if waiting {
		return v, true
	}
	return r.close(op, verified, untouched)
}

// keepOpen leaves in the operation what is pending, and who waits for that. Whoever is verified and leaves has made good what it failed for
// before: it is not tried again with those that are still to be.
func (r *round) keepOpen(op *Operation, t tally) {
	kept := r.kept(op, t)
	if len(kept) == 0 {
		r.memory.forgive(Refs(t[standsVerified]))
		r.memory.setFree(Refs(t[standsVerified]))
		r.memory.noteVerified(Refs(t[standsVerified]))
	}
	op.Instances = inIDOrder(append(t.pending(), kept...))
	r.recount()
}

// close ends the batch.
func (r *round) close(op *Operation, verified, untouched []Attempt) (verdict, bool) {
	r.memory.forgive(Refs(verified))
	r.memory.noteVerified(Refs(verified))
	switch {
	case len(untouched) == 0 || len(verified) > 0:
		r.memory.Pacing.LastBatchEnd = r.at
		r.memory.Operation = nil
		r.memory.hangUp(BeforeInstance)
		r.memory.forgetFruitless()
		r.recount()
		r.memory.Pacing.ExposedThen = len(r.count().exposed)
	case op.AcceptedAt.IsZero():
		// It never got through, so it is nobody's failure: the passes below send it again.
		r.memory.Operation = nil
		r.recount()
	default:
		r.fruitless(Refs(untouched))
		switch {
		case op.isAgain():
			r.notApplied(op, untouched)
		case r.memory.Pacing.NoEffectCount >= mostFruitless:
			r.notApplied(op, r.stillUnchanged(untouched))
		}
	}
	return undecided()
}

// isAgain says whether the operation tries machines again that had failed. Its failure is theirs.
func (o *Operation) isAgain() bool {
	return slices.ContainsFunc(o.Instances, func(a Attempt) bool { return a.Try > 0 })
}

// dueForReimage lists the upgraded machines that must stay in the batch because their reimage is still to come.
func (r *round) dueForReimage(op *Operation, t tally) []Attempt {
	if op.Kind != UpgradeOperation || r.spec.Instances.Action != ActionUpgradeThenReimage {
		return nil
	}
	return t[standsVerified]
}

// kept lists the machines that have what they were to get and stay in the batch until the others have: their reimage, or a call about
// them, is still to come.
func (r *round) kept(op *Operation, t tally) []Attempt {
	if len(r.spec.hooks(AfterInstance)) > 0 {
		return t[standsVerified]
	}
	return r.dueForReimage(op, t)
}

// notApplied gives up on machines that stay at the old model.
func (r *round) notApplied(op *Operation, untouched []Attempt) {
	for _, ref := range untouched {
		message := fmt.Sprintf("%d upgrades left it at the old model", r.memory.Pacing.NoEffectCount)
		if op.Error != nil {
			message += ": " + op.Error.Error()
		}
		r.failed(op, ref, FailureNotApplied, message)
	}
	r.memory.forgetFruitless()
}

// giveUpReimage fails machines of which nobody can say that their disk was replaced. A reimage is never sent again.
func (r *round) giveUpReimage(op *Operation, refs []Attempt) {
	for _, ref := range refs {
		message := "its OS disk is the one from before the reimage"
		if op.Error != nil {
			message += ": " + op.Error.Error()
		}
		r.failed(op, ref, FailureReimage, message)
	}
}

// waitForHealth waits for pending machines.
func (r *round) waitForHealth(op *Operation, t tally) verdict {
	failed := op.EndedAt.Add(r.spec.Health.Timeout)
	recheck := recheckBusy
	if len(t[standsBusy])+len(t[standsUnwell]) > 0 {
		r.awaits(failed)
		recheck = r.until(failed, recheckBusy)
	}
	if last := r.lastReady(t); !last.IsZero() {
		r.awaits(last)
		if len(t[standsBusy])+len(t[standsUnwell]) == 0 { // else it ends nothing
			recheck = evenly(last.Sub(r.at), recheckBusy)
		}
	}
	if len(t[standsBusy]) > 0 {
		return wait(ReasonProgressing, recheck, "waiting for Azure to finish with %s", names(t[standsBusy], attempted))
	}
	if len(t[standsUnwell]) > 0 {
		i, _ := find(r.obs.Instances.Value, t[standsUnwell][0].Ref)
		return wait(ReasonWaitingForHealth, recheck, "waiting until %s for %s to be well: %s",
			clock(failed), names(t[standsUnwell], attempted), ailment(r.spec, i))
	}
	if len(t[standsReadying]) > 0 {
		return wait(ReasonWaitingForHealth, min(recheck, r.nextReading(op, t[standsReadying])), "waiting for %s to stay well for %s",
			names(t[standsReadying], attempted), r.spec.Health.patience())
	}
	_, running := r.checked(t[standsChecking][0])
	return wait(ReasonWaitingForHealth, recheck, "waiting for the verdict of check %s on %s", running, names(t[standsChecking], attempted))
}

// lastReady is when the last of those that are well will have been so for long enough, and zero where none is waited for. There is one look
// then, instead of one for each: a list of a thousand machines is dear.
func (r *round) lastReady(t tally) time.Time {
	var last time.Time
	for _, ref := range t[standsReadying] {
		if ready := ref.HealthySince.Add(r.spec.Health.MinReady); ready.After(r.at) && ready.After(last) {
			last = ready
		}
	}
	return last
}

// pending is what keeps a batch open.
func (t tally) pending() []Attempt {
	var refs []Attempt
	for _, s := range []standing{standsBusy, standsOutdated, standsUnwell, standsReadying, standsChecking} {
		refs = append(refs, t[s]...)
	}
	return refs
}

// ailment says in words why a machine does not count as well.
func ailment(spec Spec, i Instance) string {
	switch {
	case i.Latest == True && i.Disk.Image != nil && spec.Target.Image != nil && !spec.Target.Image.same(*i.Disk.Image):
		return "instance " + i.ID + " is at the latest model, but boots from another image"
	case i.Script == ScriptAbsent && spec.Target.Script != nil:
		return "instance " + i.ID + " is at the latest model, but does not show the script extension"
	case i.Power.Running == False:
		return "instance " + i.ID + " is not running"
	case i.State != StateSucceeded:
		return fmt.Sprintf("instance %s is %s", i.ID, orUnknown(string(i.State)))
	case i.Script == ScriptRunning:
		return "the script is still running on instance " + i.ID
	default:
		return healthAilment(i)
	}
}

// healthAilment says what its health has to do with it.
func healthAilment(i Instance) string {
	switch i.Health.Healthy {
	case False:
		return "instance " + i.ID + " reports itself unhealthy"
	case True:
		return "what Azure says of the health of instance " + i.ID + " is from before the upgrade"
	default:
		return "the health of instance " + i.ID + " is not known"
	}
}

// complaint is what a failed machine says of itself, or what its operation said.
func complaint(i Instance, op *Operation) string {
	switch {
	case i.Message != "":
		return i.Message
	case op.Error != nil:
		return op.Error.Error()
	default:
		return "provisioning failed and Azure does not say why; see az vmss get-instance-view --instance-id " + i.ID
	}
}

func orUnknown(s string) string {
	if s == "" {
		return "in an unknown state"
	}
	return s
}

// self lets references be named like instances.
func self(ref Ref) Ref { return ref }

// attempted is the instance of an attempt.
func attempted(a Attempt) Ref { return a.Ref }

// stillUnchanged are those of the instances that the last effects left as they were.
func (r *round) stillUnchanged(attempts []Attempt) []Attempt {
	unchanged := r.memory.stillUnchanged(Refs(attempts))
	return slices.DeleteFunc(slices.Clone(attempts), func(a Attempt) bool { return !slices.ContainsFunc(unchanged, a.Means) })
}
