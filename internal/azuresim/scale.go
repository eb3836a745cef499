package azuresim

import (
	"cmp"
	"slices"
	"strings"
)

// scaleTo makes the scale set have as many instances as it should, as part of an operation.
func (op *operation) scaleTo(want int) {
	set := op.set
	staying := slices.DeleteFunc(slices.Clone(set.instances), func(inst *instance) bool { return inst.provisioning == deleting || inst.surging })
	op.addInstances(want - len(staying))
	if surplus := len(staying) - want; surplus > 0 {
		for _, inst := range set.victims(staying, surplus) {
			op.charge++
			op.start(inst, inst.model, inst.deletePlan())
		}
	}
}

// addInstance makes an instance of the latest model, whatever the others have (azure-facts §2.1).
func (op *operation) add(zone string) *instance {
	set := op.set
	inst := set.newInstance(zone)
	set.instances = append(set.instances, inst)
	op.charge++
	op.start(inst, set.model, set.createPlan())
	return inst
}

func (set *scaleSet) newInstance(zone string) *instance {
	s := set.server
	inst := &instance{
		set: set, id: set.nextID, suffix: set.newSuffix(), zone: zone, fault: set.fresh % set.faultDomainCount(),
		vmID: s.guid(), disk: s.guid(), etag: 1, born: s.now, attached: s.now.UnixNano(),
		exact: s.exactVersion(set.model.image()), booted: set.model,
		state: state{model: set.model, since: s.now.UnixNano(), healthSince: s.now.UnixNano()},
	}
	set.nextID++
	set.fresh++
	return inst
}

// faultDomains of a placement group (azure-facts §2.6).
const faultDomains = 5

// emptiestZone is the zone with the fewest instances, the first of them; none where the set has no zones.
func (set *scaleSet) emptiestZone(count map[string]int) string {
	zones := set.zones()
	if len(zones) == 0 {
		return ""
	}
	return slices.MinFunc(zones, func(a, b string) int { return cmp.Compare(count[a], count[b]) })
}

func countZones(instances []*instance) map[string]int {
	count := map[string]int{}
	for _, inst := range instances {
		count[inst.zone]++
	}
	return count
}

// place is where the platform balances machines over.
type place struct {
	zone  string
	fault int
}

// victims are the instances that scale-in deletes: never protected ones, from
// the fullest zone first, by default there from the fullest fault domain, and
// there by the rule of the set (azure-facts §2.1).
func (set *scaleSet) victims(staying []*instance, n int) []*instance {
	rule := set.scaleInRule()
	zones, places := countZones(staying), map[place]int{}
	for _, inst := range staying {
		places[inst.place()]++
	}
	candidates := slices.DeleteFunc(slices.Clone(staying), func(inst *instance) bool { return inst.protectScaleIn })
	var out []*instance
	for range min(n, len(candidates)) {
		victim := slices.MinFunc(candidates, func(a, b *instance) int {
			byZone := -cmp.Compare(zones[a.zone], zones[b.zone])
			if rule == "default" {
				byZone = cmp.Or(byZone, -cmp.Compare(places[a.place()], places[b.place()]))
			}
			return cmp.Or(byZone, scaleInOrder(rule, a, b))
		})
		zones[victim.zone]--
		places[victim.place()]--
		out = append(out, victim)
		candidates = slices.DeleteFunc(candidates, func(inst *instance) bool { return inst == victim })
	}
	return out
}

func (inst *instance) place() place { return place{inst.zone, inst.fault} }

func (set *scaleSet) scaleInRule() string {
	rule := ""
	if rules := arrayAt(set.doc, "properties", "scaleInPolicy", "rules"); len(rules) > 0 {
		rule, _ = rules[0].(string)
	}
	return strings.ToLower(cmp.Or(rule, "default"))
}

func scaleInOrder(rule string, a, b *instance) int {
	switch rule {
	case "oldestvm":
		return cmp.Or(a.born.Compare(b.born), cmp.Compare(a.id, b.id))
	case "newestvm":
		return cmp.Or(b.born.Compare(a.born), cmp.Compare(b.id, a.id))
	}
	return cmp.Compare(b.id, a.id)
}

// removeInstance ends an instance.
func (inst *instance) removeNow() {
	s := inst.set.server
	inst.deleted = true
	inst.change(s.now, func(st *state) { st.power = deallocated })
	inst.set.remove(inst)
	s.membersMoved()
	if s.fleet != nil {
		s.fleet.Remove(inst.key())
	}
}

// endSet removes a scale set with all that is in it, unless its deletion failed.
func (op *operation) endSet() {
	s := op.set.server
	set := op.set
	if op.status != statusSucceeded {
		set.deleting = false
		return
	}
	set.dropSurplus()
	for _, inst := range slices.Clone(set.instances) {
		inst.removeNow()
	}
	delete(s.sets, set.key)
}

// deleteSome deletes instances; the set wants that many fewer from now on.
func (set *scaleSet) deleteSome(instances []*instance, kind string) *operation {
	s := set.server
	op := s.begin(kind, set, kind == "DeleteInstances", s.durations.Noop)
	fewer := 0
	for _, inst := range instances {
		if inst.provisioning != deleting {
			fewer++
		}
		op.charge++
		op.start(inst, inst.model, inst.deletePlan())
	}
	if fewer > 0 && !op.inert {
		set.setCapacity(max(0, set.capacity()-fewer))
		set.etag++
	}
	return op
}
