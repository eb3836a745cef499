package render

import (
	"cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/faults"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// VirtualMachineLook describes a read of virtual machines.
type VirtualMachineLook struct {
	Version arm.APIVersion
	Expands bool // shows the instance view
	Lists   bool // it is a list
}

// VirtualMachines returns the instances as a list shows them now: faults of lists strike it as they strike a scale set's own list.
func (s *Lister) VirtualMachines(r *arm.Request, all []*vmss.Instance) []Snapshot {
	l := s.struck(r.Route.Name, r.SetKey())
	if set := s.setOf(all); l.lagging && set != nil {
		all = s.listed(set, l)
	}
	shown := make([]Snapshot, 0, len(all))
	for _, inst := range all {
		if !l.omits(inst) {
			shown = append(shown, s.lookThrough(l, inst))
		}
	}
	return shown
}

// setOf returns the scale set that all instances belong to; nil: there is none, or not one.
func (s *Lister) setOf(all []*vmss.Instance) *vmss.ScaleSet {
	var set *vmss.ScaleSet
	for _, inst := range all {
		if set != nil && inst.Set != set {
			return nil
		}
		set = inst.Set
	}
	return set
}

// struck reads from the faults what a list is to show.
func (s *Lister) struck(route, setKey string) Listing {
	l := Listing{asOf: s.Now, omitted: map[faults.InstanceRef]bool{}}
	for _, f := range s.Faults.Fire(route, setKey, faults.ListKinds) {
		switch f.Kind {
		case faults.ListLags:
			l.asOf, l.lagging = s.Now.Add(-f.Duration()), true
		case faults.ListOmits:
			for _, id := range f.Instances {
				l.omitted[id] = true
			}
		case faults.HealthLags:
			l.health = f.Duration()
		default: // it was looked for elsewhere
		}
	}
	return l
}

// lookThrough is an instance as a list shows it.
func (s *Lister) lookThrough(l Listing, inst *vmss.Instance) Snapshot {
	shown := LookAt(inst)
	if l.lagging {
		shown = lookAsOf(inst, l.asOf)
	}
	if l.health > 0 {
		shown = shown.withHealthOf(s.Now.Add(-l.health))
	}
	return shown
}

// VirtualMachine renders an instance as the virtual machine that it is, with the members in the order of
// azure-cli-2025-02__test_vmss_linux_patch_mode:19.
func (l Snapshot) VirtualMachine(look VirtualMachineLook) tree.Members {
	m := tree.Members{
		{"name", l.Name()}, {"id", l.VirtualMachineID()}, {"type", "Microsoft.Compute/virtualMachines"}, {"location", l.Set.Location},
		{"tags", cmp.Or(l.virtualMachineTags(), any(tree.Object{}))},
	}
	if l.Zone != "" {
		m = append(m, tree.Member{"zones", []string{l.Zone}})
	}
	m = append(m, tree.Member{"properties", l.virtualMachineProperties(look)})
	if look.Version.Since("2024-07-01") {
		m = append(m, tree.Member{"etag", l.QuotedEtag()})
	}
	shows := !look.Lists || l.Set.Server.Switches.FlexibleResources == "show"
	if resources := l.Resources(); len(resources) > 0 && shows {
		m = append(m, tree.Member{"resources", resources})
	}
	return m
}

func (l Snapshot) virtualMachineTags() any {
	if tags := l.VirtualMachineTags(l.state.Profiled); tags != nil {
		return tags
	}
	return nil
}

func (l Snapshot) virtualMachineProperties(look VirtualMachineLook) tree.Members {
	m := tree.Members{
		{"hardwareProfile", tree.Members{{"vmSize", l.state.Model.Size}}},
		{"provisioningState", l.state.Provisioning.String()},
		{"vmId", l.VMID.String()},
		{"virtualMachineScaleSet", tree.Members{{"id", l.Set.ARMID()}}},
	}
	m = append(m, tree.Member{"storageProfile", l.storage()})
	if os := l.osProfile(look.Version); os != nil {
		m = append(m, tree.Member{"osProfile", os})
	}
	m = append(m, tree.Member{"networkProfile", tree.Compact{Value: l.nics()}})
	m = append(m, l.spot()...)
	if look.Expands {
		m = append(m, tree.Member{"instanceView", l.View(look.Version)})
	}
	return append(m, tree.Member{"timeCreated", arm.FormatTime(l.Born)})
}
