package azuresim

import (
	"maps"
	"reflect"
	"strings"
)

// change is what a write of a scale set comes to.
type change struct {
	doc     object
	model   *model // the one the set has if nothing about machines changes
	differs bool
}

// readOnly are what a body may repeat but never change.
var (
	readOnly         = []string{"name", "id", "type", "etag", "systemData"}
	readOnlyProperty = []string{"provisioningState", "uniqueId", "timeCreated"}
)

// planWrite works out a write: body merged into what the set is (azure-facts
// §2.10: PUT, too, keeps what the body leaves out). set is nil for a new one.
func (s *Server) planWrite(set *scaleSet, body object, version apiVersion) (change, *armError) {
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

func (s *Server) split(set *scaleSet, full object) change {
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

func cleaned(body object) object {
	body = without(body, readOnly...)
	if properties := objectAt(body, "properties"); properties != nil {
		properties = without(properties, readOnlyProperty...)
		if profile := objectAt(properties, "virtualMachineProfile"); profile != nil {
			properties["virtualMachineProfile"] = without(profile, "timeCreated")
		}
		body["properties"] = properties
	}
	return body
}

// settleImage makes the image reference that of the body where it is of
// another kind: an id replaces a marketplace image, and the other way round.
func settleImage(full, body object) object {
	path := []string{"properties", "virtualMachineProfile", "storageProfile"}
	given := objectAt(body, append(path, "imageReference")...)
	if given == nil {
		return full
	}
	ref := objectAt(full, append(path, "imageReference")...)
	if stringAt(given, "id") != "" {
		ref = without(ref, "publisher", "offer", "sku", "version", "exactVersion")
	} else if stringAt(given, "publisher") != "" {
		ref = without(ref, "id", "sharedGalleryImageId", "communityGalleryImageId")
	}
	return replaced(full, ref, append(path, "imageReference")...)
}

// replaced is a tree with another value at a path.
func replaced(tree object, value any, path ...string) object {
	if len(path) == 1 {
		return with(tree, path[0], value)
	}
	return with(tree, path[0], replaced(objectAt(tree, path[0]), value, path[1:]...))
}

// keepSecrets gives extensions that are sent as they were shown the protected
// settings they had: these cannot be read, so a read followed by a write must
// not lose them. A changed extension has what was sent with it.
func keepSecrets(full object, old *model) object {
	path := []string{"properties", "virtualMachineProfile", "extensionProfile", "extensions"}
	list := arrayAt(full, path...)
	if len(list) == 0 {
		return full
	}
	kept := make([]any, len(list))
	for i, e := range list {
		kept[i] = e
		before := old.extension(stringAt(e, "name"))
		if before == nil || before.properties["protectedSettings"] == nil {
			continue
		}
		properties := without(objectAt(e, "properties"), "provisioningState")
		if properties["protectedSettings"] == nil && reflect.DeepEqual(properties, before.shown()) {
			o, _ := e.(object)
			kept[i] = with(o, "properties", before.properties)
		}
	}
	return replaced(full, kept, path...)
}

// commit makes a planned write true and begins its operation.
func (s *Server) commit(set *scaleSet, c change, kind string, isPut bool) *operation {
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
		s.preemptUpgrades(set)
		set.adopt(c.model, s.now)
	}
	op := s.begin(kind, set, true, lasts)
	s.scaleTo(op, want)
	s.expectRepairs(set)
	if newModel || set.rollingStopped() {
		s.followModel(op)
	}
	return op
}

// followModel upgrades what the set's mode upgrades by itself (azure-facts §2.4).
func (s *Server) followModel(op *operation) {
	switch op.set.upgradeMode() {
	case "automatic":
		for _, inst := range op.set.upgradable() {
			op.charge++
			op.start(inst, op.set.model, s.upgradePlan(inst, op.set.model))
		}
	case "rolling":
		s.roll(op, rollModel)
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

func (s *Server) preemptUpgrades(set *scaleSet) {
	if s.switches.WriteDuringUpgrade != "preempt" {
		return
	}
	for _, op := range set.upgrading() {
		op.preempt()
	}
}

// create makes a scale set from a planned write.
func (s *Server) create(id scaleSetID, c change) *scaleSet {
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
func (s *Server) fillNew(set *scaleSet, kind string) *operation {
	lasts := s.durations.PutModel
	op := s.begin(kind, set, true, lasts)
	op.onEnd = func() { set.creating = false }
	s.scaleTo(op, set.capacity())
	return op
}

// scaleSetID names a scale set, in the case the client used.
type scaleSetID struct{ subscription, group, name string }

func (id scaleSetID) key() string {
	return strings.ToLower("/subscriptions/" + id.subscription + "/resourcegroups/" + id.group +
		"/providers/microsoft.compute/virtualmachinescalesets/" + id.name)
}

func groupKey(subscription, name string) string {
	return strings.ToLower(subscription + "/" + name)
}
