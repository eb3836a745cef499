package vmprofile

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Shape says of what JSON type a body's parts must be, where they are there.
var Shape = []struct {
	Path []string
	is   func(any) bool
}{
	{[]string{"location"}, tree.IsString},
	{[]string{"tags"}, tree.IsObject},
	{[]string{"sku"}, tree.IsObject},
	{[]string{"sku", "name"}, tree.IsString},
	{[]string{"sku", "capacity"}, tree.IsNumber},
	{[]string{"zones"}, tree.IsStrings},
	{[]string{"properties"}, tree.IsObject},
	{[]string{"properties", "upgradePolicy"}, tree.IsObject},
	{[]string{"properties", "upgradePolicy", "mode"}, tree.IsString},
	{[]string{"properties", "overprovision"}, tree.IsBool},
	{[]string{"properties", "virtualMachineProfile"}, tree.IsObject},
	{[]string{"properties", "virtualMachineProfile", "osProfile"}, tree.IsObject},
	{[]string{"properties", "virtualMachineProfile", "storageProfile"}, tree.IsObject},
	{[]string{"properties", "virtualMachineProfile", "storageProfile", "imageReference"}, tree.IsObject},
	{[]string{"properties", "virtualMachineProfile", "storageProfile", "osDisk"}, tree.IsObject},
	{[]string{"properties", "virtualMachineProfile", "networkProfile"}, tree.IsObject},
	{[]string{"properties", "virtualMachineProfile", "networkProfile", "networkInterfaceConfigurations"}, tree.IsObjects},
	{[]string{"properties", "virtualMachineProfile", "extensionProfile"}, tree.IsObject},
	{[]string{"properties", "virtualMachineProfile", "extensionProfile", "extensions"}, tree.IsObjects},
}

// CheckShape refuses a body with a part of the wrong JSON type, or with a member that a scale set does not have.
func CheckShape(body tree.Object, raw []byte) *arm.Error {
	for _, part := range Shape {
		if v := tree.At(body, part.Path...); v != nil && !part.is(v) {
			return arm.InvalidContent(fmt.Errorf("error converting value at path '%s'", strings.Join(part.Path, ".")))
		}
	}
	if err := checkParts(body); err != nil {
		return err
	}
	return CheckMembers(body, raw)
}

// Existing is a scale set before it is written.
type Existing struct {
	Name, Group, Location string
	Doc                   tree.Object
	Model                 *Model
	Switches              *kernel.Switches
}

// Check refuses a scale set that is not valid; was is the existing one, nil for a new one.
func Check(was *Existing, full tree.Object) *arm.Error {
	for _, check := range []func(*Existing, tree.Object) *arm.Error{
		checkPlace, checkOrchestration, checkFixed, checkImageType, checkTrustedImage, checkSize, checkMode, checkExtensions,
		checkHealthSources, checkRepairs, checkGrace,
		checkRolling, checkFaultDomains, checkNotice, checkApplications,
	} {
		if err := check(was, full); err != nil {
			return err
		}
	}
	return nil
}

func checkPlace(was *Existing, full tree.Object) *arm.Error {
	location := tree.StringAt(full, "location")
	if err := arm.CheckLocation(location); err != nil {
		return err
	}
	if was != nil && arm.NormalLocation(location) != arm.NormalLocation(was.Location) {
		return arm.Refuse(http.StatusConflict, "InvalidResourceLocation",
			"The resource '%s' already exists in location '%s' in resource group '%s'. A resource with the same name cannot be created in "+
				"location '%s'. Please select a new resource name.", was.Name, was.Location, was.Group, location).FromGateway()
	}
	return nil
}

func checkSize(_ *Existing, full tree.Object) *arm.Error {
	if isGroup(full) {
		return checkGroup(full)
	}
	if tree.StringAt(full, "sku", "name") == "" {
		return arm.InvalidParameter("sku", "Required parameter 'sku' is missing (null).")
	}
	capacity, isWhole := tree.IntAt(full, "sku", "capacity")
	if !isWhole || capacity < 0 {
		return arm.InvalidParameter("sku.capacity", "The value '%v' of parameter 'sku.capacity' is invalid.", tree.At(full, "sku", "capacity"))
	}
	return nil
}

// checkGroup refuses a size in a set without a profile: such a set makes no instances.
func checkGroup(full tree.Object) *arm.Error {
	if tree.ObjectAt(full, "sku") != nil {
		return arm.InvalidParameter("virtualMachineProfile", "Required parameter 'virtualMachineProfile' is missing (null).")
	}
	return nil
}

func checkOrchestration(was *Existing, full tree.Object) *arm.Error {
	mode := tree.StringAt(full, "properties", "orchestrationMode")
	if was != nil && !strings.EqualFold(mode, tree.StringAt(was.Doc, "properties", "orchestrationMode")) {
		return changeNotAllowed("orchestrationMode")
	}
	if !strings.EqualFold(mode, Uniform) && !strings.EqualFold(mode, Flexible) {
		return arm.InvalidParameter("orchestrationMode", "The value '%s' of parameter 'orchestrationMode' is invalid.", mode)
	}
	return nil
}

func checkMode(_ *Existing, full tree.Object) *arm.Error {
	mode := tree.StringAt(full, "properties", "upgradePolicy", "mode")
	switch strings.ToLower(mode) {
	case "manual", "automatic":
		return nil
	case "rolling":
		if NewModel(tree.ObjectAt(full, "properties", "virtualMachineProfile"), "").Health == HealthNone {
			return arm.Refuse(http.StatusBadRequest, "BadRequest",
				"Rolling Upgrade mode is not supported for this Virtual Machine Scale Set because a health probe or health extension was not provided.")
		}
		return nil
	case "":
		if IsFlexible(full) {
			return nil
		}
		return arm.InvalidParameter("upgradePolicy", "Required parameter 'upgradePolicy' is missing (null).")
	}
	return arm.InvalidParameter("upgradePolicy.mode", "The value '%s' of parameter 'upgradePolicy.mode' is invalid.", mode)
}

func checkExtensions(_ *Existing, full tree.Object) *arm.Error {
	seen := map[string]bool{}
	for _, e := range tree.ArrayAt(full, "properties", "virtualMachineProfile", "extensionProfile", "extensions") {
		name := strings.ToLower(tree.StringAt(e, "name"))
		switch {
		case name == "":
			return arm.InvalidParameter("extensionProfile.extensions.name", "Required parameter 'name' is missing (null).")
		case seen[name]:
			return arm.InvalidParameter("extensionProfile.extensions", "There are multiple extensions with the name '%s'.", tree.StringAt(e, "name"))
		case tree.StringAt(e, "properties", "publisher") == "" || tree.StringAt(e, "properties", "type") == "":
			return arm.InvalidParameter("extensionProfile.extensions",
				"Required parameter 'publisher' or 'type' of extension '%s' is missing (null).",
				tree.StringAt(e, "name"))
		}
		seen[name] = true
	}
	return nil
}
