package azure_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestContractHealthSince holds what the adapter tells of since when an instance is healthy, whatever Azure means by that time: after a
// script that runs in place it may be as old as before, with a new disk it is not.
func TestContractHealthSince(t *testing.T) {
	for choice, isNewInPlace := range map[string]bool{"progress": true, "report": true, "change": false} {
		t.Run(choice, func(t *testing.T) {
			inWorlds(t, func(t *testing.T, w *world) {
				w.control(http.MethodPut, "/switches", map[string]string{"healthTime": choice}, nil)
				w.newScript()
				id := w.ids()[0]
				before, asked := w.instances()[id].Health.Since, w.clock.Now()
				begun, err := w.Upgrade(t.Context(), shop, refs(id))
				w.finish(rollout.UpgradeOperation, begun, err)
				after := w.healthSince(id)
				if after.Before(before) || after.After(asked) != isNewInPlace || !isNewInPlace && !after.Equal(before) {
					t.Errorf("upgraded in place from %v on it is healthy since %v, before it was since %v", asked, after, before)
				}
				asked = w.clock.Now()
				begun, err = w.Reimage(t.Context(), shop, refs(id))
				w.finish(rollout.ReimageOperation, begun, err)
				if after = w.healthSince(id); !after.After(asked) {
					t.Errorf("reimaged from %v on it is healthy since %v", asked, after)
				}
			})
		})
	}
}

// healthSince is since when an instance is healthy, which it must be.
func (w *world) healthSince(id string) time.Time {
	w.t.Helper()
	i := w.instances()[id]
	if i.Health.Healthy != rollout.True || i.Health.Since.After(w.clock.Now()) {
		w.t.Errorf("at %v: %+v", w.clock.Now(), i)
	}
	return i.Health.Since
}
