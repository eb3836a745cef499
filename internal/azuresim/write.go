package azuresim

import (
	"maps"
	"reflect"
)

// planWrite works out a write: body merged into what the set is (azure-facts
// §2.10: PUT, too, keeps what the body leaves out). set is nil for a new one.
func (s *compute) planWrite(set *scaleSet, body object, version apiVersion) (change, *armError) {
	if err := checkShape(body); err != nil {
		return change{}, err
	}
	base := object{}
	if set != nil {
		base = set.full()
	}
	full := merged(base, cleaned(body))
	full = settleIdentity(settleImage(full, body), body)
	if set == nil {
		full = withDefaults(full, newSetDefaults(full, version))
	}
	full = fillDefaults(full, version)
	if set != nil && s.switches.UnsentSecrets == "keep" {
		full = keepSecrets(full, set.model)
	}
	if err := s.checkWrite(set, full); err != nil {
		return change{}, err
	}
	return s.split(set, full), nil
}

// full is the set's body with its virtual machine profile, secrets included.
func (set *scaleSet) full() object {
	if set.model.profile == nil { // it is only a group, and stays one
		return set.doc
	}
	properties := with(objectAt(set.doc, "properties"), "virtualMachineProfile", set.model.profile)
	return with(set.doc, "properties", properties)
}

func (s *compute) split(set *scaleSet, full object) change {
	properties := objectAt(full, "properties")
	c := change{
		doc:   with(full, "properties", without(properties, "virtualMachineProfile")),
		model: newModel(objectAt(properties, "virtualMachineProfile"), stringAt(full, "sku", "name")),
	}
	if set == nil {
		c.differs = true
		return c
	}
	if set.model.same(c.model) {
		c.model = set.model
	} else if earlier := set.usedModel(c.model); earlier != nil && s.switches.SameModel == "content" {
		c.model = earlier
	}
	c.differs = c.model != set.model || !reflect.DeepEqual(c.doc, set.doc)
	return c
}

// usedModel is an earlier model that instances still have and that equals another.
func (set *scaleSet) usedModel(m *model) *model {
	for _, inst := range set.instances {
		if inst.model.same(m) {
			return inst.model
		}
	}
	return nil
}

// commit makes a planned write true and begins its operation.
func (set *scaleSet) commit(c change, kind string, isPut bool) *operation {
	s := set.server
	lasts := s.durations.Patch
	if isPut {
		lasts = s.durations.PutModel
	}
	if !c.differs {
		lasts = min(lasts, s.durations.Noop)
	}
	newModel := c.model != set.model
	want, _ := intAt(c.doc, "sku", "capacity")
	if c.differs {
		before := set.doc
		set.doc = c.doc
		set.wrote(before, newModel)
	}
	if newModel {
		set.preemptUpgrades()
		set.adopt(c.model, s.now)
	}
	op := s.begin(kind, set, true, lasts)
	op.scaleTo(want)
	set.expectRepairs()
	if newModel || set.rollingStopped() {
		op.followModel()
	}
	return op
}

// followModel upgrades what the set's mode upgrades by itself (azure-facts §2.4).
func (op *operation) followModel() {
	switch op.set.upgradeMode() {
	case "automatic":
		for _, inst := range op.set.upgradable() {
			op.charge++
			op.start(inst, op.set.model, inst.upgradePlan(op.set.model))
		}
	case "rolling":
		op.roll(rollModel)
	}
}

// rollingStopped says whether a rolling upgrade ended before its end: any
// further write of the scale set restarts it, even an empty one (azure-facts §2.4).
func (set *scaleSet) rollingStopped() bool {
	r := set.rolling
	return r != nil && r.kind == rollModel && (r.code == rollingCancelled || r.code == rollingFaulted)
}

// upgradable are the instances that an upgrade of everything would touch.
func (set *scaleSet) upgradable() []*instance {
	var out []*instance
	for _, inst := range set.instances {
		if !inst.isLatest() && !inst.protectActions && inst.provisioning != deleting {
			out = append(out, inst)
		}
	}
	return out
}

// upgrading are the running operations that upgrade instances on request.
func (set *scaleSet) upgrading() []*operation {
	var out []*operation
	for _, op := range set.operations {
		if op.kind == opUpdateInstances {
			out = append(out, op)
		}
	}
	return out
}

func (set *scaleSet) preemptUpgrades() {
	s := set.server
	if s.switches.WriteDuringUpgrade != "preempt" {
		return
	}
	for _, op := range set.upgrading() {
		op.preempt()
	}
}

// create makes a scale set from a planned write.
func (s *compute) create(id scaleSetID, c change) *scaleSet {
	set := &scaleSet{
		server: s, subscription: id.subscription, group: id.group, name: id.name, key: id.key(),
		location: stringAt(c.doc, "location"), doc: maps.Clone(c.doc),
		etag: 1, uniqueID: s.guid(), placement: s.guid(), created: s.now, changed: s.now, creating: true,
		diskInfix: diskInfix(oldestCompute),
	}
	set.upperCase = s.changesCase(set.key)
	set.adopt(c.model, s.now)
	s.sets[set.key] = set
	s.groups[groupKey(id.subscription, id.group)] = group{name: id.group, location: set.location, subscription: id.subscription}
	return set
}

// diskInfix is what names of OS disks have in the middle; that changed over the years.
func diskInfix(version apiVersion) string {
	if version.since(etagVersion) {
		return "_OS__1_"
	}
	return "_OsDisk_1_"
}

// fillNew makes the instances of a new scale set.
func (set *scaleSet) fillNew(kind string) *operation {
	s := set.server
	lasts := s.durations.PutModel
	op := s.begin(kind, set, true, lasts)
	op.onEnd = func() { set.creating = false }
	op.scaleTo(set.capacity())
	return op
}

// checkWrite refuses what a scale set cannot be.
func (s *compute) checkWrite(set *scaleSet, full object) *armError {
	for _, check := range []func(*scaleSet, object) *armError{
		checkPlace, checkOrchestration, checkFixed, checkImageType, checkSize, checkMode, checkExtensions, checkHealthSources, checkGrace,
	} {
		if err := check(set, full); err != nil {
			return err
		}
	}
	storage := objectAt(full, "properties", "virtualMachineProfile", "storageProfile")
	if err := s.checkImage(objectAt(storage, "imageReference"), stringAt(full, "location")); err != nil {
		return err
	}
	return s.checkDisk(storage)
}

// changesCase says whether a scale set has the group in capitals in its instances' ids.
func (s *compute) changesCase(key string) bool {
	switch s.switches.IDCase {
	case "keep":
		return false
	case "upper":
		return true
	}
	return s.seed != 0 && s.seeded(key)%4 == 0
}
