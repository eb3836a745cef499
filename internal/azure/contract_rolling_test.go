package azure_test

import (
	"net/http"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestContractRolling reads Azure's own upgrade of a scale set: none at first, then one that runs, then one that is over.
func TestContractRolling(t *testing.T) {
	metric.Fault(t, 6)
	w := newWorld(t)
	w.connect(azure.Options{Credential: bearer("t"), Endpoint: "http://arm.example", Transport: &http.Client{Transport: w.sim.Transport()}})
	ctx := t.Context()
	got, err := w.RollingUpgrade(ctx, shop)
	if err != nil || got != (rollout.RollingUpgrade{}) {
		t.Fatalf("before any: got %+v, %v", got, err)
	}
	w.act("POST", "/extensionRollingUpgrade")
	got, err = w.RollingUpgrade(ctx, shop)
	if err != nil || !got.Running || got.Total != 3 || got.Cancel == "" {
		t.Errorf("while it runs: got %+v, %v", got, err)
	}
	if model, err := w.Model(ctx, shop); err != nil || model.State != rollout.StateUpdating {
		t.Errorf("while it runs: the scale set is %q, %v", model.State, err)
	}
	w.settle()
	got, err = w.RollingUpgrade(ctx, shop)
	if err != nil || got.Running || got.Done != 3 {
		t.Errorf("afterwards: got %+v, %v", got, err)
	}
}
