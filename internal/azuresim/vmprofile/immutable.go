package vmprofile

import (
	"net/http"
	"reflect"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// checkFixed refuses changes of fields that cannot change after a scale set was made (docs/azure.md §1.3, §2.6), and of custom data where
// that is so (docs/azure.md §2.8).
func checkFixed(was *Existing, full tree.Object) *arm.Error {
	if was == nil {
		return nil
	}
	before, count := tree.At(was.Doc, "properties", "platformFaultDomainCount"), tree.At(full, "properties", "platformFaultDomainCount")
	if before != nil && !reflect.DeepEqual(before, count) {
		return changeNotAllowed("platformFaultDomainCount")
	}
	if single, given := tree.At(was.Doc, "properties", "singlePlacementGroup").(bool); given && !single && tree.BoolAt(full, "properties",
		"singlePlacementGroup") {
		return changeNotAllowed("singlePlacementGroup")
	}
	is := tree.At(full, "properties", "virtualMachineProfile", "osProfile", "customData")
	if was.Switches.CustomDataChange == "refuse" && !reflect.DeepEqual(is, tree.At(was.Model.Profile, "osProfile", "customData")) {
		return changeNotAllowed("customData")
	}
	return nil
}

func changeNotAllowed(property string) *arm.Error {
	return arm.Refuse(http.StatusConflict, "PropertyChangeNotAllowed", "Changing property '%s' is not allowed.", property).About(property)
}
