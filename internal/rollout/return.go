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
	for _, i := range byOrder(r.spec.Order, r.obs.Instances.Value) {
		if i.State != StateDeleting && r.mustReturn(i) {
			s.add(r, i)
		}
	}
	return s
}

func (s *returning) add(r *round, i Instance) {
	switch {
	case r.memory.isOff(i), i.Protected && r.spec.Protected == ProtectedSkip:
		s.leave(r, i)
	case r.memory.hasFailed(i):
		s.failed = append(s.failed, i)
	case r.memory.inFlight(i) || i.busy():
		s.busy = append(s.busy, i)
	case i.Latest == No:
		s.behind = append(s.behind, i)
	case contradicts(r.spec.Target, i) || wellness(r.spec.Health, i) != Yes:
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
	return i.Latest == Yes && !i.busy() && !r.memory.inFlight(i) && !contradicts(r.spec.Target, i)
}

// mustReturn says whether the machine goes back: every machine does where a completed release is undone.
func (r *round) mustReturn(i Instance) bool { return r.memory.Return.All || r.isSuspect(i) }

// isSuspect says whether a target may have touched the machine: it was seen on it; or the machine was made since the first write and
// not from what is in the model now; or it boots from the target's image.
func (r *round) isSuspect(i Instance) bool {
	m := r.memory
	switch {
	case r.memory.isExposed(i.ID):
		return true
	case i.Latest != Yes && !m.Baseline.Since.IsZero() && i.Created.Truncate(time.Microsecond).After(m.Baseline.Since):
		return true
	}
	before, image := r.spec.Target.Image, r.declared.Target.Image
	return image != nil && before != nil && i.Image != nil && image.same(*i.Image) && !before.same(*i.Image)
}

// watchReturned fails machines that have what was there before and do not become well.
func watchReturned(r *round) (verdict, bool) {
	r.watch(r.sortReturning().ill, func(i Instance) Failure {
		return Failure{Ref: refTo(i), Message: fmt.Sprintf("put back, and not well for %s: %s", r.spec.Health.Timeout, ailment(r.spec, i))}
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
	refs := make([]Ref, 0, len(batch))
	for _, i := range batch {
		refs = append(refs, refTo(i))
	}
	return r.launch(UpgradeOperation, inIDOrder(refs)), true
}

// nextReturn chooses the machines to bring back next.
func (r *round) nextReturn(behind []Instance) []Instance {
	var sick, well []Instance
	for _, i := range behind {
		switch {
		case !i.choosable(r.spec):
		case wellness(r.spec.Health, i) == Yes && !r.isOutOfService(i):
			well = append(well, i)
		default:
			sick = append(sick, i)
		}
	}
	if len(sick) > 0 {
		return sick[:min(len(sick), maxInstancesPerCall)]
	}
	budget := r.count().room(r.spec.Batch.MaxUnavailable)
	well = spread(r.spec.Zones, well, nil)
	return well[:min(len(well), budget, maxInstancesPerCall)]
}

// finishReturn ends the way back, a while after the model was put back: a list may be older than that, and then shows as put back what
// still has the target.
func (r *round) finishReturn(s returning) verdict {
	back := r.memory.Return
	if settled := back.RestoredAt.Add(settleTime); r.at.Before(settled) {
		return wait(ReasonProgressing, r.until(settled, settleTime), "waiting for it to show in every list")
	}
	for _, i := range s.failed {
		if i.Latest == No {
			return wait(ReasonFailed, recheckHeld, "%s (%s), but %s did not take it: %s%s",
				back.doing(), back.Why, names(s.failed, refTo), r.memory.Failed[0].Message, r.offered("create a RolloutAction Rollback to try again"))
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
	back := r.memory.Return
	if v, waiting := requireListed(r); waiting && len(s.busy) == 0 {
		return v // what the list lacks may be unavailable, and spends the budget
	}
	switch {
	case len(s.busy) > 0:
		return wait(ReasonProgressing, recheckBusy, "Azure is at work on %s", names(s.busy, refTo))
	case len(s.ill) > 0 && len(s.behind) == 0:
		deadline := r.memory.UnhealthySince.Add(r.spec.Health.Timeout)
		return wait(ReasonProgressing, r.until(deadline, recheckBusy), "waiting until %s for %s to be well: %s",
			clock(deadline), names(s.ill, refTo), ailment(r.spec, s.ill[0]))
	case len(s.failed) > 0:
		return wait(ReasonFailed, recheckHeld, "%s (%s): %s, and maxUnavailable leaves no room for %s%s",
			back.doing(), back.Why, r.memory.Failed[0].Message, names(s.behind, refTo),
			r.offered("create a RolloutAction Rollback when they are mended"))
	case !slices.ContainsFunc(s.behind, func(i Instance) bool { return i.choosable(r.spec) }):
		return wait(ReasonProgressing, recheckHeld,
			"only protected instances are left: %s; waiting for their protection to be lifted (strategy.protectedInstances is %s)",
			names(s.behind, refTo), r.declared.Protected)
	default:
		return wait(ReasonProgressing, recheckBusy,
			"maxUnavailable leaves no room for %s yet, since nobody knows that all is well with %s%s; waiting", names(s.behind, refTo),
			names(r.notWell(), refTo), r.orCordoned())
	}
}

// seeFormerOut forgets the machines that going back left in the middle of an operation, once they are listed at rest.
func seeFormerOut(r *round) (verdict, bool) {
	if r.memory.FormerSince.IsZero() || r.at.Before(r.memory.FormerSince.Add(settleTime)) {
		return undecided()
	}
	if len(r.memory.Former) == 0 && r.obs.Model.Value.State != StateUpdating {
		r.memory.forgetFormer()
	}
	still := r.stillAtWork()
	if len(still) == len(r.memory.Former) {
		return undecided()
	}
	r.memory.Former = still
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
	isAwaited := r.memory.isGoingBack() || r.at.Before(r.memory.FormerSince.Add(operationDeadline))
	for _, ref := range r.memory.Former {
		if isAwaited && r.mayBeBusy(ref) {
			still = append(still, ref)
		}
	}
	return still
}

// returnToBaseline turns the run round when its target is what was there before: nobody has to be upgraded to that but those who left it.
func returnToBaseline(r *round) (verdict, bool) {
	b := r.memory.Baseline
	if !r.mayReturn() || r.isWorking() {
		return undecided()
	}
	if v, waiting := r.requireRecord(b.Name); waiting {
		return v, true
	}
	if record := r.obs.Records[b.Name]; record.State != Read || !record.Value.meets(r.spec.Target) {
		return undecided()
	}
	v := r.turnRound(ReturnRollback, CauseTarget, "the target is what was there before")
	r.memory.Return.Record, r.memory.Failed = b.Name, nil
	return v, true
}

// mayReturn says whether the run has still to find out if its target is what was there before.
func (r *round) mayReturn() bool {
	m := r.memory
	return m.Baseline.Fixed && m.Baseline.Name != "" && !m.ModelApplied && !m.isSettled()
}

// planBack touches nothing on the way back either, where only a plan was asked for.
func planBack(r *round) (verdict, bool) {
	if !r.spec.PlanOnly {
		return undecided()
	}
	return wait(ReasonPlanned, recheckHeld, "%s (%s) waits, since spec.mode is Plan; set it to Apply to go on",
		r.memory.Return.doing(), r.memory.Return.Why), true
}

// returnProgress counts what is still to be brought back.
func (r *round) returnProgress() *Progress {
	s, c := r.sortReturning(), r.count()
	p := c.progress(r.memory)
	p.Desired, p.Overshoot, p.Updated, p.Ready = 0, 0, 0, 0
	p.Exposed = len(s.behind) + len(s.busy) + len(s.ill) + len(s.failed)
	return p
}
