package vmss

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/faults"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// An instance needs a host when it is created, when it is started after it was deallocated, and when its size changes. A reimage and an
// upgrade to another image keep the host.

// allocate looks for a fault that leaves the instance without a host. Surplus instances always find one: they are not kept anyway.
func (t *task) allocate() {
	op, inst := t.op, t.inst
	if !t.plan.allocates || op.Inert || op.Stuck || inst.Surplus {
		return
	}
	t.hostless = inst.Set.Server.Faults.Allocation(op.Kind, inst.Set.Key,
		faults.Place{Zone: inst.Zone, Size: t.target.Size, Instance: inst.RefKey()})
}

// strand ends a task whose instance got no host: the instance is failed and off, and keeps the model that it had. Whether an instance that
// was resized keeps it is not known.
func (t *task) strand() {
	s, inst := t.inst.Set.Server, t.inst
	inst.Hostless = t.hostless
	inst.Change(s.Now, func(st *State) {
		st.Provisioning, st.Power = Failed, Deallocated
	})
	if s.Fleet != nil {
		s.Fleet.Down(inst.Key())
	}
	t.op.Fail(t.hostless)
}

// CheckSize refuses a write that needs hosts of a size that is not to be had, at once. set is nil for a new one.
func (s *Provider) CheckSize(id arm.ScaleSetID, set *ScaleSet, c vmprofile.Change, operation string) *arm.Error {
	wanted := &ScaleSet{Subscription: id.Subscription, Group: id.Group, Name: id.Name, Key: id.Key(),
		Location: tree.StringAt(c.Doc, "location"), Doc: c.Doc}
	if set != nil && wanted.Capacity() <= set.Capacity() && c.Model.Size == set.Model.Size || wanted.Capacity() == 0 {
		return nil
	}
	return s.Faults.SizeRefused(operation, faults.Hosts{SetKey: wanted.Key, Resource: wanted.ARMID(), Location: wanted.Location,
		Zones: wanted.Zones(), Size: c.Model.Size})
}

// CheckStart refuses to start instances that need hosts of such a size.
func (s *Provider) CheckStart(instances []*Instance, operation string) *arm.Error {
	for _, inst := range instances {
		if inst.Power != Deallocated {
			continue
		}
		if err := s.Faults.SizeRefused(operation, faults.Hosts{SetKey: inst.Set.Key, Resource: inst.ARMID(), Location: inst.Set.Location,
			Zones: []string{inst.Zone}, Size: inst.Model.Size}); err != nil {
			return err
		}
	}
	return nil
}
