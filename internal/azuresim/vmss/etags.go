package vmss

import (
	"reflect"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// What moves etags is known of writes only; the rest is for switches (docs/azure.md §6, §7.2).

// wrote moves a scale set's etag after a write that changed it.
func (set *ScaleSet) wrote(before tree.Object, newModel bool) {
	if set.Server.Switches.SetEtag == "model" && !newModel && reflect.DeepEqual(withoutCapacity(before), withoutCapacity(set.Doc)) {
		return
	}
	set.Etag++
}

func withoutCapacity(doc tree.Object) tree.Object {
	return tree.With(doc, "sku", tree.Without(tree.ObjectAt(doc, "sku"), "capacity"))
}

// progressed moves etags where each step of an instance does that.
func (inst *Instance) progressed(was State) {
	if was.Provisioning == inst.Provisioning && was.Model == inst.Model {
		return
	}
	switches := inst.Set.Server.Switches
	if switches.SetEtag == "progress" {
		inst.Set.Etag++
	}
	if switches.VMEtag == "progress" {
		inst.Etag++
	}
}
