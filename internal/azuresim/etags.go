package azuresim

import "reflect"

// What moves etags is known of writes only; the rest is for switches (azure-facts §6, §7.2).

// wrote moves a scale set's etag after a write that changed it.
func (set *scaleSet) wrote(before object, newModel bool) {
	if set.server.switches.SetEtag == "model" && !newModel && reflect.DeepEqual(withoutCapacity(before), withoutCapacity(set.doc)) {
		return
	}
	set.etag++
}

func withoutCapacity(doc object) object {
	return with(doc, "sku", without(objectAt(doc, "sku"), "capacity"))
}

// progressed moves etags where each step of an instance does that.
func (inst *instance) progressed(was state) {
	if was.provisioning == inst.provisioning && was.model == inst.model {
		return
	}
	switches := inst.set.server.switches
	if switches.SetEtag == "progress" {
		inst.set.etag++
	}
	if switches.VMEtag == "progress" {
		inst.etag++
	}
}
