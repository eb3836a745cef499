package vmss

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// A scale set in Flexible orchestration holds ordinary virtual machines. What names one is its name, where a number does in
// Uniform (docs/azure.md §2.7). It may be a group of machines and nothing else, without a size, a profile or an upgrade policy.

// IsFlexible is true for a scale set in Flexible orchestration.
func (set *ScaleSet) IsFlexible() bool { return vmprofile.IsFlexible(set.Doc) }

// newSuffix is what the next machine's name ends in; empty where a number does.
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

// Ref is what names an instance in paths and bodies.
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

// IsRef says whether something could name an instance, were there one.
func (set *ScaleSet) IsRef(ref string) bool {
	_, err := strconv.Atoi(ref)
	return err == nil || set.IsFlexible()
}

// faultDomainCount is how many fault domains machines are spread over.
func (set *ScaleSet) faultDomainCount() int {
	if n, given := tree.IntAt(set.Doc, "properties", "platformFaultDomainCount"); given && n > 0 && set.IsFlexible() {
		return n
	}
	return FaultDomains
}

// MachineID is the ARM id of the machine itself, beside the scale set.
func (inst *Instance) MachineID() string {
	return "/subscriptions/" + inst.Set.Subscription + "/resourceGroups/" + inst.Set.Group +
		"/providers/Microsoft.Compute/virtualMachines/" + inst.Name()
}

// Refuse refuses what there is for Uniform sets only.
func (set *ScaleSet) Refuse(what string) *arm.Error {
	if !set.IsFlexible() {
		return nil
	}
	return arm.Refuse(http.StatusConflict, "OperationNotAllowed",
		"Operation 'VirtualMachineScaleSets.%s.GET' is not allowed on Virtual Machine Scale Set '%s'.", what, set.Name)
}
