package vmprofile

import (
	"net/http"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// checkImageType refuses an image of another type where that is so (docs/azure.md §8; azure-docs#92371).
func checkImageType(was *Existing, full tree.Object) *arm.Error {
	if was == nil || was.Switches.ImageTypeChange != "refuse" {
		return nil
	}
	image := tree.ObjectAt(full, "properties", "virtualMachineProfile", "storageProfile", "imageReference")
	if (tree.StringAt(image, "id") == "") == (tree.StringAt(was.Model.Image(), "id") == "") {
		return nil
	}
	return arm.Refuse(http.StatusConflict, "OperationNotAllowed", "The Image type for a Virtual Machine Scale Set may not be changed.")
}
