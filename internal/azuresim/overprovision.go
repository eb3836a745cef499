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

// addInstances makes instances, and surplus where there is some, each in the zone that then has the fewest.
func (s *Server) addInstances(op *operation, adding int) {
	var spare []int // which of them, counted from 0, are surplus
	if adding > 0 && op.set.overprovisions() {
		surplus := surplusOf(adding)
		spare = s.random.Perm(adding + surplus)[:surplus]
	}
	count := countZones(op.set.instances)
	var kept *instance
	for i := range adding + len(spare) {
		zone := op.set.emptiestZone(count)
		count[zone]++
		if slices.Contains(spare, i) {
			s.addSurplus(op, zone)
			continue
		}
		kept = s.addInstance(op, zone)
	}
	if len(spare) > 0 {
		s.lingerAfter(op, kept)
	}
}

// addSurplus makes a machine that is not going to stay.
func (s *Server) addSurplus(op *operation, zone string) {
	set := op.set
	inst := s.newInstance(set, zone)
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
