package azure_test

import (
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestContractClock holds the times at which Azure answered against its own clock, to the second: health is held against them.
func TestContractClock(t *testing.T) {
	metric.Fault(t, 8)
	inWorlds(t, func(t *testing.T, w *world) {
		check := func(what string, got time.Time) {
			if off := w.clock.Now().Sub(got).Abs(); off > time.Second {
				t.Errorf("%s: Azure answered at %v, and it is %v there", what, got, w.clock.Now())
			}
		}
		w.newScript()
		check("the model", w.model().ReadAt)
		for id, i := range w.instances() {
			check("instance "+id, i.ListedAt)
		}
		begun, err := w.Upgrade(t.Context(), shop, refs(w.ids()[0]))
		check("an upgrade", begun.AzureTime)
		w.finish(rollout.UpgradeOperation, begun, err)
	})
}
