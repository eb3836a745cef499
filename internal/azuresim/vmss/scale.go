package vmss

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// scaleTo makes the scale set have as many instances as it should, as part of an operation.
func (op *Operation) scaleTo(want int) {
	set := op.set
	staying := slices.DeleteFunc(slices.Clone(set.Instances), func(inst *Instance) bool {
		return inst.Provisioning == Deleting ||
			inst.surging
	})
	op.addInstances(want - len(staying))
	if surplus := len(staying) - want; surplus > 0 {
		for _, inst := range set.victims(staying, surplus) {
			op.Charge++
			op.Start(inst, inst.Model, inst.deletePlan())
		}
	}
}

// add makes an instance of the latest model, whatever the others have (docs/azure.md §2.1).
func (op *Operation) add(zone string) *Instance {
	set := op.set
	inst := set.newInstance(zone)
	set.Instances = append(set.Instances, inst)
	op.Charge++
	op.Start(inst, set.Model, set.createPlan())
	return inst
}

func (set *ScaleSet) newInstance(zone string) *Instance {
	s := set.Server
	inst := &Instance{
		Set: set, ID: set.NextID, Suffix: set.newSuffix(), Zone: zone, Fault: set.Fresh % set.faultDomainCount(),
		VMID: s.GUID(), Disk: s.GUID(), Etag: 1, Born: s.Now, Attached: s.Now.UnixNano(),
		Exact: s.ExactVersion(set.Model.Image()), Booted: set.Model,
		State: State{Model: set.Model, Since: s.Now.UnixNano(), HealthSince: s.Now.UnixNano(), Profiled: set.Model.Since.UnixNano()},
	}
	set.NextID++
	set.Fresh++
	return inst
}

// FaultDomains of a placement group (docs/azure.md §2.6).
const FaultDomains = 5

// EmptiestZone is the zone with the fewest instances, the first of them; none where the set has no zones.
func (set *ScaleSet) EmptiestZone(count map[string]int) string {
	zones := set.Zones()
	if len(zones) == 0 {
		return ""
	}
	return slices.MinFunc(zones, func(a, b string) int { return cmp.Compare(count[a], count[b]) })
}

// CountZones is how many instances each zone has.
func CountZones(instances []*Instance) map[string]int {
	count := map[string]int{}
	for _, inst := range instances {
		count[inst.Zone]++
	}
	return count
}

// place is a zone and a fault domain, over which the platform balances instances.
type place struct {
	zone  string
	fault int
}

// victims are the instances that scale-in deletes: never protected ones, from
// the fullest zone first, by default there from the fullest fault domain, and
// there by the rule of the set (docs/azure.md §2.1).
func (set *ScaleSet) victims(staying []*Instance, n int) []*Instance {
	rule := set.scaleInRule()
	zones, places := CountZones(staying), map[place]int{}
	for _, inst := range staying {
		places[inst.place()]++
	}
	candidates := slices.DeleteFunc(slices.Clone(staying), func(inst *Instance) bool { return inst.ProtectScaleIn })
	var out []*Instance
	for range min(n, len(candidates)) {
		victim := slices.MinFunc(candidates, func(a, b *Instance) int {
			byZone := -cmp.Compare(zones[a.Zone], zones[b.Zone])
			if rule == "default" {
				byZone = cmp.Or(byZone, -cmp.Compare(places[a.place()], places[b.place()]))
			}
			return cmp.Or(byZone, scaleInOrder(rule, a, b))
		})
		zones[victim.Zone]--
		places[victim.place()]--
		out = append(out, victim)
		candidates = slices.DeleteFunc(candidates, func(inst *Instance) bool { return inst == victim })
	}
	return out
}

func (inst *Instance) place() place { return place{inst.Zone, inst.Fault} }

func (set *ScaleSet) scaleInRule() string {
	rule := ""
	if rules := tree.ArrayAt(set.Doc, "properties", "scaleInPolicy", "rules"); len(rules) > 0 {
		rule, _ = rules[0].(string)
	}
	return strings.ToLower(cmp.Or(rule, "default"))
}

func scaleInOrder(rule string, a, b *Instance) int {
	switch rule {
	case "oldestvm":
		return cmp.Or(a.Born.Compare(b.Born), cmp.Compare(a.ID, b.ID))
	case "newestvm":
		return cmp.Or(b.Born.Compare(a.Born), cmp.Compare(b.ID, a.ID))
	}
	return cmp.Compare(b.ID, a.ID)
}

// removeNow ends an instance.
func (inst *Instance) removeNow() {
	s := inst.Set.Server
	inst.Deleted = true
	inst.Change(s.Now, func(st *State) { st.Power = Deallocated })
	inst.Set.remove(inst)
	s.MembersMoved()
	if s.Fleet != nil {
		s.Fleet.Remove(inst.Key())
	}
}

// EndSet removes a scale set with all that is in it, unless its deletion failed.
func (op *Operation) EndSet() {
	s := op.set.Server
	set := op.set
	if op.Status != operations.Succeeded {
		set.Deleting = false
		return
	}
	set.dropSurplus()
	for _, inst := range slices.Clone(set.Instances) {
		inst.removeNow()
	}
	delete(s.Sets, set.Key)
}

// DeleteSome deletes instances; the set wants that many fewer from now on.
func (set *ScaleSet) DeleteSome(instances []*Instance, kind string) *Operation {
	s := set.Server
	op := s.Begin(kind, set, kind == "DeleteInstances", s.Durations.Noop)
	fewer := 0
	for _, inst := range instances {
		if inst.Provisioning != Deleting {
			fewer++
		}
		op.Charge++
		op.Start(inst, inst.Model, inst.deletePlan())
	}
	if fewer > 0 && !op.Inert {
		set.setCapacity(max(0, set.Capacity()-fewer))
		set.Etag++
	}
	return op
}
