package azuresim

import (
	"fmt"
	"net/http"
	"strings"
)

// shape says of what JSON type a body's parts must be, where they are there.
var shape = []struct {
	path []string
	is   func(any) bool
}{
	{[]string{"location"}, isString},
	{[]string{"tags"}, isObject},
	{[]string{"sku"}, isObject},
	{[]string{"sku", "name"}, isString},
	{[]string{"sku", "capacity"}, isNumber},
	{[]string{"zones"}, isStrings},
	{[]string{"properties"}, isObject},
	{[]string{"properties", "upgradePolicy"}, isObject},
	{[]string{"properties", "upgradePolicy", "mode"}, isString},
	{[]string{"properties", "overprovision"}, isBool},
	{[]string{"properties", "virtualMachineProfile"}, isObject},
	{[]string{"properties", "virtualMachineProfile", "osProfile"}, isObject},
	{[]string{"properties", "virtualMachineProfile", "storageProfile"}, isObject},
	{[]string{"properties", "virtualMachineProfile", "storageProfile", "imageReference"}, isObject},
	{[]string{"properties", "virtualMachineProfile", "storageProfile", "osDisk"}, isObject},
	{[]string{"properties", "virtualMachineProfile", "networkProfile"}, isObject},
	{[]string{"properties", "virtualMachineProfile", "networkProfile", "networkInterfaceConfigurations"}, isObjects},
	{[]string{"properties", "virtualMachineProfile", "extensionProfile"}, isObject},
	{[]string{"properties", "virtualMachineProfile", "extensionProfile", "extensions"}, isObjects},
}

func checkShape(body object) *armError {
	for _, part := range shape {
		if v := at(body, part.path...); v != nil && !part.is(v) {
			return invalidContent(fmt.Errorf("error converting value at path '%s'", strings.Join(part.path, ".")))
		}
	}
	return checkParts(body)
}

func checkPlace(set *scaleSet, full object) *armError {
	location := stringAt(full, "location")
	if err := checkLocation(location); err != nil {
		return err
	}
	if set != nil && normalLocation(location) != normalLocation(set.location) {
		return refuse(http.StatusConflict, "InvalidResourceLocation",
			"The resource '%s' already exists in location '%s' in resource group '%s'. A resource with the same name cannot be created in "+
				"location '%s'. Please select a new resource name.", set.name, set.location, set.group, location).fromGateway()
	}
	return nil
}

func normalLocation(l string) string { return strings.ToLower(strings.ReplaceAll(l, " ", "")) }

func checkSize(_ *scaleSet, full object) *armError {
	if isGroup(full) {
		return checkGroup(full)
	}
	if stringAt(full, "sku", "name") == "" {
		return invalidParameter("sku", "Required parameter 'sku' is missing (null).")
	}
	capacity, isWhole := intAt(full, "sku", "capacity")
	if !isWhole || capacity < 0 {
		return invalidParameter("sku.capacity", "The value '%v' of parameter 'sku.capacity' is invalid.", at(full, "sku", "capacity"))
	}
	return nil
}

// checkGroup: what makes no machines has no size either.
func checkGroup(full object) *armError {
	if objectAt(full, "sku") != nil {
		return invalidParameter("virtualMachineProfile", "Required parameter 'virtualMachineProfile' is missing (null).")
	}
	return nil
}

func checkOrchestration(set *scaleSet, full object) *armError {
	mode := stringAt(full, "properties", "orchestrationMode")
	if set != nil && !strings.EqualFold(mode, stringAt(set.doc, "properties", "orchestrationMode")) {
		return changeNotAllowed("orchestrationMode")
	}
	if !strings.EqualFold(mode, uniform) && !strings.EqualFold(mode, flexible) {
		return invalidParameter("orchestrationMode", "The value '%s' of parameter 'orchestrationMode' is invalid.", mode)
	}
	return nil
}

func checkMode(_ *scaleSet, full object) *armError {
	mode := stringAt(full, "properties", "upgradePolicy", "mode")
	switch strings.ToLower(mode) {
	case "manual", "automatic":
		return nil
	case "rolling":
		if newModel(objectAt(full, "properties", "virtualMachineProfile"), "").health == healthNone {
			return refuse(http.StatusBadRequest, "BadRequest",
				"Rolling Upgrade mode is not supported for this Virtual Machine Scale Set because a health probe or health extension was not provided.")
		}
		return nil
	case "":
		if isFlexible(full) {
			return nil
		}
		return invalidParameter("upgradePolicy", "Required parameter 'upgradePolicy' is missing (null).")
	}
	return invalidParameter("upgradePolicy.mode", "The value '%s' of parameter 'upgradePolicy.mode' is invalid.", mode)
}

func checkExtensions(_ *scaleSet, full object) *armError {
	seen := map[string]bool{}
	for _, e := range arrayAt(full, "properties", "virtualMachineProfile", "extensionProfile", "extensions") {
		name := strings.ToLower(stringAt(e, "name"))
		switch {
		case name == "":
			return invalidParameter("extensionProfile.extensions.name", "Required parameter 'name' is missing (null).")
		case seen[name]:
			return invalidParameter("extensionProfile.extensions", "There are multiple extensions with the name '%s'.", stringAt(e, "name"))
		case stringAt(e, "properties", "publisher") == "" || stringAt(e, "properties", "type") == "":
			return invalidParameter("extensionProfile.extensions", "Required parameter 'publisher' or 'type' of extension '%s' is missing (null).",
				stringAt(e, "name"))
		}
		seen[name] = true
	}
	return nil
}
