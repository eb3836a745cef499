package vmss

import (
	"regexp"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// The instances of a Flexible set are virtual machines of the resource group. Azure tags those that a set made with the time of the profile
// that they were made from; a virtual machine that was attached to the set has no such tag (docs/azure.md §8).

const profileTag = "VirtualMachineProfileTimeCreated"

// profileTime is how the tag writes a time: `8/26/2024 9:42:41 AM +00:00` (azure-cli-2025-02__test_vmss_linux_patch_mode:19).
const profileTime = "1/2/2006 3:04:05 PM -07:00"

// VirtualMachineTags returns the tags of a virtual machine that has a profile of that time: its own or those of the set, and Azure's.
func (inst *Instance) VirtualMachineTags(profiled int64) tree.Object {
	tags := inst.Tags
	if tags == nil && inst.Joined == "" {
		tags = tree.ObjectAt(inst.Set.Doc, "tags")
	}
	if inst.Joined != "" {
		return tags
	}
	return tree.With(tags, profileTag, time.Unix(0, profiled).UTC().Format(profileTime))
}

// tag moves the tag of an instance whose model has changed, or that was reimaged, where the switches let it.
func (t *task) tag(st *State) {
	switches := t.inst.Set.Server.Switches
	if t.target != t.inst.Model && switches.FlexibleTag != "never" {
		st.Profiled = t.target.Since.UnixNano()
	}
	if t.plan.reimage && switches.FlexibleReimageTag == "move" {
		st.Profiled = t.inst.Set.Model.Since.UnixNano()
	}
}

// tagAll moves the tags of all instances to a profile that has just been written, where the switches want that.
func (set *ScaleSet) tagAll() {
	if set.Server.Switches.FlexibleTag != "write" {
		return
	}
	for _, inst := range set.Instances {
		inst.Change(set.Server.Now, func(st *State) { st.Profiled = set.Model.Since.UnixNano() })
	}
}

var virtualMachinesOfSet = regexp.MustCompile(`(?i)^'virtualMachineScaleSet/id' eq '([^']+)'$`)

// WantedSet is the scale set whose virtual machines a list is asked for; empty: all.
func WantedSet(r *arm.Request) (string, *arm.Error) {
	filter := strings.Join(strings.Fields(r.QueryValue("$filter")), " ")
	if filter == "" {
		if r.QueryValue("$expand") != "" {
			return "", arm.InvalidParameter("$expand", "The value '%s' of parameter '$expand' is invalid without a filter on the scale set.",
				r.QueryValue("$expand"))
		}
		return "", nil
	}
	found := virtualMachinesOfSet.FindStringSubmatch(filter)
	if found == nil {
		return "", arm.InvalidParameter("$filter", "The value '%s' of parameter '$filter' is invalid.", filter)
	}
	return found[1], nil
}

// Attach makes a virtual machine of a name that the scale set did not make and that is attached to it. It counts in the capacity.
func (set *ScaleSet) Attach(name string, profile tree.Object) *Instance {
	s := set.Server
	inst := set.newInstance("")
	inst.Joined = name
	inst.Model = vmprofile.NewModel(profile, "Standard_D2s_v3")
	inst.Booted, inst.Exact, inst.Profiled = inst.Model, s.ExactVersion(inst.Model.Image()), 0
	inst.Provisioning, inst.Power = Succeeded, Running
	set.Instances = append(set.Instances, inst)
	set.setCapacity(set.Capacity() + 1)
	inst.Change(s.Now, func(*State) {})
	if s.Fleet != nil {
		inst.bootFresh(inst.Model)
	}
	s.MembersMoved()
	return inst
}
