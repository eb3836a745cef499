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
func (op *operation) addInstances(adding int) {
	s := op.set.server
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
			op.addSurplus(zone)
			continue
		}
		kept = op.add(zone)
	}
	if len(spare) > 0 {
		op.lingerAfter(kept)
	}
}

// addSurplus makes a machine that is not going to stay.
func (op *operation) addSurplus(zone string) {
	set := op.set
	inst := set.newInstance(zone)
	inst.surplus = true
	set.surplus = append(set.surplus, inst)
	p := set.createPlan()
	if boolAt(set.doc, "properties", "doNotRunExtensionsOnOverprovisionedVMs") {
		p.scripts = nil
	}
	op.start(inst, set.model, p)
}

// lingerAfter lets the surplus stay for a while after the operation that made it.
func (op *operation) lingerAfter(kept *instance) {
	s := op.set.server
	lasts, ended := s.took(s.durations.Overprovision), op.onEnd
	op.onEnd = func() {
		if ended != nil {
			ended()
		}
		if lasts > 0 {
			kept.unsettleFor(lasts)
		}
		s.after(lasts, func() { op.set.dropSurplus() })
	}
}

func (set *scaleSet) dropSurplus() {
	for _, inst := range slices.Clone(set.surplus) {
		if inst.task != nil {
			inst.task.abandon()
		}
		inst.removeNow()
	}
	set.surplus = nil
}

// unsettleFor shows an instance as Updating for a while, though nobody works on it.
func (inst *instance) unsettleFor(lasts time.Duration) {
	s := inst.set.server
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
