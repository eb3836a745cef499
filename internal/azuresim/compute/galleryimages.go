package compute

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// galleryImages are the versions in galleries that the control endpoint registered, and the definitions that they are of. No recording has
// them: bodies are as the examples of the API's specification show them (azure-rest-api-specs, GalleryRP 2024-03-03).
type galleryImages struct{ *vmss.Provider }

func (s *galleryImages) galleryRoutes() []*arm.Route {
	const path = arm.GroupPath + "/providers/microsoft.compute/galleries/{gallery}/images/{image}"
	const action = "Microsoft.Compute/galleries/images/"
	list := []*arm.Route{
		arm.NewRoute("GET", path, "GalleryImages.Get", action+"read", ratelimit.Unlimited, s.getDefinition),
		arm.NewRoute("GET", path+"/versions", "GalleryImageVersions.List", action+"versions/read", ratelimit.Unlimited, s.listVersions),
		arm.NewRoute("GET", path+"/versions/{version}", "GalleryImageVersions.Get", action+"versions/read", ratelimit.Unlimited, s.getVersion),
	}
	for _, r := range list {
		r.Foreign = true // with api-versions of their own
	}
	return list
}

// definitionID is the id of the definition that a path names.
func definitionID(r *arm.Request) string {
	return "/subscriptions/" + r.Args["sub"] + "/resourceGroups/" + r.Args["group"] + "/providers/Microsoft.Compute/galleries/" +
		r.Args["gallery"] + "/images/" + r.Args["image"]
}

// versionsOf are the registered versions of the definition that a path names, by name.
func (s *galleryImages) versionsOf(r *arm.Request) map[string]guest.Image {
	prefix, versions := strings.ToLower(definitionID(r))+"/versions/", map[string]guest.Image{}
	for id, image := range s.Images {
		if version, is := strings.CutPrefix(id, prefix); is {
			versions[version] = image
		}
	}
	return versions
}

// getDefinition describes a definition by its newest version: all versions of one are of one generation.
func (s *galleryImages) getDefinition(r *arm.Request) (*arm.Response, *arm.Error) {
	versions := s.versionsOf(r)
	if len(versions) == 0 {
		return nil, arm.TypedNotFound("Microsoft.Compute/galleries/"+r.Args["gallery"]+"/images", r.Args["image"], r.Args["group"])
	}
	image := versions[slices.Max(slices.Collect(maps.Keys(versions)))]
	properties := tree.Members{
		{"osType", "Linux"}, {"osState", "Generalized"}, {"hyperVGeneration", cmp.Or(image.Generation, "V1")},
		{"identifier", tree.Members{{"publisher", "shop"}, {"offer", r.Args["gallery"]}, {"sku", r.Args["image"]}}},
	}
	if image.Security != "" {
		properties = append(properties, tree.Member{"features", []tree.Members{{{"name", "SecurityType"}, {"value", image.Security}}}})
	}
	properties = append(properties, tree.Member{"provisioningState", "Succeeded"})
	return arm.Answer(http.StatusOK, tree.Members{
		{"name", r.Args["image"]}, {"id", definitionID(r)}, {"type", "Microsoft.Compute/galleries/images"}, {"location", "eastus"},
		{"properties", properties},
	}), nil
}

func (s *galleryImages) listVersions(r *arm.Request) (*arm.Response, *arm.Error) {
	versions, list := s.versionsOf(r), []tree.Members{}
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		list = append(list, s.versionBody(r, name, versions[name]))
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func (s *galleryImages) getVersion(r *arm.Request) (*arm.Response, *arm.Error) {
	image, registered := s.versionsOf(r)[strings.ToLower(r.Args["version"])]
	if !registered {
		return nil, arm.TypedNotFound("Microsoft.Compute/galleries/"+r.Args["gallery"]+"/images/"+r.Args["image"]+"/versions",
			r.Args["version"], r.Args["group"])
	}
	return arm.Answer(http.StatusOK, s.versionBody(r, r.Args["version"], image)), nil
}

// regionsOf are the regions of a version: those that it was registered with, or else every one that has a scale set.
func (s *galleryImages) regionsOf(image guest.Image) []string {
	if image.Regions != nil {
		return image.Regions
	}
	regions := []string{"eastus"}
	for _, set := range s.Sets {
		regions = append(regions, arm.NormalLocation(set.Location))
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

func (s *galleryImages) versionBody(r *arm.Request, name string, image guest.Image) tree.Members {
	targets := []tree.Members{}
	for _, region := range s.regionsOf(image) {
		targets = append(targets, tree.Members{{"name", region}, {"regionalReplicaCount", 1}, {"storageAccountType", "Standard_LRS"}})
	}
	return tree.Members{
		{"name", name}, {"id", definitionID(r) + "/versions/" + name}, {"type", "Microsoft.Compute/galleries/images/versions"},
		{"location", "eastus"},
		{"properties", tree.Members{
			{"publishingProfile", tree.Members{{"targetRegions", targets}, {"replicaCount", 1}, {"excludeFromLatest", false}}},
			{"storageProfile", tree.Members{{"osDiskImage", tree.Members{{"sizeInGB", max(image.DiskSizeGB, 30)}, {"hostCaching", "ReadOnly"}}}}},
			{"provisioningState", "Succeeded"},
		}},
	}
}
