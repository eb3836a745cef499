package rollout

import (
	"fmt"
	"slices"
)

// tolerated is how many failed machines the rollout bears at the current step. A share in which nothing would be left to be well is
// never borne: no gate passes on nothing.
func (r *round) tolerated() int {
	c := r.count()
	return max(0, min(r.spec.Failure.MaxFailed.Tolerated(c.n), c.desired-1))
}

// retryFailed tries failed machines again, as often as was declared, before they count. A machine that lacks the target is upgraded again;
// one that has it can only be given a fresh disk, and only where that was asked for.
func retryFailed(r *round) (verdict, bool) {
	refs := r.retryable()
	if len(refs) == 0 || r.hopeless() > r.tolerated() {
		return undecided()
	}
	if v, held := holdIdle(r); held {
		return v, true
	}
	if r.isWorking() {
		return reimageBatch(r) // the rest of the batch gets its fresh disks first
	}
	if v, waiting := r.holdEffect(); waiting {
		return v, true
	}
	if v, held := callBeforeStep(r); held {
		return v, true
	}
	if refs[0].OSDisk != "" {
		return r.launch(ReimageOperation, refs), true
	}
	return r.launch(UpgradeOperation, refs), true
}

// retryable names the machines to be tried again in one call: all by the same effect, at most a batch, and none that is well beyond
// what the budget of unavailability leaves.
func (r *round) retryable() []Attempt {
	room := r.roomToRetry()
	var upgrades, reimages []Attempt
	for _, f := range r.memory.Ledger.Failed {
		i, again := r.mayRetry(f)
		if !again || !room.take(r, i) {
			continue
		}
		ref := Attempt{Ref: i.Ref(), Try: f.Try + 1}
		if i.Latest == False {
			upgrades = append(upgrades, ref)
			continue
		}
		ref.OSDisk = i.Disk.ID
		reimages = append(reimages, ref)
	}
	if len(upgrades) == 0 {
		upgrades = reimages
	}
	most := min(r.spec.Batch.Size.Of(r.count().n), maxInstancesPerCall)
	return inIDOrder(upgrades[:min(len(upgrades), most)])
}

// retryRoom is how many instances more may be out of service while instances are tried again. It is negative while the budget of
// unavailability is exceeded.
type retryRoom struct {
	left int
	soon []string // ids of instances whose nodes are about to take pods again: they spend nothing
}

// roomToRetry is what the budget leaves now.
func (r *round) roomToRetry() retryRoom {
	c, soon := r.count(), r.uncordonable()
	return retryRoom{left: r.spec.Batch.MaxUnavailable.Of(c.n) - c.unavailable - c.cordoned + r.soonInService(), soon: soon}
}

// take spends the budget for an instance that is tried again, and returns whether there was room. An instance that is not well spends the
// budget already, and so does one whose node is cordoned.
func (room *retryRoom) take(r *round, i Instance) bool {
	if wellness(r.spec.Health, i) != True {
		return true
	}
	own := 1
	if r.isOutOfService(i) && !slices.Contains(room.soon, i.ID) {
		own = 0
	}
	if room.left-own < 0 {
		return false
	}
	room.left -= own
	return true
}

// hopeless counts the failed machines with which nothing is left to try. Once they are too many, trying the others changes nothing.
func (r *round) hopeless() int {
	n := 0
	for _, f := range r.final() {
		i, again := r.mayRetry(f)
		if !again && (f.Try >= r.spec.Failure.Retries || f.Reason == FailureReimage || !i.busy()) {
			n++
		}
	}
	return n
}

// mayRetry says whether there is anything left to try with a failed machine.
func (r *round) mayRetry(f Failure) (Instance, bool) {
	i, listed := find(r.obs.Instances.Value, f.Ref)
	spent := f.Try >= r.spec.Failure.Retries && !f.isDue()
	if !listed || spent || !i.takesOperations() {
		return i, false
	}
	fresh := r.spec.Instances.Action == ActionUpgradeThenReimage && f.Reason != FailureReimage && i.Disk.ID != ""
	return i, i.Latest == False || (i.Latest == True && fresh)
}

// takesOperations returns whether Azure would work on the instance at once.
func (i Instance) takesOperations() bool { return !i.busy() && !i.Protected && !i.isOff() }

// holdFailed starts nothing while more instances have failed than is tolerated, or nothing has moved for too long, and does what was
// declared about it.
func holdFailed(r *round) (verdict, bool) {
	if v, waiting := r.awaitRetry(); waiting {
		return v, true
	}
	why := r.failure()
	if why == "" {
		return undecided()
	}
	switch r.spec.Failure.Action {
	case FailureAbort:
		return r.turnRound(AbortRollback, CauseFailure, why), true
	case FailureRollback:
		return r.turnRound(FullRollback, CauseFailure, why), true
	default:
		return wait(ReasonFailed, recheckHeld,
			"%s; nothing more is upgraded; mend what failed, change spec.target (its revisionTag is enough), or create a RolloutAction Retry, "+
				"Rollback or SkipInstance", why), true
	}
}

