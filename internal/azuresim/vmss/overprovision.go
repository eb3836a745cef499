package vmss

import (
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Overprovisioning: Azure creates a few instances more than were asked for and keeps those that are ready first (docs/azure.md §2.1). The
// surplus is in no list, but it counts in the charge when it is created. Afterwards the ids are not contiguous, and one of the instances
// that stay is shown as Updating while the surplus exists.

// overprovisions reports whether a scale set overprovisions.
func (set *ScaleSet) overprovisions() bool {
	return tree.BoolAt(set.Doc, "properties", "overprovision") && !set.IsFlexible()
}

// surplusOf returns the number of surplus instances: two of two and three of five were recorded, and the documentation says 20 %.
func surplusOf(adding int) int {
	return max(min(1+(2*adding+4)/5, 3), (adding+4)/5)
}

// addInstances makes instances, and surplus where there is some, each in the zone that then has the fewest.
func (op *Operation) addInstances(adding int) {
	s := op.set.Server
	var spare []int // which of them, counted from 0, are surplus
	if adding > 0 && op.set.overprovisions() {
		surplus := surplusOf(adding)
		spare = s.Random.Perm(adding + surplus)[:surplus]
	}
	count := CountZones(op.set.Instances)
	var kept []*Instance
	for i := range adding + len(spare) {
		zone := op.set.EmptiestZone(count)
		count[zone]++
		if slices.Contains(spare, i) {
			op.addSurplus(zone)
			continue
		}
		kept = append(kept, op.add(zone))
	}
	if len(spare) > 0 {
		op.lingerAfter(kept)
	}
}

// addSurplus creates an instance that will not stay.
func (op *Operation) addSurplus(zone string) {
	set := op.set
	inst := set.newInstance(zone)
	inst.Surplus = true
	set.Surplus = append(set.Surplus, inst)
	p := set.createPlan()
	if tree.BoolAt(set.Doc, "properties", "doNotRunExtensionsOnOverprovisionedVMs") {
		p.scripts = nil
	}
	op.Start(inst, set.Model, p)
}

// lingerAfter lets the surplus stay for a while after the operation that made it.
func (op *Operation) lingerAfter(kept []*Instance) {
	s := op.set.Server
	lasts := s.Took(s.Durations.Overprovision)
	op.atEnd(func() {
		op.set.keeps(kept)
		if lasts > 0 {
			kept[len(kept)-1].unsettleFor(lasts)
		}
		s.After(lasts, func() { op.set.dropSurplus() })
	})
}

func (set *ScaleSet) dropSurplus() {
	for _, inst := range slices.Clone(set.Surplus) {
		if inst.Task != nil {
			inst.Task.Abandon()
		}
		inst.removeNow()
	}
	if len(set.Surplus) > 0 {
		set.Etag++
	}
	set.Surplus = nil
}

// unsettleFor shows an instance as Updating for a while, though no operation works on it.
func (inst *Instance) unsettleFor(lasts time.Duration) {
	s := inst.Set.Server
	if inst.Task != nil || inst.Deleted || inst.Provisioning == Failed {
		return
	}
	inst.Change(s.Now, func(st *State) { st.Provisioning = Updating })
	s.After(lasts, func() {
		if inst.Task != nil {
			inst.Task.before.Provisioning = Succeeded
		} else if inst.Provisioning == Updating {
			inst.Change(s.Now, func(st *State) { st.Provisioning = Succeeded })
		}
	})
}
