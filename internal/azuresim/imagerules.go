package azuresim

import (
	"net/http"
	"strings"
)

// checkDisk refuses an image that has no room on the model's disk (azure-facts §8; terraform-provider-azurerm#20224). A write of
// the image alone meets it, since the disk keeps the size that the first image gave it.
func (s *Server) checkDisk(storage object) *armError {
	image, registered := s.images[strings.ToLower(stringAt(storage, "imageReference", "id"))]
	size, told := intAt(storage, "osDisk", "diskSizeGB")
	if !registered || !told || size >= image.DiskSizeGB {
		return nil
	}
	return refuse(http.StatusConflict, "OperationNotAllowed",
		"The specified disk size %d GB is smaller than the size of the corresponding disk in the VM image: %d GB. This is not allowed. "+
			"Please choose equal or greater size or do not specify an explicit size.", size, image.DiskSizeGB).about("osDisk.diskSizeGB")
}

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
