package rollout

import "slices"

// launch begins an effect on machines, once what is declared to come before it was done: the hooks first, then the draining of their nodes.
// Which machines were chosen is remembered, so that nobody is called about one machine and another one is touched.
func (r *round) launch(kind OperationKind, refs []Attempt) verdict {
	refs, v, waiting := r.makeReady(refs)
	switch {
	case waiting:
		return v
	case kind == ReimageOperation:
		return r.begin(Reimage{Instances: Refs(refs)}, refs)
	default:
		return r.begin(Upgrade{Instances: Refs(refs)}, refs)
	}
}

// makeReady returns the machines that are ready, when all that still can be are.
func (r *round) makeReady(refs []Attempt) ([]Attempt, verdict, bool) {
	if len(r.spec.hooks(BeforeInstance)) == 0 && r.spec.Tasks.Drain == nil {
		r.memory.hangUp(BeforeInstance)
		v, waiting := r.awaitUncordon()
		return refs, v, waiting
	}
	c, v, waiting := r.readying(Refs(refs))
	if waiting {
		return nil, v, true
	}
	known := len(c.Instances)
	failed, pending := r.hear(c)
	for _, f := range failed {
		r.setAside(c, f.ref, FailureHook, f.hook.OnFailure, f.String())
	}
	if v, changed := r.chooseAnew(c, known); changed {
		return nil, v, true
	}
	if pending != "" {
		return nil, wait(ReasonProgressing, r.nextTimeout(c), "before %s: %s", names(c.Instances, self), pending), true
	}
	if v, waiting := r.drain(c); waiting {
		return nil, v, true
	}
	if v, changed := r.chooseAnew(c, known); changed {
		return nil, v, true
	}
	ready := slices.DeleteFunc(slices.Clone(refs), func(a Attempt) bool { return !slices.ContainsFunc(c.Instances, a.Means) })
	return ready, verdict{}, false
}

// chooseAnew ends the round where a machine was set aside: what that leads to is decided before any other is touched.
func (r *round) chooseAnew(c *HookInvocation, known int) (verdict, bool) {
	left := len(c.Instances)
	if left == known {
		return undecided()
	}
	if left == 0 {
		r.memory.hangUp(BeforeInstance)
	}
	return wait(ReasonProgressing, recheckSoon, "%d of %d chosen machines could not be made ready", known-left, known), true
}

// letGo frees the machines that were made ready where the round holds for what may take long: nodes are not to stay cordoned through a
// weekend. They are made ready again when work goes on.
func (r *round) letGo(v verdict) {
	_, waits := v.step.(Wait)
	op := r.memory.Operation
	switch v.because.Reason {
	case ReasonProgressing, ReasonWaitingForHealth, ReasonThrottled, ReasonAzureUnavailable:
	case ReasonInvalid, ReasonAccessDenied, ReasonScaleSetNotFound, ReasonPreflightFailed:
		if op == nil && waits { // what was refused is tried again every few minutes
			r.memory.hangUp(BeforeInstance)
		}
	default:
		if waits && (op == nil || op.Rejection != nil) {
			r.memory.hangUp(BeforeInstance)
		}
	}
}

// keepReady forgets machines that were chosen and are gone.
func keepReady(r *round) (verdict, bool) {
	c := r.memory.calling(BeforeInstance)
	if c == nil {
		return undecided()
	}
	c.Instances = slices.DeleteFunc(c.Instances, func(ref Ref) bool {
		_, listed := find(r.obs.Instances.Value, ref)
		return !listed && !r.mayExist(ref)
	})
	if len(c.Instances) == 0 {
		r.memory.hangUp(BeforeInstance)
	}
	return undecided()
}

