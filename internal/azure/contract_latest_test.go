package azure_test

import (
	"net/http"
	"testing"

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
