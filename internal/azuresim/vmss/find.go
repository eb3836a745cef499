package vmss

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// VirtualMachines returns the instances of a subscription's Flexible sets, or of the one set that is wanted.
func (s *Provider) VirtualMachines(subscription, wanted string) []*Instance {
	var all []*Instance
	for _, set := range s.SortedSets() {
		if set.IsFlexible() && strings.EqualFold(set.Subscription, subscription) && arm.Matches(wanted, set.ARMID()) {
			all = append(all, set.Instances...)
		}
	}
	return all
}

// Locate finds the scale set of an instance whose path does not name the set, or of the instances that a list of virtual machines is asked
// for.
func (s *Provider) Locate(r *arm.Request) {
	switch {
	case r.Route == nil || r.Args["set"] != "":
	case r.Args["vm"] != "":
		if inst := s.FindVirtualMachine(r); inst != nil {
			r.InstanceSet = inst.Set.Key
		}
	case r.Route.Name == arm.OpListVirtualMachines || r.Route.Name == arm.OpListAllVirtualMachines:
		if wanted, _ := WantedSet(r); wanted != "" {
			r.InstanceSet = strings.ToLower(wanted)
		}
	}
}

// FindVirtualMachine returns the instance of a Flexible set that a path names without the scale set; nil: there is none.
func (s *Provider) FindVirtualMachine(r *arm.Request) *Instance {
	var found *Instance
	for _, inst := range s.VirtualMachines(r.Args["sub"], "") {
		if strings.EqualFold(inst.Set.Group, r.Args["group"]) && strings.EqualFold(inst.Name(), r.Args["vm"]) {
			found = inst
		}
	}
	return found
}

// FindSet is the scale set that a path names.
func (s *Provider) FindSet(r *arm.Request) (*ScaleSet, *arm.Error) {
	id := r.SetID()
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	set := s.Sets[id.Key()]
	if set == nil {
		return nil, r.Missing(id)
	}
	return set, nil
}

// SortedSets is all scale sets, by id.
func (s *Provider) SortedSets() []*ScaleSet {
	list := make([]*ScaleSet, 0, len(s.Sets))
	for _, set := range s.Sets {
		list = append(list, set)
	}
	slices.SortFunc(list, func(a, b *ScaleSet) int { return strings.Compare(a.Key, b.Key) })
	return list
}

// CheckWritable refuses writes of a scale set that is being deleted.
func (set *ScaleSet) CheckWritable() *arm.Error {
	if set.Deleting {
		return arm.MarkedForDeletion(set.Name)
	}
	return nil
}

// CheckModelChange refuses a write of the model that cannot be taken now, whichever resource it came through.
func (set *ScaleSet) CheckModelChange(c vmprofile.Change) *arm.Error {
	s := set.Server
	if c.Model == set.Model {
		return nil
	}
	if err := set.refuseEleventh(c.Model); err != nil {
		return err
	}
	if err := s.CheckAttachments(set.ARMID(), c.Model); err != nil {
		return err
	}
	if s.Switches.WriteDuringUpgrade == "conflict" && len(set.Upgrading()) > 0 {
		return s.Conflict()
	}
	return nil
}

// FindVM is the instance that a path names.
func (s *Provider) FindVM(r *arm.Request) (*Instance, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	if !set.IsRef(r.Args["vm"]) {
		err := arm.InstanceNotNumber("instanceId")
		err.Charged = r.Method == http.MethodGet
		return nil, err
	}
	inst := set.Find(r.Args["vm"])
	if inst == nil {
		err := arm.EntityNotFound()
		err.Charged = r.Method == http.MethodGet // azure-cli-2025-02__test_vmss_simulate_eviction:27
		return nil, err
	}
	return inst, nil
}

// MoveEtag makes a scale set's etag another one.
func (s *Provider) MoveEtag(key string) {
	if set := s.Sets[key]; set != nil {
		set.Etag++
	}
}

// Place is where a scale set is and whether it is a Flexible one; ok is false where there is none.
func (s *Provider) Place(key string) (location string, flexible, ok bool) {
	set := s.Sets[key]
	if set == nil {
		return "", false, false
	}
	return set.Location, set.IsFlexible(), true
}

// QueuedIn returns how many instances of a subscription have an operation at work on them in a region.
func (s *Provider) QueuedIn(region string) int {
	n := 0
	for _, set := range s.Sets {
		if strings.ToLower(set.Subscription)+" "+arm.NormalLocation(set.Location) != region {
			continue
		}
		for _, op := range set.Operations {
			n += op.Open
		}
	}
	return n
}
