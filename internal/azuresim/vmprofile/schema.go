package vmprofile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// PartShapes say of what JSON type further parts of a scale set's body must be, where they are there; [] is each element of an array.
var PartShapes = map[string]func(any) bool{
	"identity":                                       tree.IsObject,
	"identity.type":                                  tree.IsString,
	"identity.userAssignedIdentities":                tree.IsObject,
	"plan":                                           tree.IsObject,
	"sku.tier":                                       tree.IsString,
	"tags.*":                                         tree.IsString,
	"properties.singlePlacementGroup":                tree.IsBool,
	"properties.orchestrationMode":                   tree.IsString,
	"properties.platformFaultDomainCount":            tree.IsNumber,
	"properties.automaticRepairsPolicy":              tree.IsObject,
	"properties.automaticRepairsPolicy.enabled":      tree.IsBool,
	"properties.automaticRepairsPolicy.gracePeriod":  tree.IsString,
	"properties.automaticRepairsPolicy.repairAction": tree.IsString,
	"properties.scaleInPolicy":                       tree.IsObject,
	"properties.scaleInPolicy.rules":                 tree.IsStrings,
	"properties.upgradePolicy.*Policy":               tree.IsObject,
	"properties.virtualMachineProfile.userData":      tree.IsString,

	"properties.virtualMachineProfile.licenseType":                                                 tree.IsString,
	"properties.virtualMachineProfile.scheduledEventsProfile":                                      tree.IsObject,
	"properties.virtualMachineProfile.scheduledEventsProfile.*":                                    tree.IsObject,
	"properties.virtualMachineProfile.osProfile.computerNamePrefix":                                tree.IsString,
	"properties.virtualMachineProfile.osProfile.adminUsername":                                     tree.IsString,
	"properties.virtualMachineProfile.osProfile.adminPassword":                                     tree.IsString,
	"properties.virtualMachineProfile.osProfile.customData":                                        tree.IsString,
	"properties.virtualMachineProfile.osProfile.*Configuration":                                    tree.IsObject,
	"properties.virtualMachineProfile.storageProfile.imageReference.*":                             tree.IsString,
	"properties.virtualMachineProfile.storageProfile.osDisk.managedDisk":                           tree.IsObject,
	"properties.virtualMachineProfile.storageProfile.dataDisks":                                    tree.IsObjects,
	"properties.virtualMachineProfile.storageProfile.dataDisks[].lun":                              tree.IsNumber,
	"properties.virtualMachineProfile.storageProfile.dataDisks[].managedDisk":                      tree.IsObject,
	"properties.virtualMachineProfile.networkProfile.healthProbe":                                  tree.IsObject,
	"properties.virtualMachineProfile.networkProfile.healthProbe.id":                               tree.IsString,
	"properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].name":        tree.IsString,
	"properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties":  tree.IsObject,
	"properties.virtualMachineProfile.extensionProfile.extensions[].name":                          tree.IsString,
	"properties.virtualMachineProfile.extensionProfile.extensions[].properties":                    tree.IsObject,
	"properties.virtualMachineProfile.extensionProfile.extensions[].properties.publisher":          tree.IsString,
	"properties.virtualMachineProfile.extensionProfile.extensions[].properties.type":               tree.IsString,
	"properties.virtualMachineProfile.extensionProfile.extensions[].properties.typeHandlerVersion": tree.IsString,
	"properties.virtualMachineProfile.extensionProfile.extensions[].properties.forceUpdateTag":     tree.IsString,
}

// checkParts refuses a body with a part of the wrong type; the same one each time.
func checkParts(body tree.Object) *arm.Error {
	for _, path := range slices.Sorted(maps.Keys(PartShapes)) {
		if !everywhere(body, strings.Split(path, "."), PartShapes[path]) {
			return arm.InvalidContent(fmt.Errorf("error converting value at path '%s'", path))
		}
	}
	return nil
}

// everywhere reports whether a condition holds for all values to which a path leads. A * in it is any name that ends in what follows it.
// The path ends at a value that is missing, null, or of a type that a shorter path must have refused; there the condition need not hold.
func everywhere(part any, path []string, holds func(any) bool) bool {
	if part == nil {
		return true
	}
	if len(path) == 0 {
		return holds(part)
	}
	o, isObject := part.(tree.Object)
	if !isObject {
		return true
	}
	name, isEach := strings.CutSuffix(path[0], "[]")
	for _, value := range membersNamed(o, name) {
		if !isEach {
			if !everywhere(value, path[1:], holds) {
				return false
			}
			continue
		}
		list, _ := value.([]any)
		if slices.ContainsFunc(list, func(e any) bool { return !everywhere(e, path[1:], holds) }) {
			return false
		}
	}
	return true
}

// membersNamed are the members of an object that a name of a path means.
func membersNamed(o tree.Object, name string) []any {
	end, isAny := strings.CutPrefix(name, "*")
	if !isAny {
		return []any{o[name]}
	}
	var out []any
	for member, value := range o {
		if strings.HasSuffix(member, end) {
			out = append(out, value)
		}
	}
	return out
}
