package vmss

import (
	"maps"
	"reflect"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/resources"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// PlanWrite computes the result of a write: the body merged into the set (docs/azure.md §2.10: PUT, too, keeps what the body leaves out).
// set is nil for a new one.
// raw is the body as it was sent; nil: it is made up.
func (s *Provider) PlanWrite(set *ScaleSet, body tree.Object, raw []byte, version arm.APIVersion) (vmprofile.Change, *arm.Error) {
	if err := vmprofile.CheckShape(body, raw); err != nil {
		return vmprofile.Change{}, err
	}
	base := tree.Object{}
	if set != nil {
		base = set.Full()
	}
	full := tree.Merged(base, vmprofile.Cleaned(body))
	full = vmprofile.SettleIdentity(vmprofile.SettleImage(full, body), body)
	if set == nil {
		full = tree.WithDefaults(full, vmprofile.NewSetDefaults(full, version))
	}
	full = vmprofile.FillDefaults(full, version)
	if set != nil && s.Switches.UnsentSecrets == "keep" {
		full = vmprofile.KeepSecrets(full, set.Model)
	}
	if err := s.checkWrite(set, full); err != nil {
		return vmprofile.Change{}, err
	}
	return s.Split(set, full), nil
}

// Full is the set's body with its virtual machine profile, secrets included.
func (set *ScaleSet) Full() tree.Object {
	if set.Model.Profile == nil { // it is only a group, and stays one
		return set.Doc
	}
	properties := tree.With(tree.ObjectAt(set.Doc, "properties"), "virtualMachineProfile", set.Model.Profile)
	return tree.With(set.Doc, "properties", properties)
}

// Split takes a body apart into the part of the scale set and the part of the model.
func (s *Provider) Split(set *ScaleSet, full tree.Object) vmprofile.Change {
	properties := tree.ObjectAt(full, "properties")
	c := vmprofile.Change{
		Doc:   tree.With(full, "properties", tree.Without(properties, "virtualMachineProfile")),
		Model: vmprofile.NewModel(tree.ObjectAt(properties, "virtualMachineProfile"), tree.StringAt(full, "sku", "name")),
	}
	if set == nil {
		c.Differs = true
		return c
	}
	if set.Model.Same(c.Model) && !set.restamps(c.Doc) {
		c.Model = set.Model
	} else if earlier := set.usedModel(c.Model); earlier != nil && s.Switches.SameModel == "content" {
		c.Model = earlier
	}
	c.Differs = c.Model != set.Model || !reflect.DeepEqual(c.Doc, set.Doc)
	return c
}

// usedModel is an earlier model that instances still have and that equals another.
func (set *ScaleSet) usedModel(m *vmprofile.Model) *vmprofile.Model {
	for _, inst := range set.Instances {
		if inst.Model.Same(m) {
			return inst.Model
		}
	}
	return nil
}

// Commit makes a planned write true and begins its operation.
func (set *ScaleSet) Commit(c vmprofile.Change, kind string, isPut bool) *Operation {
	s := set.Server
	lasts := s.Durations.Patch
	if isPut {
		lasts = s.Durations.PutModel
	}
	if !c.Differs {
		lasts = min(lasts, s.Durations.Noop)
	}
	newModel := c.Model != set.Model
	want, _ := tree.IntAt(c.Doc, "sku", "capacity")
	if c.Differs {
		set.Doc = c.Doc
	}
	set.wrote(c.Differs)
	if newModel {
		set.preemptUpgrades()
		set.adopt(c.Model, s.Now)
		set.tagAll()
	}
	op := s.Begin(kind, set, true, lasts)
	op.scaleTo(want)
	set.ExpectRepairs()
	if newModel || set.rollingStopped() {
		op.followModel()
	}
	return op
}

// followModel upgrades the instances that the set's mode upgrades by itself (docs/azure.md §2.4).
func (op *Operation) followModel() {
	switch op.set.upgradeMode() {
	case "automatic":
		for _, inst := range op.set.upgradable() {
			op.Charge++
			op.Start(inst, op.set.Model, inst.UpgradePlan(op.set.Model))
		}
	case "rolling":
		op.Roll(rollModel)
	}
}

// rollingStopped reports whether a rolling upgrade stopped before its end: any further write of the scale set restarts it, even an empty
// one (docs/azure.md §2.4).
func (set *ScaleSet) rollingStopped() bool {
	r := set.Rolling
	return r != nil && r.kind == rollModel && (r.Code == RollingCancelled || r.Code == rollingFaulted)
}

// upgradable are the instances that an upgrade of everything would touch.
func (set *ScaleSet) upgradable() []*Instance {
	var out []*Instance
	for _, inst := range set.Instances {
		if inst.Joined == "" && !inst.IsLatest() && !inst.ProtectActions && inst.Provisioning != Deleting {
			out = append(out, inst)
		}
	}
	return out
}

// Upgrading are the running operations that upgrade instances on request.
func (set *ScaleSet) Upgrading() []*Operation {
	var out []*Operation
	for _, op := range set.Operations {
		if op.Kind == arm.OpUpdateInstances {
			out = append(out, op)
		}
	}
	return out
}

func (set *ScaleSet) preemptUpgrades() {
	s := set.Server
	if s.Switches.WriteDuringUpgrade != "preempt" {
		return
	}
	for _, op := range set.Upgrading() {
		op.Preempt()
	}
}

// Create makes a scale set from a planned write.
func (s *Provider) Create(id arm.ScaleSetID, c vmprofile.Change) *ScaleSet {
	set := &ScaleSet{
		Server: s, Subscription: id.Subscription, Group: id.Group, Name: id.Name, Key: id.Key(),
		Location: tree.StringAt(c.Doc, "location"), Doc: maps.Clone(c.Doc),
		Etag: 1, UniqueID: s.GUID(), Placement: s.GUID(), Created: s.Now, Changed: s.Now, Creating: true,
	}
	set.UpperCase = s.changesCase(set.Key)
	set.adopt(c.Model, s.Now)
	s.Sets[set.Key] = set
	s.Groups[resources.GroupKey(id.Subscription, id.Group)] = resources.Group{Name: id.Group, Location: set.Location,
		Subscription: id.Subscription}
	return set
}

// FillNew makes the instances of a new scale set.
func (set *ScaleSet) FillNew(kind string) *Operation {
	s := set.Server
	lasts := s.Durations.PutModel
	op := s.Begin(kind, set, true, lasts)
	op.OnEnd = func() { set.Creating = false }
	op.scaleTo(set.Capacity())
	return op
}

// checkWrite refuses a scale set that is not valid.
func (s *Provider) checkWrite(set *ScaleSet, full tree.Object) *arm.Error {
	if err := vmprofile.Check(set.held(), full); err != nil {
		return err
	}
	storage := tree.ObjectAt(full, "properties", "virtualMachineProfile", "storageProfile")
	if err := s.checkImage(tree.ObjectAt(storage, "imageReference"), tree.StringAt(full, "location")); err != nil {
		return err
	}
	return s.checkDisk(storage)
}

// held is the scale set as checks of a write see it; nil: it is yet to be made.
func (set *ScaleSet) held() *vmprofile.Existing {
	if set == nil {
		return nil
	}
	return &vmprofile.Existing{Name: set.Name, Group: set.Group, Location: set.Location, Doc: set.Doc, Model: set.Model,
		Switches: &set.Server.Switches}
}

// changesCase reports whether a scale set has the group in capitals in its instances' ids.
func (s *Provider) changesCase(key string) bool {
	switch s.Switches.IDCase {
	case "keep":
		return false
	case "upper":
		return true
	}
	return s.Seed != 0 && s.Seeded(key)%4 == 0
}
