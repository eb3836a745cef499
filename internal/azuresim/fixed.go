package azuresim

import (
	"net/http"
	"reflect"
)

// checkFixed refuses changes of what is settled when a scale set is made
// (azure-facts §1.3, §2.6), and of custom data where that is so (azure-facts §2.8).
func checkFixed(set *scaleSet, full object) *armError {
	if set == nil {
		return nil
	}
	for _, name := range []string{"platformFaultDomainCount", "zoneBalance"} {
		was, is := at(set.doc, "properties", name), at(full, "properties", name)
		if was != nil && !reflect.DeepEqual(was, is) {
			return changeNotAllowed(name)
		}
	}
	if single, given := at(set.doc, "properties", "singlePlacementGroup").(bool); given && !single && boolAt(full, "properties", "singlePlacementGroup") {
		return changeNotAllowed("singlePlacementGroup")
	}
	is := at(full, "properties", "virtualMachineProfile", "osProfile", "customData")
	if set.server.switches.CustomDataChange == "refuse" && !reflect.DeepEqual(is, at(set.model.profile, "osProfile", "customData")) {
		return changeNotAllowed("customData")
	}
	return nil
}

func changeNotAllowed(property string) *armError {
	return refuse(http.StatusConflict, "PropertyChangeNotAllowed", "Changing property '%s' is not allowed.", property).about(property)
}
