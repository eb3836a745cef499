package compute

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// managedImages are the images that the control endpoint registered below Microsoft.Compute/images.
type managedImages struct{ *vmss.Provider }

func (s *managedImages) imageRoutes() []*arm.Route {
	return []*arm.Route{arm.NewRoute("GET", arm.GroupPath+"/providers/microsoft.compute/images/{image}", "Images.Get",
		"Microsoft.Compute/images/read", ratelimit.Unlimited, s.getImage)}
}

// getImage describes an image as azure-cli-2025-02__test_vmss_update_image:20 does. Its system is known by its name.
func (s *managedImages) getImage(r *arm.Request) (*arm.Response, *arm.Error) {
	id := "/subscriptions/" + r.Args["sub"] + "/resourceGroups/" + r.Args["group"] + "/providers/Microsoft.Compute/images/" + r.Args["image"]
	image, registered := s.Images[strings.ToLower(id)]
	if !registered {
		return nil, arm.TypedNotFound("Microsoft.Compute/images", r.Args["image"], r.Args["group"])
	}
	system := "Linux"
	if strings.Contains(strings.ToLower(r.Args["image"]), "windows") {
		system = "Windows"
	}
	disk := tree.Members{{"osType", system}, {"osState", "Generalized"}, {"diskSizeGB", max(image.DiskSizeGB, 30)},
		{"caching", "ReadWrite"}, {"storageAccountType", "Premium_LRS"}}
	return arm.Answer(http.StatusOK, tree.Members{
		{"name", r.Args["image"]}, {"id", id}, {"type", "Microsoft.Compute/images"}, {"location", "eastus"}, {"tags", tree.Members{}},
		{"properties", tree.Members{
			{"storageProfile", tree.Members{{"osDisk", disk}, {"dataDisks", []any{}}}},
			{"provisioningState", "Succeeded"}, {"hyperVGeneration", cmp.Or(image.Generation, "V1")},
		}},
	}), nil
}
