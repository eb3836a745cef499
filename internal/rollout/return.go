package rollout

import (
	"fmt"
	"slices"
	"time"
)

// returning sorts the machines that have to go back by how far they are.
type returning struct {
	behind  []Instance // lack what was there before
	ill     []Instance // have it and are not well, or show that they cannot have it
	busy    []Instance // Azure is at work on them, or may be
	failed  []Instance // did not come back
	skipped []Instance // they are off, or Azure leaves them alone
	back    int
}

// sortReturning sorts them. Who was never exposed is not among them.
func (r *round) sortReturning() returning {
	var s returning
	for _, i := range byOrder(r.spec.Instances.Order, r.obs.Instances.Value) {
		if i.State != StateDeleting && r.mustReturn(i) {
			s.add(r, i)
		}
	}
	return s
}

func (s *returning) add(r *round, i Instance) {
	switch {
	case r.memory.isOff(i), i.Protected && r.spec.Instances.Protected == ProtectedSkip:
		s.leave(r, i)
	case r.memory.hasFailed(i):
		s.failed = append(s.failed, i)
	case r.memory.inFlight(i) || i.busy():
		s.busy = append(s.busy, i)
	case i.Latest == False:
		s.behind = append(s.behind, i)
	case contradicts(r.spec.Target, i) || wellness(r.spec.Health, i) != True:
		s.ill = append(s.ill, i)
	default:
		s.back++
	}
}

// leave adds a machine that Azure leaves alone. One that went back before it was protected was not left out; how it is since is not for us
// to mend.
func (s *returning) leave(r *round, i Instance) {
	if r.isPutBack(i) {
		s.back++
	} else {
		s.skipped = append(s.skipped, i)
	}
}

// isPutBack says whether the machine shows that it has what the model has.
func (r *round) isPutBack(i Instance) bool {
	return i.Latest == True && !i.busy() && !r.memory.inFlight(i) && !contradicts(r.spec.Target, i)
}

// mustReturn says whether the machine goes back: every machine does where a completed release is undone.
func (r *round) mustReturn(i Instance) bool {
	return r.memory.Rollback.Current.AllInstances || r.isSuspect(i)
}

// isSuspect says whether a target may have touched the machine: it was seen on it; or the machine was made since the first write and
// not from what is in the model now; or it boots from the target's image.
func (r *round) isSuspect(i Instance) bool {
	m := r.memory
	switch {
	case r.memory.isExposed(i.ID):
		return true
	case i.Latest != True && !m.Rollback.Baseline.NewestInstanceAt.IsZero() && i.CreatedAt.Truncate(time.Microsecond).After(m.Rollback.Baseline.NewestInstanceAt):
		return true
	}
	before, image := r.spec.Target.Image, r.declared.Target.Image
	return image != nil && before != nil && i.Disk.Image != nil && image.same(*i.Disk.Image) && !before.same(*i.Disk.Image)
}

// watchReturned fails machines that have what was there before and do not become well.
func watchReturned(r *round) (verdict, bool) {
	r.watch(r.sortReturning().ill, func(i Instance) Failure {
		return Failure{Ref: i.Ref(), Message: fmt.Sprintf("put back, and not well for %s: %s", r.spec.Health.Timeout, ailment(r.spec, i))}
	})
	return undecided()
}

// returnBatch brings the next exposed machines back: those that are not well all at once, since they have nothing to lose, the others
// within what the budget of unavailability leaves. When none is left, the run is back.
func returnBatch(r *round) (verdict, bool) {
	s := r.sortReturning()
	for _, i := range s.behind {
		if r.isSuspect(i) {
			r.expose(i.ID)
		}
	}
	if len(s.behind)+len(s.ill)+len(s.busy) == 0 {
		return r.finishReturn(s), true
	}
	if v, waiting := r.holdEffect(); waiting {
		return v, true
	}
	batch := r.nextReturn(s.behind)
	if len(batch) == 0 {
		r.memory.hangUp(BeforeInstance)
		return r.explainReturn(s), true
	}
	refs := make([]Attempt, 0, len(batch))
	for _, i := range batch {
		refs = append(refs, Attempt{Ref: i.Ref()})
	}
	return r.launch(UpgradeOperation, inIDOrder(refs)), true
}

// nextReturn chooses the machines to bring back next.
func (r *round) nextReturn(behind []Instance) []Instance {
	var sick, well []Instance
	for _, i := range behind {
		switch {
		case !i.choosable(r.spec):
		case wellness(r.spec.Health, i) == True && !r.isOutOfService(i):
			well = append(well, i)
		default:
			sick = append(sick, i)
		}
	}
	if len(sick) > 0 {
		return sick[:min(len(sick), maxInstancesPerCall)]
	}
	budget := r.count().room(r.spec.Batch.MaxUnavailable)
	well = spread(r.spec.Instances.Zones, well, nil)
	return well[:min(len(well), budget, maxInstancesPerCall)]
}

