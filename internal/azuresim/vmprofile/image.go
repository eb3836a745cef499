package vmprofile

import (
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// checkTrustedImage refuses a managed image for a trusted launch (azure-cli-2025-02__test_vmss_update_image:28).
func checkTrustedImage(_ *Existing, full tree.Object) *arm.Error {
	profile := tree.ObjectAt(full, "properties", "virtualMachineProfile")
	if tree.StringAt(profile, "securityProfile", "securityType") != "TrustedLaunch" || !isManaged(tree.ObjectAt(profile, "storageProfile",
		"imageReference")) {
		return nil
	}
	return arm.Refuse(http.StatusBadRequest, "BadRequest",
		"Managed Images are not supported for virtual machines with security type TrustedLaunch.")
}

// Generation is the generation of hardware that a model's image is for: the names of the second one's images tell, and a trusted launch
// needs it (azure-cli-2025-02__test_vmss_disk_encryption_e2e:20).
func (m *Model) Generation() string {
	sku := strings.ToLower(tree.StringAt(m.Image(), "sku"))
	if strings.HasSuffix(sku, "-g2") || strings.Contains(sku, "gen2") || tree.StringAt(m.Profile, "securityProfile", "securityType") != "" {
		return "V2"
	}
	return "V1"
}

// isManaged reports whether an image is a managed one, not one of a gallery or the marketplace.
func isManaged(image tree.Object) bool {
	return strings.Contains(strings.ToLower(tree.StringAt(image, "id")), "/providers/microsoft.compute/images/")
}

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