// readying is the occasion of these machines: the one that is under way, narrowed down to them, or a new one.
func (r *round) readying(refs []Ref) (*HookInvocation, verdict, bool) {
	if c := r.memory.calling(BeforeInstance); c != nil {
		before := c.Instances
		c.Instances = slices.DeleteFunc(slices.Clone(before), func(known Ref) bool { return !slices.ContainsFunc(refs, known.Means) })
		if len(c.Instances) > 0 {
			return c, verdict{}, false
		}
		// Whoever was made ready counts otherwise now, so it is chosen once more.
		r.memory.hangUp(BeforeInstance)
		return nil, wait(ReasonProgressing, recheckSoon, "nothing has to be made ready of %s any more", names(before, self)), true
	}
	if v, waiting := r.awaitUncordon(); waiting {
		return nil, v, true
	}
	return r.call(BeforeInstance, refs, ""), verdict{}, false
}

// setAside deals with a machine that cannot be made ready. It was not touched. The way back does not stop for it.
func (r *round) setAside(c *HookInvocation, ref Ref, reason FailureReason, what HookFailure, message string) {
	if what == HookIgnore || r.memory.Rollback.Current != nil {
		return
	}
	c.drop(ref)
	r.leaveOut(Attempt{Ref: ref}, reason, what, message)
	r.recount()
}

// leaveOut puts a machine among those that failed, or takes it out of the run.
func (r *round) leaveOut(a Attempt, reason FailureReason, what HookFailure, message string) {
	ref, try := a.Ref, a.Try
	if what == HookSkips && len(r.memory.Ledger.Skipped) < mostSkipped {
		r.memory.forgive([]Ref{ref})
		r.memory.Ledger.Skipped = append(r.memory.Ledger.Skipped, Ref{ID: ref.ID, VMID: ref.VMID})
		return
	}
	for _, f := range r.memory.Ledger.Failed {
		if f.Ref.Means(ref) {
			try = f.Try + 1 // it was to be tried again
		}
	}
	r.memory.fail(Failure{Ref: ref, Try: try, Reason: reason, Message: message, At: r.at})
}

// failedBefore says whether the machine failed before it was touched.
func (m State) failedBefore(i Instance) bool {
	return slices.ContainsFunc(m.Ledger.Failed, func(f Failure) bool {
		return f.Ref.Is(i) && f.isOutside()
	})
}

// prepared returns the machines that were chosen before and may still be upgraded; false: there are none, and others are to be chosen.
// Being made ready may have put them out of service, so they are held against the budget as if they were.
func (r *round) prepared(c census) ([]Instance, bool) {
	calling := r.memory.calling(BeforeInstance)
	if calling == nil {
		return nil, false
	}
	var chosen []Instance
	room := c.desired - len(c.exposed)
	most := min(r.spec.Batch.Size.Of(c.n), room)
	for _, i := range byOrder(r.spec.Instances.Order, c.lacking()) {
		if !i.choosable(r.spec) || !slices.ContainsFunc(calling.Instances, i.Ref().Means) {
			continue
		}
		if fresh := !slices.ContainsFunc(c.left, i.Ref().Is); len(chosen) < most &&
			(!fresh || (len(chosen) < room-len(c.left) && r.isTurn(c, i))) {
			chosen = append(chosen, i)
		}
	}
	if len(chosen) == 0 {
		r.memory.hangUp(BeforeInstance)
		return nil, false
	}
	return r.affordable(c, chosen), true
}

// isTurn says whether no machine of an earlier zone came to lack the target since the machine was chosen, where zones are finished one by
// one.
func (r *round) isTurn(c census, i Instance) bool {
	return r.spec.Instances.Zones != ZonesOneAtATime ||
		!slices.ContainsFunc(c.lacking(), func(o Instance) bool { return o.Zone < i.Zone && !o.Protected })
}

// affordable leaves out of the chosen whom the budget of unavailability has no room for any more, and who may not be touched now. Who was
// well when it was chosen and is silent now, without its pods, costs nothing more.
func (r *round) affordable(c census, chosen []Instance) []Instance {
	var sick, well []Instance
	for _, i := range chosen {
		switch wellness(r.spec.Health, i) {
		case True:
			well = append(well, i)
		case False:
			sick = append(sick, i)
		case Unknown:
			if !i.busy() && i.Script != ScriptRunning {
				sick = append(sick, i)
			}
		}
	}
	budget := c.room(r.spec.Batch.MaxUnavailable)
	return append(well[:min(len(well), budget)], sick...)
}
