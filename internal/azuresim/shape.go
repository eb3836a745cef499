package azuresim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// partShapes say of what JSON type further parts of a scale set's body must be, where they are there; [] is each element of an array.
var partShapes = map[string]func(any) bool{
	"identity":                                       isObject,
	"identity.type":                                  isString,
	"identity.userAssignedIdentities":                isObject,
	"plan":                                           isObject,
	"sku.tier":                                       isString,
	"tags.*":                                         isString,
	"properties.singlePlacementGroup":                isBool,
	"properties.orchestrationMode":                   isString,
	"properties.platformFaultDomainCount":            isNumber,
	"properties.automaticRepairsPolicy":              isObject,
	"properties.automaticRepairsPolicy.enabled":      isBool,
	"properties.automaticRepairsPolicy.gracePeriod":  isString,
	"properties.automaticRepairsPolicy.repairAction": isString,
	"properties.scaleInPolicy":                       isObject,
	"properties.scaleInPolicy.rules":                 isStrings,
	"properties.upgradePolicy.*Policy":               isObject,
	"properties.virtualMachineProfile.userData":      isString,

	"properties.virtualMachineProfile.licenseType":                                                 isString,
	"properties.virtualMachineProfile.scheduledEventsProfile":                                      isObject,
	"properties.virtualMachineProfile.scheduledEventsProfile.*":                                    isObject,
	"properties.virtualMachineProfile.osProfile.computerNamePrefix":                                isString,
	"properties.virtualMachineProfile.osProfile.adminUsername":                                     isString,
	"properties.virtualMachineProfile.osProfile.adminPassword":                                     isString,
	"properties.virtualMachineProfile.osProfile.customData":                                        isString,
	"properties.virtualMachineProfile.osProfile.*Configuration":                                    isObject,
	"properties.virtualMachineProfile.storageProfile.imageReference.*":                             isString,
	"properties.virtualMachineProfile.storageProfile.osDisk.managedDisk":                           isObject,
	"properties.virtualMachineProfile.storageProfile.dataDisks":                                    isObjects,
	"properties.virtualMachineProfile.storageProfile.dataDisks[].lun":                              isNumber,
	"properties.virtualMachineProfile.storageProfile.dataDisks[].managedDisk":                      isObject,
	"properties.virtualMachineProfile.networkProfile.healthProbe":                                  isObject,
	"properties.virtualMachineProfile.networkProfile.healthProbe.id":                               isString,
	"properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].name":        isString,
	"properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties":  isObject,
	"properties.virtualMachineProfile.extensionProfile.extensions[].name":                          isString,
	"properties.virtualMachineProfile.extensionProfile.extensions[].properties":                    isObject,
	"properties.virtualMachineProfile.extensionProfile.extensions[].properties.publisher":          isString,
	"properties.virtualMachineProfile.extensionProfile.extensions[].properties.type":               isString,
	"properties.virtualMachineProfile.extensionProfile.extensions[].properties.typeHandlerVersion": isString,
	"properties.virtualMachineProfile.extensionProfile.extensions[].properties.forceUpdateTag":     isString,
}

// checkParts refuses a body with a part of the wrong type; the same one each time.
func checkParts(body object) *armError {
	for _, path := range slices.Sorted(maps.Keys(partShapes)) {
		if !everywhere(body, strings.Split(path, "."), partShapes[path]) {
			return invalidContent(fmt.Errorf("error converting value at path '%s'", path))
		}
	}
	return nil
}

// everywhere says whether something holds wherever a path leads; a * in it is any name that ends in what follows it. What is not
// there, or null, or of a type that a shorter path must have refused, leads nowhere.
func everywhere(tree any, path []string, holds func(any) bool) bool {
	if tree == nil {
		return true
	}
	if len(path) == 0 {
		return holds(tree)
	}
	o, isObject := tree.(object)
	if !isObject {
		return true
	}
	name, isEach := strings.CutSuffix(path[0], "[]")
	for _, value := range named(o, name) {
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

// named are the members of an object that a name of a path means.
func named(o object, name string) []any {
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
