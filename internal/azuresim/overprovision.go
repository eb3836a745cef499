package azuresim

import (
	"slices"
	"time"
)

// Overprovisioning: Azure makes a few machines more than it was asked for and
// keeps those that are ready first (azure-facts §2.1). The surplus is in no
// list, but it costs when one is made; ids are not contiguous afterwards, and
// one of those that stay is shown as Updating for as long as surplus is there.

// overprovisions says whether a scale set does so.
func (set *scaleSet) overprovisions() bool {
	return boolAt(set.doc, "properties", "overprovision") && !set.isFlexible()
}

// surplusOf is how many machines too many are made: two of two and three of
// five were recorded, and the documentation says 20 %.
func surplusOf(adding int) int {
	return max(min(1+(2*adding+4)/5, 3), (adding+4)/5)
}

// addInstances adds instances to a scale set, as part of an operation.
func (s *Server) addInstances(op *operation, adding int) {
	if adding <= 0 || !op.set.overprovisions() {
		for range adding {
			s.addInstance(op)
		}
		return
	}
	surplus := surplusOf(adding)
	spare := s.random.Perm(adding + surplus)[:surplus]
	var kept *instance
	for i := range adding + surplus {
		if slices.Contains(spare, i) {
			s.addSurplus(op)
			continue
		}
		inst := s.addInstance(op)
		if kept == nil {
			kept = inst
		}
	}
	s.lingerAfter(op, kept)
}

// addSurplus makes a machine that is not going to stay.
func (s *Server) addSurplus(op *operation) {
	set := op.set
	inst := s.newInstance(set)
	inst.surplus = true
	set.surplus = append(set.surplus, inst)
	p := s.createPlan(set.model)
	if boolAt(set.doc, "properties", "doNotRunExtensionsOnOverprovisionedVMs") {
		p.scripts = nil
	}
	op.start(inst, set.model, p)
}

// lingerAfter lets the surplus stay for a while after the operation that made it.
func (s *Server) lingerAfter(op *operation, kept *instance) {
	lasts, ended := s.took(s.durations.Overprovision), op.onEnd
	op.onEnd = func() {
		if ended != nil {
			ended()
		}
		if lasts > 0 {
			s.unsettleFor(kept, lasts)
		}
		s.after(lasts, func() { s.dropSurplus(op.set) })
	}
}

func (s *Server) dropSurplus(set *scaleSet) {
	for _, inst := range slices.Clone(set.surplus) {
		if inst.task != nil {
			inst.task.abandon()
		}
		s.removeInstance(inst)
	}
	set.surplus = nil
}

// unsettleFor shows an instance as Updating for a while, though nobody works on it.
func (s *Server) unsettleFor(inst *instance, lasts time.Duration) {
	if inst.task != nil || inst.deleted {
		return
	}
	inst.change(s.now, func(st *state) { st.provisioning = updating })
	s.after(lasts, func() {
		if inst.task != nil {
			inst.task.before.provisioning = succeeded
		} else if inst.provisioning == updating {
			inst.change(s.now, func(st *state) { st.provisioning = succeeded })
		}
	})
}
