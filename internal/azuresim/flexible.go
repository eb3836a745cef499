package azuresim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// A scale set in Flexible orchestration holds ordinary virtual machines. What names one is its name, where a number does in
// Uniform (azure-facts §2.7). It may be a group of machines and nothing else, without a size, a profile or an upgrade policy.

func (set *scaleSet) isFlexible() bool { return isFlexible(set.doc) }

// newSuffix is what the next machine's name ends in; empty where a number does.
func (set *scaleSet) newSuffix() string {
	s := set.server
	if !set.isFlexible() {
		return ""
	}
	for {
		suffix := fmt.Sprintf("%08x", s.random.Uint32())
		if set.find(set.name+"_"+suffix) == nil {
			return suffix
		}
	}
}

// ref is what names an instance in paths and bodies.
func (inst *instance) ref() string {
	if inst.suffix != "" {
		return inst.name()
	}
	return strconv.Itoa(inst.id)
}

// find is the instance of that name or number; nil if there is none.
func (set *scaleSet) find(ref string) *instance {
	if !set.isFlexible() {
		number, err := strconv.Atoi(ref)
		if err != nil {
			return nil
		}
		return set.instance(number)
	}
	for _, inst := range set.instances {
		if strings.EqualFold(inst.name(), ref) {
			return inst
		}
	}
	return nil
}

// isRef says whether something could name an instance, were there one.
func (set *scaleSet) isRef(ref string) bool {
	_, err := strconv.Atoi(ref)
	return err == nil || set.isFlexible()
}

// faultDomainCount is how many fault domains machines are spread over.
func (set *scaleSet) faultDomainCount() int {
	if n, given := intAt(set.doc, "properties", "platformFaultDomainCount"); given && n > 0 && set.isFlexible() {
		return n
	}
	return faultDomains
}

// machineID is the ARM id of the machine itself, beside the scale set.
func (inst *instance) machineID() string {
	return "/subscriptions/" + inst.set.subscription + "/resourceGroups/" + inst.set.group +
		"/providers/Microsoft.Compute/virtualMachines/" + inst.name()
}

// refuse refuses what there is for Uniform sets only.
func (set *scaleSet) refuse(what string) *armError {
	if !set.isFlexible() {
		return nil
	}
	return refuse(http.StatusConflict, "OperationNotAllowed",
		"Operation 'VirtualMachineScaleSets.%s.GET' is not allowed on Virtual Machine Scale Set '%s'.", what, set.name)
}