// awaitRetry starts nothing else while a machine that a person wants tried again cannot be yet. Where it never can, it has failed for good.
func (r *round) awaitRetry() (verdict, bool) {
	if r.isWorking() || r.hopeless() > r.tolerated() {
		return undecided() // the rest of a batch gets its fresh disks first; and nobody waits for a try that would come too late
	}
	for n, f := range r.memory.Ledger.Failed {
		if !r.isAsked(f) {
			continue
		}
		i, possible := r.mayRetry(f)
		switch {
		case possible:
			r.memory.hangUp(BeforeInstance)
			return wait(ReasonWaitingForHealth, recheckBusy,
				"waiting to try instance %s again: maxUnavailable leaves no room, since other instances are not known to be well", i.ID), true
		case i.busy() || (i.Protected && r.spec.Instances.Protected != ProtectedSkip):
			return wait(ReasonProgressing, recheckBusy, "waiting to try instance %s again: Azure is at work on it, or it is protected", i.ID), true
		default:
			r.memory.Ledger.Failed[n].Reason = FailureReimage
		}
	}
	return undecided()
}

// isAsked returns whether a person asked for another try at the instance, and that is not under way and does not wait for its start.
func (r *round) isAsked(f Failure) bool {
	return f.isDue() && !r.memory.names(f.Ref) && !r.waitsForStart(f)
}

// final are the failures that count: nobody asked to try them again, and no such try is under way.
func (r *round) final() []Failure {
	return slices.DeleteFunc(slices.Clone(r.memory.Ledger.Failed), func(f Failure) bool { return f.isDue() || r.memory.names(f.Ref) })
}

// failure says what the run has failed for, "" for nothing.
func (r *round) failure() string {
	if failed := r.final(); len(failed) > r.tolerated() {
		more := ""
		if len(failed) > 1 {
			more = fmt.Sprintf(" (and %d more)", len(failed)-1)
		}
		return fmt.Sprintf("instance %s%s failed: %s: %s", failed[0].Ref.ID, more, failed[0].Reason, failed[0].Message)
	}
	if r.memory.Stage.FailedCheck != "" {
		return r.memory.Stage.FailedCheck
	}
	if r.isStalled() {
		return fmt.Sprintf("no progress for %s (failurePolicy.progressDeadline), the last of it %s",
			r.spec.Failure.ProgressDeadline, r.stalledAt())
	}
	return ""
}

// stalledAt says what was waited for in vain.
func (r *round) stalledAt() string {
	switch op := r.memory.Operation; {
	case op != nil:
		return op.doing()
	case r.obs.Instances.State != Read || r.obs.Model.State != Read:
		return "not known"
	}
	if ill := r.illExposed(); len(ill) > 0 {
		return "waiting for " + names(ill, Instance.Ref) + " to be well: " + ailment(r.spec, ill[0])
	}
	return r.soFar()
}

// isStalled says whether there has been no progress for as long as is borne.
func (r *round) isStalled() bool {
	deadline := r.spec.Failure.ProgressDeadline
	return deadline > 0 && r.memory.Timers.Progress.Passed(r.at) >= deadline
}

// isDoomed says whether the run has failed as a whole, whatever its machines do.
func (r *round) isDoomed() bool { return r.isStalled() || r.memory.Stage.FailedCheck != "" }

// expireStall does not wait for what is in flight when the run is to go back because nothing moves, since what is in flight may be just
// that, or because the release failed a check.
func expireStall(r *round) (verdict, bool) {
	if r.memory.Rollback.Current != nil || r.memory.Operation == nil || !r.isDoomed() {
		return undecided()
	}
	switch r.spec.Failure.Action {
	case FailureAbort:
		return r.turnRound(AbortRollback, CauseFailure, r.failure()), true
	case FailureRollback:
		return r.turnRound(FullRollback, CauseFailure, r.failure()), true
	default:
		return undecided()
	}
}

// keepStall lets the timer of the progress deadline run while a batch is permitted, stand still while it is not, and begin anew
// with every instance that is reached.
func (r *round) keepStall(v *verdict) {
	stall := &r.memory.Timers.Progress
	if r.spec.Failure.ProgressDeadline == 0 || r.memory.Rollback.Current != nil || r.memory.Run.Completed {
		*stall = ProgressTimer{}
		return
	}
	if r.obs.Instances.State == Read && r.obs.Model.State == Read {
		if reached := len(r.count().verified); reached > stall.Reached {
			*stall = ProgressTimer{Reached: reached}
		}
	}
	r.tellStall(v)
	if r.isBatchPermitted(v) {
		r.runStall(v)
	} else {
		stall.Timer = stall.Stopped(r.at)
	}
}

// isBatchPermitted returns whether the lack of progress is the release's: nothing else keeps a batch from beginning or ending.
func (r *round) isBatchPermitted(v *verdict) bool {
	return v.because.Reason.isAtWork() && !r.blocked && !r.standsStill() && !r.isPutOff()
}

// tellStall says that nothing moves, or that a check failed, while something is in flight: that is seen through all the same.
func (r *round) tellStall(v *verdict) {
	_, waits := v.step.(Wait)
	if op := r.memory.Operation; !waits || op == nil || !r.isDoomed() || !v.because.Reason.isAtWork() {
		return
	}
	v.because = Explanation{
		Reason: ReasonFailed, Message: r.failure() + "; it is waited for all the same, and nothing more is begun; " + v.because.Message,
	}
}

// isAtWork says whether a batch is permitted as far as the reason tells.
func (r Reason) isAtWork() bool { return r == ReasonProgressing || r == ReasonWaitingForHealth }

// runStall lets the timer of the progress deadline run, and says when it will be over.
func (r *round) runStall(v *verdict) {
	stall := &r.memory.Timers.Progress
	if stall.Since.IsZero() {
		stall.Since = r.at
	}
	left := r.spec.Failure.ProgressDeadline - stall.Passed(r.at)
	if left <= 0 {
		return
	}
	v.recheck = min(v.recheck, left)
	r.awaits(r.at.Add(left))
}
