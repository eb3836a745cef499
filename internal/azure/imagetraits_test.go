package azure

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestImageTraits: what each kind of image tells of itself, and where it is asked.
func TestImageTraits(t *testing.T) {
	const (
		subscription = "/subscriptions/00000000-0000-0000-0000-000000000001/"
		shared       = subscription + "providers/Microsoft.Compute/locations/westus/"
		group        = "/subscriptions/s9/resourceGroups/img/providers/Microsoft.Compute/"
		features     = `"features":[{"name":"IsAcceleratedNetworkSupported","value":"True"},{"name":"SecurityType","value":"TrustedLaunch"}]`
		networking   = `"features":[{"name":"IsAcceleratedNetworkSupported","value":"True"}]`
		regions      = `"publishingProfile":{"targetRegions":[{"name":"West US"},null,{"name":"East US"}]}`
	)
	definition := rollout.ImageTraits{Generation: "V2", Security: "TrustedLaunch"}
	replicated := rollout.ImageTraits{Generation: "V2", Security: "TrustedLaunch", Regions: []string{"West US", "East US"}}
	market := rollout.Image{Publisher: "p", Offer: "o", SKU: "s", Version: "1.0.0"}
	for name, row := range map[string]struct {
		image  rollout.Image
		bodies map[string]string // properties by path
		want   rollout.ImageTraits
	}{
		"a marketplace image": {market, map[string]string{offered + "/1.0.0": `"hyperVGeneration":"V2",` + features}, definition},
		"one without security": {market, map[string]string{offered + "/1.0.0": `"hyperVGeneration":"V1",` + networking},
			rollout.ImageTraits{Generation: "V1", Security: rollout.SecurityNone}},
		"one that shows nothing": {market, map[string]string{offered + "/1.0.0": ``}, rollout.ImageTraits{}},
		"a version in a gallery": {rollout.Image{ID: group + "galleries/shop/images/web/versions/2.0.0"}, map[string]string{
			group + "galleries/shop/images/web/versions/2.0.0": regions,
			group + "galleries/shop/images/web":                `"hyperVGeneration":"V2",` + features,
		}, replicated},
		"a managed image": {rollout.Image{ID: group + "images/web"}, map[string]string{group + "images/web": `"hyperVGeneration":"V1"`},
			rollout.ImageTraits{Generation: "V1", Security: rollout.SecurityNone, Regions: []string{"eastus"}}},
		"a shared gallery": {rollout.Image{SharedGalleryID: "/SharedGalleries/them/Images/web/Versions/1.0.0"},
			map[string]string{shared + "sharedGalleries/them/images/web": `"hyperVGeneration":"V2",` + features}, definition},
		"a community gallery": {rollout.Image{CommunityGalleryID: "/CommunityGalleries/all/Images/web/Versions/1.0.0"},
			map[string]string{shared + "communityGalleries/all/images/web": `"hyperVGeneration":"V2"`},
			rollout.ImageTraits{Generation: "V2", Security: rollout.SecurityNone}},
	} {
		f := newFakeARM(t, func(w http.ResponseWriter, r *http.Request) {
			body, known := row.bodies[r.URL.Path]
			if !known {
				t.Errorf("%s: asked %s", name, r.URL.Path)
			}
			answering(http.StatusOK, `{"location":"eastus","properties":{`+body+`}}`)(w, r)
		})
		got, err := f.adapter.ImageTraits(t.Context(), web, row.image, "westus")
		if diff := cmp.Diff(row.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		if len(f.requests) != len(row.bodies) {
			t.Errorf("%s: %d requests, want %d", name, len(f.requests), len(row.bodies))
		}
	}
}

// TestImageTraitsAreRefused: what cannot be an image is not asked for, and every refusal of Azure has its kind.
func TestImageTraitsAreRefused(t *testing.T) {
	f := newFakeARM(t, answering(http.StatusOK, `{}`))
	for _, image := range []rollout.Image{
		{}, {ID: "/images/web"}, {ID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/web"}, {SharedGalleryID: "/x"},
		{CommunityGalleryID: "/CommunityGalleries/../Images/web/Versions/1"}, {Publisher: "p", Offer: "o?x", SKU: "s", Version: "1"},
		{ID: definition + "/versions/.."}, {ID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/%2e%2e"},
	} {
		if _, err := f.adapter.ImageTraits(t.Context(), web, image, "westus"); problemOf(t, err).Kind != rollout.KindInvalid {
			t.Errorf("%+v: %v", image, err)
		}
	}
	market := rollout.Image{Publisher: "p", Offer: "o", SKU: "s", Version: "1.0.0"}
	if _, err := f.adapter.ImageTraits(t.Context(), web, market, ""); problemOf(t, err).Kind != rollout.KindInvalid {
		t.Errorf("without a region: %v", err)
	}
	if len(f.requests) > 0 {
		t.Errorf("sent %v", f.requests)
	}
	kinds := []rollout.Image{market, {ID: definition + "/versions/1.0.0"}, {ID: strings.Split(definition, "galleries")[0] + "images/web"},
		{SharedGalleryID: "/SharedGalleries/them/Images/web/Versions/1.0.0"}, {CommunityGalleryID: "/CommunityGalleries/a/Images/w/Versions/1"}}
	for _, image := range kinds {
		f := newFakeARM(t, answering(http.StatusForbidden, `{"error":{"code":"AuthorizationFailed","message":"no role"}}`))
		_, err := f.adapter.ImageTraits(t.Context(), web, image, "westus")
		if p := problemOf(t, err); p.Kind != rollout.KindForbidden || !strings.Contains(p.Message, "reading image "+image.String()) {
			t.Errorf("%s: %v", image, err)
		}
	}
	isVersion := func(r *http.Request) bool { return slices.Contains(strings.Split(r.URL.Path, "/"), "versions") }
	half := newFakeARM(t, func(w http.ResponseWriter, r *http.Request) {
		if isVersion(r) {
			answering(http.StatusOK, `{}`)(w, r)
			return
		}
		answering(http.StatusTooManyRequests, `{"error":{"code":"TooManyRequests","message":"slow down"}}`)(w, r)
	})
	if _, err := half.adapter.ImageTraits(t.Context(), web, kinds[1], "westus"); problemOf(t, err).Kind != rollout.KindThrottled {
		t.Errorf("the definition: %v", err)
	}
}
