package azuresim

import (
	"cmp"
	"slices"
	"strings"
)

// scaleTo makes the scale set have as many instances as it should, as part of an operation.
func (s *Server) scaleTo(op *operation, want int) {
	set := op.set
	staying := slices.DeleteFunc(slices.Clone(set.instances), func(inst *instance) bool { return inst.provisioning == deleting })
	for range want - len(staying) {
		s.addInstance(op)
	}
	if surplus := len(staying) - want; surplus > 0 {
		for _, inst := range set.victims(staying, surplus) {
			op.charge++
			op.start(inst, inst.model, s.deletePlan())
		}
	}
}

// addInstance makes an instance of the latest model, whatever the others have (azure-facts §2.1).
func (s *Server) addInstance(op *operation) *instance {
	set := op.set
	inst := &instance{
		set: set, id: set.nextID, suffix: s.newSuffix(set), zone: set.emptiestZone(), fault: set.fresh % set.faultDomainCount(),
		vmID: s.guid(), disk: s.guid(), etag: 1, born: s.now,
		state: state{model: set.model, since: s.now.UnixNano()},
	}
	set.nextID++
	set.fresh++
	inst.exact = s.exactVersion(set.model.image())
	set.instances = append(set.instances, inst)
	op.charge++
	op.start(inst, set.model, s.createPlan(set.model))
	return inst
}

// faultDomains of a placement group (azure-facts §2.6).
const faultDomains = 5

// emptiestZone is the zone with the fewest instances, the first of them; none where the set has no zones.
func (set *scaleSet) emptiestZone() string {
	zones := set.zones()
	if len(zones) == 0 {
		return ""
	}
	count := countZones(set.instances)
	return slices.MinFunc(zones, func(a, b string) int { return cmp.Compare(count[a], count[b]) })
}

func countZones(instances []*instance) map[string]int {
	count := map[string]int{}
	for _, inst := range instances {
		count[inst.zone]++
	}
	return count
}

// victims are the instances that scale-in deletes: never protected ones, from
// the fullest zone first, and there by the rule of the set (azure-facts §2.1).
func (set *scaleSet) victims(staying []*instance, n int) []*instance {
	order := set.scaleInOrder()
	count := countZones(staying)
	candidates := slices.DeleteFunc(slices.Clone(staying), func(inst *instance) bool { return inst.protectScaleIn })
	var out []*instance
	for range min(n, len(candidates)) {
		victim := slices.MinFunc(candidates, func(a, b *instance) int {
			return cmp.Or(-cmp.Compare(count[a.zone], count[b.zone]), order(a, b))
		})
		count[victim.zone]--
		out = append(out, victim)
		candidates = slices.DeleteFunc(candidates, func(inst *instance) bool { return inst == victim })
	}
	return out
}

func (set *scaleSet) scaleInOrder() func(a, b *instance) int {
	rule := ""
	if rules := arrayAt(set.doc, "properties", "scaleInPolicy", "rules"); len(rules) > 0 {
		rule, _ = rules[0].(string)
	}
	switch strings.ToLower(rule) {
	case "oldestvm":
		return func(a, b *instance) int { return cmp.Or(a.born.Compare(b.born), cmp.Compare(a.id, b.id)) }
	case "newestvm":
		return func(a, b *instance) int { return cmp.Or(b.born.Compare(a.born), cmp.Compare(b.id, a.id)) }
	}
	return func(a, b *instance) int { return cmp.Compare(b.id, a.id) }
}

// removeInstance ends an instance.
func (s *Server) removeInstance(inst *instance) {
	inst.deleted = true
	inst.change(s.now, func(st *state) { st.power = deallocated })
	inst.set.remove(inst)
	s.networkMoved()
	if s.fleet != nil {
		s.fleet.Remove(inst.key())
	}
}

// overprovision uses up ids as Azure does when it creates a few machines more
// than wanted and keeps the first that are ready (azure-facts §2.1): the extra
// ones were never seen, but ids are not contiguous.
func (s *Server) overprovision(set *scaleSet, adding int) {
	extra := (adding + 4) / 5
	for range extra {
		if s.random.IntN(2) == 0 {
			set.nextID++
		}
	}
}
