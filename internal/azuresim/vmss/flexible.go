package vmss

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// A scale set in Flexible orchestration holds ordinary virtual machines. The name identifies an instance, where a number does in Uniform
// (docs/azure.md §2.7). Such a set may be only a group of instances, without a size, a profile or an upgrade policy.

// IsFlexible is true for a scale set in Flexible orchestration.
func (set *ScaleSet) IsFlexible() bool { return vmprofile.IsFlexible(set.Doc) }

// partsOfMachines are parts of a Flexible set that are not in its profile and that its virtual machines are made from nevertheless: a write
// of them makes the profile another one, though it reads as before (azure-cli-2025-02__test_vmss_update_image:23 for tags,
// test_vmss_scheduled_events_policy:4, test_create_flexible_vmss_with_priority_mix_policy:4, test_vmss_update:29).
var partsOfMachines = [][]string{{"tags"}, {"properties", "scheduledEventsPolicy"}, {"properties", "priorityMixPolicy"},
	{"properties", "additionalCapabilities"}}

// restamps reports whether a write makes the profile of a Flexible set another one by such a part.
func (set *ScaleSet) restamps(doc tree.Object) bool {
	return set.IsFlexible() && slices.ContainsFunc(partsOfMachines, func(path []string) bool {
		return !reflect.DeepEqual(tree.At(set.Doc, path...), tree.At(doc, path...))
	})
}

// newSuffix returns the end of the next instance's name; empty where a number identifies it.
func (set *ScaleSet) newSuffix() string {
	s := set.Server
	if !set.IsFlexible() {
		return ""
	}
	for {
		suffix := fmt.Sprintf("%08x", s.Random.Uint32())
		if set.Find(set.Name+"_"+suffix) == nil {
			return suffix
		}
	}
}

// Ref returns the number or the name that identifies an instance in paths and bodies.
func (inst *Instance) Ref() string {
	if inst.Suffix != "" {
		return inst.Name()
	}
	return strconv.Itoa(inst.ID)
}

// Find is the instance of that name or number; nil if there is none.
func (set *ScaleSet) Find(ref string) *Instance {
	if !set.IsFlexible() {
		number, err := strconv.Atoi(ref)
		if err != nil {
			return nil
		}
		return set.Instance(number)
	}
	for _, inst := range set.Instances {
		if strings.EqualFold(inst.Name(), ref) {
			return inst
		}
	}
	return nil
}

// IsRef reports whether a text has the form that identifies an instance of this set.
func (set *ScaleSet) IsRef(ref string) bool {
	_, err := strconv.Atoi(ref)
	return err == nil || set.IsFlexible()
}

// faultDomainCount returns the number of fault domains over which instances are spread.
func (set *ScaleSet) faultDomainCount() int {
	if n, given := tree.IntAt(set.Doc, "properties", "platformFaultDomainCount"); given && n > 0 && set.IsFlexible() {
		return n
	}
	return FaultDomains
}

// VirtualMachineID returns the ARM id of the virtual machine itself, which does not contain the scale set.
func (inst *Instance) VirtualMachineID() string {
	return "/subscriptions/" + inst.Set.Subscription + "/resourceGroups/" + inst.Set.Group +
		"/providers/Microsoft.Compute/virtualMachines/" + inst.Name()
}

// Refuse refuses operations that exist for Uniform sets only.
func (set *ScaleSet) Refuse(what string) *arm.Error {
	if !set.IsFlexible() {
		return nil
	}
	return arm.Refuse(http.StatusConflict, "OperationNotAllowed",
		"Operation 'VirtualMachineScaleSets.%s.GET' is not allowed on Virtual Machine Scale Set '%s'.", what, set.Name)
}
