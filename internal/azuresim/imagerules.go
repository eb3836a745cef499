package azuresim

import (
	"net/http"
)

// checkImageType refuses an image of another type where that is so (azure-facts §8; azure-docs#92371).
func checkImageType(set *scaleSet, full object) *armError {
	if set == nil || set.server.switches.ImageTypeChange != "refuse" {
		return nil
	}
	image := objectAt(full, "properties", "virtualMachineProfile", "storageProfile", "imageReference")
	if (stringAt(image, "id") == "") == (stringAt(set.model.image(), "id") == "") {
		return nil
	}
	return refuse(http.StatusConflict, "OperationNotAllowed", "The Image type for a Virtual Machine Scale Set may not be changed.")
}
