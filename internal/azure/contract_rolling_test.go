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
	if err != nil || !got.Running || got.Total != 3 || got.Cancel == "" || !got.StartedAt.Equal(w.clock.Now()) {
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

// TestContractAutomaticExtensionUpgrade: only rollingUpgrades/latest shows an upgrade of extensions that Azure begins by itself. When
// it is over, the extensions of the instances have newer versions. The instances have the latest model, are healthy, and their scripts did
// not run again.
func TestContractAutomaticExtensionUpgrade(t *testing.T) {
	w := newWorld(t)
	w.connect(azure.Options{Credential: bearer("t"), Endpoint: "http://arm.example", Transport: &http.Client{Transport: w.sim.Transport()}})
	ctx := t.Context()
	w.control(http.MethodPost, "/model", map[string]any{"scaleSet": shop.ID(), "merge": map[string]any{"properties": map[string]any{
		"virtualMachineProfile": map[string]any{"extensionProfile": map[string]any{"extensions": []any{map[string]any{
			"name": "HealthExtension", "properties": map[string]any{
				"publisher": "Microsoft.ManagedServices", "type": "ApplicationHealthLinux", "typeHandlerVersion": "1.0",
				"enableAutomaticUpgrade": true, "settings": map[string]any{"protocol": "http", "port": 8080, "requestPath": "/"},
			}}}}}}}}, nil)
	w.settle()
	w.arm(http.MethodPost, shop.ID()+"/manualupgrade", `{"instanceIds":["*"]}`)
	w.settle()
	before := w.model()
	if len(before.AutomaticExtensionUpgrades) != 1 || before.AutomaticExtensionUpgrades[0] != "HealthExtension" {
		t.Fatalf("the model upgrades %q by itself", before.AutomaticExtensionUpgrades)
	}
	w.control(http.MethodPost, "/extensions", map[string]any{"scaleSet": shop.ID()}, nil)
	got, err := w.RollingUpgrade(ctx, shop)
	if err != nil || !got.Running || got.Total != 3 {
		t.Errorf("while it runs: got %+v, %v", got, err)
	}
	if model := w.model(); model.State != rollout.StateSucceeded {
		t.Errorf("while it runs: the scale set is %q", model.State)
	}
	w.settle()
	got, err = w.RollingUpgrade(ctx, shop)
	if err != nil || got.Running || got.Done != 3 {
		t.Errorf("afterwards: got %+v, %v", got, err)
	}
	for id, i := range w.instances() {
		if i.Latest != rollout.True || i.State != rollout.StateSucceeded || i.Health.Healthy != rollout.True || i.Message != "" {
			t.Errorf("instance %s: %+v", id, i)
		}
	}
	if after := w.model(); len(after.AutomaticExtensionUpgrades) != 1 || after.Script != nil {
		t.Errorf("the model is %+v", after)
	}
}
