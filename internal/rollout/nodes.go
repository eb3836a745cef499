package rollout

import "slices"

// drain empties the nodes that the machines are. That a node is cordoned is remembered before it is, so that it does not stay so.
func (r *round) drain(c *HookInvocation) (verdict, bool) {
	if r.spec.Tasks.Drain == nil || len(c.Instances) == 0 {
		return undecided()
	}
	if c.DrainingSince.IsZero() {
		c.DrainingSince = r.at
	}
	for _, ref := range c.Instances {
		r.memory.cordon(ref.ID)
	}
	r.drainAgain(c)
	waiting, why := r.undrained(c)
	if len(waiting) == 0 {
		return undecided()
	}
	recheck := recheckHeld
	if limit := r.patience(c, r.spec.Tasks.Drain.Timeout); limit > 0 {
		recheck = r.until(c.DrainingSince.Add(limit), recheckHeld)
	}
	return wait(ReasonProgressing, recheck, "draining the nodes of %s: %s", names(waiting, self), orElse(why, "it was begun")), true
}

// undrained are the machines whose nodes are still being drained, with the last word of them. Those that cannot be drained are set aside.
func (r *round) undrained(c *HookInvocation) (waiting []Ref, why string) {
	for _, ref := range slices.Clone(c.Instances) {
		state := r.obs.Tasks.Nodes[ref.ID]
		switch {
		case state.Drained:
		case state.Failed || r.isLate(c, c.DrainingSince, r.spec.Tasks.Drain.Timeout):
			r.setAside(c, ref, FailureDrain, r.spec.Tasks.Drain.OnFailure,
				"its node is not drained: "+orElse(state.Message, "it takes longer than "+r.spec.Tasks.Drain.Timeout.String()))
		default:
			waiting, why = append(waiting, ref), state.Message
		}
	}
	return waiting, why
}

// drainAgain lets the time begin anew where it has passed and nobody was draining, since the controller was down. The way back does not
// stop for it.
func (r *round) drainAgain(c *HookInvocation) {
	isKnown := func(ref Ref) bool { _, known := r.obs.Tasks.Nodes[ref.ID]; return known }
	if r.memory.Rollback.Current == nil && r.isLate(c, c.DrainingSince, r.spec.Tasks.Drain.Timeout) &&
		!slices.ContainsFunc(c.Instances, isKnown) {
		c.DrainingSince = r.at
	}
}

// cordon notes that the machine's node may be cordoned by us.
func (m *State) cordon(id string) {
	if at, found := slices.BinarySearchFunc(m.Ledger.Cordoned, id, compareIDs); !found {
		m.Ledger.Cordoned = slices.Insert(m.Ledger.Cordoned, at, id)
	}
}

// uncordonable are the machines whose nodes may take pods again: nothing is to happen to them, and they did not fail.
func (r *round) uncordonable() []string {
	return slices.DeleteFunc(slices.Clone(r.memory.Ledger.Cordoned), func(id string) bool {
		is := func(ref Ref) bool { return ref.ID == id }
		if r.leaving {
			return false // nobody else would ever do it
		}
		m := &r.memory
		op, calling := m.Operation, m.calling(BeforeInstance)
		return (op != nil && op.Rejection == nil && slices.ContainsFunc(op.Instances, func(a Attempt) bool { return a.ID == id })) ||
			(calling != nil && slices.ContainsFunc(calling.Instances, is)) ||
			slices.ContainsFunc(
				m.Preempted.Instances,
				is,
			) || slices.ContainsFunc(m.Ledger.Failed, func(f Failure) bool { return is(f.Ref) && !f.isOutside() })
	})
}

// noteNodes comes before anything is decided, since what is known of nodes is about what was wanted before. It forgets those that take pods
// again, and notes which were being drained when the round began: what is known of those is about that, whatever becomes of them in this
// round.
func noteNodes(r *round) (verdict, bool) {
	for _, id := range r.uncordonable() {
		if r.obs.Tasks.Nodes[id].Uncordoned {
			r.memory.Ledger.Cordoned = slices.DeleteFunc(r.memory.Ledger.Cordoned, func(d string) bool { return d == id })
		}
	}
	if c := r.memory.calling(BeforeInstance); c != nil {
		r.draining = slices.Clone(c.Instances)
	}
	return undecided()
}

// uncordoned is how far letting a machine's node take pods again is.
func (r *round) uncordoned(id string) NodeState {
	if slices.ContainsFunc(r.draining, func(ref Ref) bool { return ref.ID == id }) {
		return NodeState{}
	}
	return r.obs.Tasks.Nodes[id]
}

// awaitUncordon makes no further machine ready while nodes of earlier ones are still cordoned: the cluster would shrink with every batch.
// The way back only holds them against its budget.
func (r *round) awaitUncordon() (verdict, bool) {
	ids := slices.DeleteFunc(r.uncordonable(), func(id string) bool { return r.uncordoned(id).Failed })
	if len(ids) == 0 || r.memory.Rollback.Current != nil {
		return undecided()
	}
	return wait(ReasonProgressing, recheckBusy, "waiting until the nodes of %s take pods again: %s",
		names(ids, func(id string) Ref { return Ref{ID: id} }), orElse(r.uncordoned(ids[0]).Message, "it was begun")), true
}

// outOfService are the machines that look well and whose nodes we cordoned for something else than what begins now. They spend the budget
// of unavailability as if they were not well (I1), unless nobody can let their nodes take pods again.
func (r *round) outOfService() []Instance {
	if len(r.memory.Ledger.Cordoned) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.obs.Instances.Value), func(i Instance) bool { return !r.isOutOfService(i) })
}

func (r *round) isOutOfService(i Instance) bool {
	m, calling := &r.memory, r.memory.calling(BeforeInstance)
	if _, cordoned := slices.BinarySearchFunc(m.Ledger.Cordoned, i.ID, compareIDs); !cordoned || r.uncordoned(i.ID).Failed {
		return false
	}
	begins := calling != nil && slices.ContainsFunc(calling.Instances, i.Ref().Means)
	return !begins && !m.inFlight(i) && wellness(r.spec.Health, i) == True
}

// soonInService counts those of them whose nodes are about to take pods again. Nothing begins before they do.
func (r *round) soonInService() int {
	soon := r.uncordonable()
	return len(slices.DeleteFunc(r.outOfService(), func(i Instance) bool { return !slices.Contains(soon, i.ID) }))
}

// setFree lets go of machines that were made ready and need not be any more.
func (m *State) setFree(refs []Ref) {
	for _, ref := range refs {
		if c := m.calling(BeforeInstance); c != nil {
			c.drop(ref)
		}
	}
}

// awaitLastUncordon lets the object go only when no node is left cordoned by it, or that cannot be helped.
func (r *round) awaitLastUncordon() (verdict, bool) {
	for _, id := range r.memory.Ledger.Cordoned {
		if state := r.uncordoned(id); !state.Uncordoned && !state.Failed {
			return wait(ReasonProgressing, recheckBusy, "deleted, and waiting until the node of instance %s takes pods again: %s",
				id, orElse(state.Message, "it was begun")), true
		}
	}
	return undecided()
}

// wantedNodes is what is to be done to nodes now.
func (r *round) wantedNodes() NodeWork {
	work := NodeWork{Uncordon: r.uncordonable()}
	c := r.memory.calling(BeforeInstance)
	if c == nil || r.leaving || c.DrainingSince.IsZero() || r.isStill() {
		return work // else also while the machines are in flight: should that change nothing, they are drained still
	}
	work.Drain = slices.Clone(c.Instances)
	return work
}
