package azure_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestContractLatest: the version that latest stands for is the one that a new disk would get, in the region that the model shows.
func TestContractLatest(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.control(http.MethodPut, "/images", map[string]any{
			"marketplace": "Canonical:ubuntu-24_04-lts:server", "version": "24.04.202612010"}, nil)
		m, err := w.Model(t.Context(), shop)
		if err != nil || m.Location == "" {
			t.Fatalf("region %q: %v", m.Location, err)
		}
		image := rollout.Image{Publisher: "Canonical", Offer: "ubuntu-24_04-lts", SKU: "server", Version: "latest"}
		got, err := w.ResolveImage(t.Context(), shop, image, m.Location)
		if image.Version = "24.04.202612010"; err != nil || got != image {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// TestContractImageTraits: the simulator shows of an image what it compares a write with.
func TestContractImageTraits(t *testing.T) {
	const inGallery = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/img/providers/Microsoft.Compute/galleries/shop/" +
		"images/web/versions/"
	inWorlds(t, func(t *testing.T, w *world) {
		register := func(id string, members map[string]any) {
			members["id"] = id
			w.control(http.MethodPut, "/images", members, nil)
		}
		register(inGallery+"1.0.0", map[string]any{"hyperVGeneration": "V2", "securityType": "TrustedLaunchSupported"})
		register(inGallery+"2.0.0", map[string]any{"hyperVGeneration": "V2", "securityType": "TrustedLaunchSupported",
			"regions": []string{"West Europe"}})
		register(image2, map[string]any{"hyperVGeneration": "V2"})
		gallery := rollout.ImageTraits{Generation: "V2", Security: "TrustedLaunchSupported", Regions: []string{"eastus"}}
		elsewhere := gallery
		elsewhere.Regions = []string{"West Europe"}
		managed := rollout.ImageTraits{Generation: "V2", Security: rollout.SecurityNone, Regions: []string{"eastus"}}
		for _, row := range []struct {
			image rollout.Image
			want  rollout.ImageTraits
		}{
			{rollout.Image{ID: inGallery + "1.0.0"}, gallery}, {rollout.Image{ID: inGallery + "2.0.0"}, elsewhere},
			{rollout.Image{ID: image2}, managed},
			{rollout.Image{Publisher: "Debian", Offer: "debian-12", SKU: "12-gen2", Version: "0.2"},
				rollout.ImageTraits{Generation: "V2", Security: "TrustedLaunchSupported"}},
		} {
			got, err := w.ImageTraits(t.Context(), shop, row.image, "eastus")
			if diff := cmp.Diff(row.want, got); err != nil || diff != "" {
				t.Errorf("%s: %v %s", row.image, err, diff)
			}
		}
		newest, err := w.ResolveImage(t.Context(), shop, rollout.Image{ID: inGallery + "latest"}, "eastus")
		if err != nil || newest.ID != inGallery+"1.0.0" {
			t.Errorf("the newest version in eastus is %+v, %v", newest, err)
		}
		_, err = w.WriteImage(t.Context(), shop, rollout.WriteImage{Image: rollout.Image{ID: inGallery + "2.0.0"}})
		if p := problem(t, err); p.Code != "GalleryImageNotFound" {
			t.Errorf("a version that is elsewhere: %v", err)
		}
	})
}
