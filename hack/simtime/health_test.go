package simtime

import (
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestHealthTime rolls out a script and an image, whatever Azure means by the time of health. In one case no newer report comes: the time
// is that of a change, and the instance kept its disk and stayed healthy. Then the controller waits until the old report counts, and in no
// other case.
func TestHealthTime(t *testing.T) {
	image := func(s *v1alpha1.VMSSRolloutSpec) {
		s.Target = v1alpha1.Target{Image: &v1alpha1.Image{Marketplace: &v1alpha1.MarketplaceImage{
			Publisher: "Canonical", Offer: "ubuntu-24_04-lts", SKU: "server", Version: "24.04.202611240",
		}}}
	}
	script := func(*v1alpha1.VMSSRolloutSpec) {}
	for name, tc := range map[string]struct {
		healthTime string
		target     func(*v1alpha1.VMSSRolloutSpec)
		waitsOut   bool
	}{
		"a script, by the last report":  {"report", script, false},
		"a script, by the last change":  {"change", script, true},
		"a script, by whatever happens": {"progress", script, false},
		"an image, by the last report":  {"report", image, false},
		"an image, by the last change":  {"change", image, false},
		"an image, by whatever happens": {"progress", image, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, key := declare(t, 1, func(s *v1alpha1.VMSSRolloutSpec) {
				s.Strategy.Canary.Percent = 100
				tc.target(s)
			})
			if _, err := w.Control("PUT", "/switches", map[string]string{"healthTime": tc.healthTime}); err != nil {
				t.Fatal(err)
			}
			seen := watch(t, w, key)
			var ended, reached time.Time
			for _, m := range seen {
				if m.upgraded == 1 && ended.IsZero() {
					ended = m.at
				}
				reached = m.at
			}
			if last := seen[len(seen)-1]; last.reason != v1alpha1.ReasonCompleted {
				t.Fatalf("ended with %+v", last)
			}
			if waited := reached.Sub(ended); (waited >= 2*time.Minute) != tc.waitsOut {
				t.Errorf("Completed %s after the upgrade: %+v", waited, seen)
			}
		})
	}
}
