package azure

import (
	stdcmp "cmp"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	offered = "/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Compute/locations/westus/publishers/p/" +
		"artifacttypes/vmimage/offers/o/skus/s/versions"
	definition = "/subscriptions/00000000-0000-0000-0000-000000000009/resourceGroups/img/providers/Microsoft.Compute/galleries/shop/" +
		"images/web"
)

// galleryVersion is a version of a definition, as Azure lists it.
func galleryVersion(name, state, profile string) string {
	return `{"name":"` + name + `","properties":{"provisioningState":"` + state + `","publishingProfile":{` + profile + `}}}`
}

// TestNewestVersion: the newest version counts by its numbers. Of a gallery only versions count that Azure would take in the region.
func TestNewestVersion(t *testing.T) {
	here, there := `"targetRegions":[{"name":"East US"},{"name":"West US"}]`, `"targetRegions":[{"name":"East US"}]`
	market := rollout.Image{Publisher: "p", Offer: "o", SKU: "s", Version: "latest"}
	for name, row := range map[string]struct {
		image rollout.Image
		path  string
		body  string
		want  rollout.Image
		says  []string
	}{
		"a marketplace image": {market, offered, `[{"name":"1.9.0"},{"name":"1.10.0"},{"name":"1.2.30"}]`,
			rollout.Image{Publisher: "p", Offer: "o", SKU: "s", Version: "1.10.0"}, nil},
		"one without versions": {market, offered, `[]`, rollout.Image{},
			[]string{"none that counts as latest in westus", "az vm image list --all --location westus --publisher p --offer o --sku s"}},
		"a definition": {rollout.Image{ID: definition}, definition + "/versions", `{"value":[` + strings.Join([]string{
			galleryVersion("1.9.0", "Succeeded", here), galleryVersion("1.10.0", "Succeeded", here), galleryVersion("1.11.0", "Succeeded", there),
			galleryVersion("1.12.0", "Creating", here), galleryVersion("1.13.0", "Succeeded", here+`,"excludeFromLatest":true`),
			galleryVersion("1.14.0", "Succeeded", `"targetRegions":[{"name":"westus","excludeFromLatest":true}]`),
		}, ",") + `]}`, rollout.Image{ID: definition + "/versions/1.10.0"}, nil},
		"its version latest": {rollout.Image{ID: definition + "/versions/latest"}, definition + "/versions",
			`{"value":[` + galleryVersion("1.0.0", "Succeeded", here) + `]}`, rollout.Image{ID: definition + "/versions/1.0.0"}, nil},
		"replicated elsewhere": {rollout.Image{ID: definition}, definition + "/versions",
			`{"value":[` + galleryVersion("1.0.0", "Succeeded", there) + `]}`, rollout.Image{},
			[]string{"none that counts as latest in westus", "az sig image-version list", "--gallery-name shop --gallery-image-definition web"}},
	} {
		f := newFakeARM(t, answering(http.StatusOK, row.body))
		got, err := f.adapter.ResolveImage(t.Context(), web, row.image, "westus")
		if diff := cmp.Diff(row.want, got); diff != "" || (err == nil) != (row.says == nil) {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		if path := f.one(t).Path; path != row.path {
			t.Errorf("%s: asked %s", name, path)
		}
		if row.says == nil {
			continue
		}
		p := problemOf(t, err)
		for _, words := range row.says {
			if !strings.Contains(p.Hint(), words) || p.Kind != rollout.KindInvalid {
				t.Errorf("%s: %s %q lacks %q", name, p.Kind, p.Hint(), words)
			}
		}
	}
}

// TestVersionsCannotBeListed: what is not found is the image and not the scale set. Other refusals are as they are for every read.
func TestVersionsCannotBeListed(t *testing.T) {
	for name, c := range answers {
		f := newFakeARM(t, answering(c.status, c.body))
		_, err := f.adapter.ResolveImage(t.Context(), web, rollout.Image{ID: definition}, "westus")
		want := stdcmp.Or(c.read, c.effect)
		if want == rollout.KindNotFound {
			want = rollout.KindInvalid
		}
		if got := problemOf(t, err).Kind; got != want {
			t.Errorf("%s: %s, want %s: %v", name, got, want, err)
		}
	}
	f := newFakeARM(t, answering(http.StatusOK, `{"value":[]}`))
	for region, image := range map[string]rollout.Image{
		"": {ID: definition}, "west us/..": {Publisher: "p", Offer: "o", SKU: "s"}, "westus": {ID: "/images/i"},
	} {
		if _, err := f.adapter.ResolveImage(t.Context(), web, image, region); problemOf(t, err).Kind != rollout.KindInvalid {
			t.Errorf("%q: %v", region, err)
		}
	}
	if len(f.requests) > 0 {
		t.Errorf("sent %v", f.requests)
	}
}