// finishReturn ends the way back, a while after the model was put back: a list may be older than that, and then shows as put back what
// still has the target.
func (r *round) finishReturn(s returning) verdict {
	back := r.memory.Rollback.Current
	if settled := back.ModelRestoredAt.Add(settleTime); r.at.Before(settled) {
		return wait(ReasonProgressing, r.until(settled, settleTime), "waiting for it to show in every list")
	}
	for _, i := range s.failed {
		if i.Latest == False {
			return wait(
				ReasonFailed,
				recheckHeld,
				"%s (%s), but %s did not take it: %s%s",
				back.doing(),
				back.Message,
				names(s.failed, Instance.Ref),
				r.memory.Ledger.Failed[0].Message,
				r.offered("create a RolloutAction Rollback to try again"),
			)
		}
	}
	if v, waiting := requireListed(r); waiting {
		return v
	}
	if v, waiting := requireWhole(r); waiting {
		return v
	}
	return r.isBackNow()
}

// explainReturn says what the way back waits for.
func (r *round) explainReturn(s returning) verdict {
	back := r.memory.Rollback.Current
	if v, waiting := requireListed(r); waiting && len(s.busy) == 0 {
		return v // what the list lacks may be unavailable, and spends the budget
	}
	switch {
	case len(s.busy) > 0:
		return wait(ReasonProgressing, recheckBusy, "Azure is at work on %s", names(s.busy, Instance.Ref))
	case len(s.ill) > 0 && len(s.behind) == 0:
		deadline := r.memory.Timers.UnhealthySince.Add(r.spec.Health.Timeout)
		return wait(ReasonProgressing, r.until(deadline, recheckBusy), "waiting until %s for %s to be well: %s",
			clock(deadline), names(s.ill, Instance.Ref), ailment(r.spec, s.ill[0]))
	case len(s.failed) > 0:
		return wait(ReasonFailed, recheckHeld, "%s (%s): %s, and maxUnavailable leaves no room for %s%s",
			back.doing(), back.Message, r.memory.Ledger.Failed[0].Message, names(s.behind, Instance.Ref),
			r.offered("create a RolloutAction Rollback when they are mended"))
	case !slices.ContainsFunc(s.behind, func(i Instance) bool { return i.choosable(r.spec) }):
		return wait(ReasonProgressing, recheckHeld,
			"only protected instances are left: %s; waiting for their protection to be lifted (strategy.protectedInstances is %s)",
			names(s.behind, Instance.Ref), r.declared.Instances.Protected)
	default:
		return wait(
			ReasonProgressing,
			recheckBusy,
			"maxUnavailable leaves no room for %s yet, since nobody knows that all is well with %s%s; waiting",
			names(s.behind, Instance.Ref),
			names(r.notWell(), Instance.Ref),
			r.orCordoned(),
		)
	}
}

// seeFormerOut forgets the machines that going back left in the middle of an operation, once they are listed at rest.
func seeFormerOut(r *round) (verdict, bool) {
	if r.memory.Preempted.At.IsZero() || r.at.Before(r.memory.Preempted.At.Add(settleTime)) {
		return undecided()
	}
	if len(r.memory.Preempted.Instances) == 0 && r.obs.Model.Value.State != StateUpdating {
		r.memory.forgetFormer()
	}
	still := r.stillAtWork()
	if len(still) == len(r.memory.Preempted.Instances) {
		return undecided()
	}
	r.memory.Preempted.Instances = still
	if len(still) == 0 {
		r.memory.forgetFormer()
	}
	r.recount()
	return undecided()
}

// stillAtWork lists the instances of the operation left behind that Azure is still at work on. A run that goes forward gives up on them in
// the end.
func (r *round) stillAtWork() []Ref {
	var still []Ref
	isAwaited := r.memory.IsRollingBack() || r.at.Before(r.memory.Preempted.At.Add(operationDeadline))
	for _, ref := range r.memory.Preempted.Instances {
		if isAwaited && r.mayBeBusy(ref) {
			still = append(still, ref)
		}
	}
	return still
}

// returnToBaseline turns the run round when its target is what was there before: nobody has to be upgraded to that but those who left it.
func returnToBaseline(r *round) (verdict, bool) {
	b := r.memory.Rollback.Baseline
	if !r.mayReturn() || r.isWorking() {
		return undecided()
	}
	if v, waiting := r.requireRecord(b.Revision); waiting {
		return v, true
	}
	if record := r.obs.Cluster.Revisions[b.Revision]; record.State != Read || !record.Value.meets(r.spec.Target) {
		return undecided()
	}
	v := r.turnRound(FullRollback, CauseTarget, "the target is what was there before")
	r.memory.Rollback.Current.Revision, r.memory.Ledger.Failed = b.Revision, nil
	return v, true
}

// mayReturn says whether the run has still to find out if its target is what was there before.
func (r *round) mayReturn() bool {
	m := r.memory
	return m.Rollback.Baseline.Fixed && m.Rollback.Baseline.Revision != "" && !m.Model.Applied && !m.isSettled()
}

// planBack touches nothing on the way back either, where only a plan was asked for.
func planBack(r *round) (verdict, bool) {
	if !r.spec.PlanOnly {
		return undecided()
	}
	return wait(ReasonPlanned, recheckHeld, "%s (%s) waits, since spec.mode is Plan; set it to Apply to go on",
		r.memory.Rollback.Current.doing(), r.memory.Rollback.Current.Message), true
}

// returnProgress counts what is still to be brought back.
func (r *round) returnProgress() *Progress {
	s, c := r.sortReturning(), r.count()
	p := c.progress(r.memory)
	p.Desired, p.Overshoot, p.Updated, p.Ready = 0, 0, 0, 0
	p.Exposed = len(s.behind) + len(s.busy) + len(s.ill) + len(s.failed)
	return p
}
