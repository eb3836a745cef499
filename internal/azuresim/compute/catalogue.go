package compute

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// What Azure offers: marketplace images, and sizes with what they can do. Of each image there is one version, the newest. Images that are
// not in the catalogue exist, too: models may refer to any.

type catalogue struct{ *vmss.Provider }

// marketplace lists some images as publisher:offer:sku.
var marketplace = []string{
	"Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2", "Canonical:UbuntuServer:18.04-LTS", "Canonical:ubuntu-24_04-lts:server",
	"Debian:debian-12:12-gen2", "MicrosoftWindowsServer:WindowsServer:2019-Datacenter",
	"MicrosoftWindowsServer:WindowsServer:2022-datacenter-g2",
}

const imagesPath = arm.ComputePath + "/locations/{location}/publishers"

func (s *catalogue) catalogueRoutes() []*arm.Route {
	const action = "Microsoft.Compute/locations/publishers/read"
	image := func(path, name string, handle func(*arm.Request) (*arm.Response, *arm.Error)) *arm.Route {
		return arm.NewRoute("GET", imagesPath+path, "Images."+name, action, ratelimit.Unlimited, handle)
	}
	const offers = "/{publisher}/artifacttypes/vmimage/offers"
	list := []*arm.Route{
		image("", "ListPublishers", s.listPart("")),
		image(offers, "ListOffers", s.listPart("/ArtifactTypes/VMImage/Offers")),
		image(offers+"/{offer}/skus", "ListSkus", s.listPart("/Skus")),
		image(offers+"/{offer}/skus/{sku}/versions", "ListVersions", s.listVersions),
		image(offers+"/{offer}/skus/{sku}/versions/{version}", "GetVersion", s.getVersion),
		arm.NewRoute("GET", arm.ComputePath+"/skus", "ResourceSkus.List", "Microsoft.Compute/skus/read", ratelimit.Unlimited, s.listSizes),
	}
	for _, r := range list {
		r.Foreign = true // with api-versions of their own
	}
	return list
}

// listPart lists the names that follow what the path names.
func (s *catalogue) listPart(below string) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		prefix := ""
		for _, name := range []string{"publisher", "offer"} {
			if part := r.Args[name]; part != "" {
				prefix += part + ":"
			}
		}
		list, seen := []tree.Members{}, map[string]bool{}
		for _, urn := range slices.Concat(marketplace, s.Published()) {
			rest, found := cutPrefixFold(urn, prefix)
			name, _, _ := strings.Cut(rest, ":")
			if key := strings.ToLower(name); found && !seen[key] {
				seen[key] = true
				list = append(list, imageBody(r, imageID(r)+below+"/"+name, name))
			}
		}
		slices.SortFunc(list, func(a, b tree.Members) int { return strings.Compare(a.Text(1), b.Text(1)) })
		return arm.Answer(http.StatusOK, list), nil
	}
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

// imageID is the id of what a path names, spelled as azure-cli-2025-02__test_vmss_run_command_v2:3 has it.
func imageID(r *arm.Request) string {
	id := "/Subscriptions/" + r.Args["sub"] + "/Providers/Microsoft.Compute/Locations/" + r.Args["location"] + "/Publishers"
	for _, part := range []struct{ name, above string }{{"publisher", ""}, {"offer", "/ArtifactTypes/VMImage/Offers"}, {"sku", "/Skus"}} {
		if r.Args[part.name] != "" {
			id += part.above + "/" + r.Args[part.name]
		}
	}
	return id
}

func imageBody(r *arm.Request, id, name string) tree.Members {
	return tree.Members{{"location", arm.NormalLocation(r.Args["location"])}, {"name", name}, {"id", id}}
}

func reference(r *arm.Request) tree.Object {
	return tree.Object{"publisher": r.Args["publisher"], "offer": r.Args["offer"], "sku": r.Args["sku"], "version": "latest"}
}

func (s *catalogue) listVersions(r *arm.Request) (*arm.Response, *arm.Error) {
	version := s.ExactVersion(reference(r))
	return arm.Answer(http.StatusOK, []tree.Members{imageBody(r, imageID(r)+"/Versions/"+version, version)}), nil
}

// getVersion describes an image (azure-cli-2025-02__test_vmss_run_command_v2:4, and of the second generation __test_vmss_trusted:2).
func (s *catalogue) getVersion(r *arm.Request) (*arm.Response, *arm.Error) {
	system, size := "Linux", 32213303808
	if strings.Contains(strings.ToLower(r.Args["publisher"]), "windows") {
		system, size = "Windows", 136367309312
	}
	generation, features := "V1", []tree.Members{{{"name", "IsAcceleratedNetworkSupported"}, {"value", "True"}}}
	if strings.Contains(strings.ToLower(r.Args["sku"]), "g2") || strings.Contains(strings.ToLower(r.Args["sku"]), "gen2") {
		generation = "V2"
		features = append([]tree.Members{{{"name", "SecurityType"}, {"value", "TrustedLaunchSupported"}}}, features...)
	}
	properties := tree.Members{
		{"hyperVGeneration", generation}, {"architecture", "x64"}, {"replicaType", "Unmanaged"},
		{"disallowed", tree.Members{{"vmDiskType", "None"}}},
		{"automaticOSUpgradeProperties", tree.Members{{"automaticOSUpgradeSupported", true}}},
		{"imageDeprecationStatus", tree.Members{{"imageState", "Active"}}},
		{"features", features},
		{"osDiskImage", tree.Members{{"operatingSystem", system}, {"sizeInBytes", size}}}, {"dataDiskImages", []any{}},
	}
	body := imageBody(r, imageID(r)+"/Versions/"+r.Args["version"], r.Args["version"])
	return arm.Answer(http.StatusOK, append(tree.Members{{"properties", properties}}, body...)), nil
}

// listSizes lists sizes of virtual machines and of scale sets in a region, with what they can do.
func (s *catalogue) listSizes(r *arm.Request) (*arm.Response, *arm.Error) {
	location := "eastus"
	if parts := strings.Split(r.QueryValue("$filter"), "'"); len(parts) == 3 {
		location = arm.NormalLocation(parts[1])
	}
	list := []tree.Members{}
	for _, kind := range []string{"virtualMachines", "virtualMachineScaleSets"} {
		for _, size := range skuNames {
			list = append(list, sizeBody(kind, size, location))
		}
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func sizeBody(kind, size, location string) tree.Members {
	capability := func(name, value string) tree.Members { return tree.Members{{"name", name}, {"value", value}} }
	zones := []string{"1", "2", "3"}
	return tree.Members{
		{"resourceType", kind}, {"name", size}, {"tier", "Standard"}, {"size", strings.TrimPrefix(size, "Standard_")},
		{"family", "standard" + strings.TrimPrefix(size, "Standard_") + "Family"}, {"locations", []string{location}},
		{"locationInfo", []tree.Members{{{"location", location}, {"zones", zones}, {"zoneDetails", []any{}}}}},
		{"capabilities", []tree.Members{
			capability("vCPUs", strconv.Itoa(vmss.CoresOf(size))), capability("HyperVGenerations", "V1,V2"), capability("PremiumIO", "True"),
			capability("AcceleratedNetworkingEnabled", "True"), capability("EphemeralOSDiskSupported", "True"),
			capability("CpuArchitectureType", "x64"), capability("LowPriorityCapable", "True"), capability("EncryptionAtHostSupported", "True"),
		}},
		{"restrictions", []any{}},
	}
}
