package rollout

import "slices"

// drain empties the nodes that the machines are. That a node is cordoned is remembered before it is, so that it does not stay so.
func (r *round) drain(c *Calling) (verdict, bool) {
	if r.spec.Drain == nil || len(c.Refs) == 0 {
		return undecided()
	}
	if c.DrainSince.IsZero() {
		c.DrainSince = r.at
	}
	for _, ref := range c.Refs {
		r.memory.cordon(ref.ID)
	}
	var waiting []Ref
	why := ""
	over := c.DrainSince.Add(r.spec.Drain.Timeout)
	for _, ref := range slices.Clone(c.Refs) {
		state := r.obs.Nodes[ref.ID]
		switch {
		case state.Drained:
		case state.Failed || !r.at.Before(over):
			r.setAside(c, ref, FailureDrain, r.spec.Drain.OnFailure, "its node is not drained: "+orElse(state.Message, "it takes longer than "+r.spec.Drain.Timeout.String()))
		default:
			waiting, why = append(waiting, ref), state.Message
		}
	}
	if len(waiting) == 0 {
		return undecided()
	}
	return wait(ReasonProgressing, r.until(over, recheckHeld), "draining the nodes of %s: %s", names(waiting, self), orElse(why, "it was begun")), true
}

// cordon notes that the machine's node may be cordoned by us.
func (m *Memory) cordon(id string) {
	if at, found := slices.BinarySearchFunc(m.Drained, id, compareIDs); !found {
		m.Drained = slices.Insert(m.Drained, at, id)
	}
}

// uncordonable are the machines whose nodes may take pods again: nothing is to happen to them, and they did not fail.
func (r *round) uncordonable() []string {
	return slices.DeleteFunc(slices.Clone(r.memory.Drained), func(id string) bool {
		is := func(ref Ref) bool { return ref.ID == id }
		if r.leaving {
			return false // nobody else would ever do it
		}
		m := &r.memory
		op, calling := m.Operation, m.calling(BeforeInstance)
		return (op != nil && op.Refused == nil && slices.ContainsFunc(op.Instances, is)) || (calling != nil && slices.ContainsFunc(calling.Refs, is)) ||
			slices.ContainsFunc(m.Former, is) || slices.ContainsFunc(m.Failed, func(f Failure) bool { return is(f.Ref) && !f.isOutside() })
	})
}

// noteNodes forgets the nodes that take pods again.
func noteNodes(r *round) (verdict, bool) {
	for _, id := range r.uncordonable() {
		if r.obs.Nodes[id].Uncordoned {
			r.memory.Drained = slices.DeleteFunc(r.memory.Drained, func(d string) bool { return d == id })
		}
	}
	return undecided()
}

// awaitUncordon makes no further machine ready while nodes of earlier ones are still cordoned: the cluster would shrink with every batch.
func (r *round) awaitUncordon() (verdict, bool) {
	ids := r.uncordonable()
	if len(ids) == 0 || r.spec.Drain == nil || r.memory.Return != nil {
		return undecided()
	}
	return wait(ReasonProgressing, recheckBusy, "waiting until the nodes of %s take pods again: %s",
		names(ids, func(id string) Ref { return Ref{ID: id} }), orElse(r.obs.Nodes[ids[0]].Message, "it was begun")), true
}

// awaitLastUncordon lets the object go only when no node is left cordoned by it, or that cannot be helped.
func (r *round) awaitLastUncordon() (verdict, bool) {
	for _, id := range r.memory.Drained {
		if state := r.obs.Nodes[id]; !state.Uncordoned && !state.Failed {
			return wait(ReasonProgressing, recheckBusy, "deleted, and waiting until the node of instance %s takes pods again: %s", id, orElse(state.Message, "it was begun")), true
		}
	}
	return undecided()
}

// wantedNodes is what is to be done to nodes now.
func (r *round) wantedNodes() NodeWork {
	work := NodeWork{Uncordon: r.uncordonable()}
	c := r.memory.calling(BeforeInstance)
	if c == nil || r.leaving || c.DrainSince.IsZero() || r.isStill() || r.memory.Operation != nil && r.memory.Operation.Refused == nil {
		return work
	}
	work.Drain = slices.Clone(c.Refs)
	return work
}
