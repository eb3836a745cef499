package azure_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

var flex = rollout.ScaleSet{SubscriptionID: shop.SubscriptionID, ResourceGroup: shop.ResourceGroup, Name: "flex"}

// flexible stages a Flexible scale set of three with a release that none of them has, and lists it.
func (w *world) flexible() []rollout.Instance {
	w.t.Helper()
	w.control("PUT", "/scalesets", map[string]any{
		"scaleSet": flex.ID(), "capacity": 3, "image": image1, "zones": []string{"1", "2"}, "health": "extension", "orchestration": "Flexible",
	}, nil)
	begun, err := w.WriteImage(w.t.Context(), flex, rollout.WriteImage{Image: rollout.Image{ID: image2}})
	if status := w.finish(rollout.WriteImageOperation, begun, err); status.State != rollout.OperationSucceeded {
		w.t.Fatalf("got %+v: %v", status, status.Problem)
	}
	return w.flexInstances()
}

func (w *world) flexInstances() []rollout.Instance {
	w.t.Helper()
	list, err := w.Instances(w.t.Context(), flex)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// TestContractFlexible upgrades and reimages instances by their names.
func TestContractFlexible(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		before := w.flexible()
		model, err := w.Model(t.Context(), flex)
		if err != nil || model.Orchestration != rollout.OrchestrationFlexible || model.Capacity != len(before) {
			t.Fatalf("got %+v, %v", model, err)
		}
		begun, err := w.Upgrade(t.Context(), flex, refs(before[1].ID))
		if status := w.finish(rollout.UpgradeOperation, begun, err); status.State != rollout.OperationSucceeded {
			t.Fatalf("got %+v: %v", status, status.Problem)
		}
		begun, err = w.Reimage(t.Context(), flex, refs(before[2].ID))
		if status := w.finish(rollout.ReimageOperation, begun, err); status.State != rollout.OperationSucceeded {
			t.Fatalf("got %+v: %v", status, status.Problem)
		}
		for n, i := range w.flexInstances() {
			latest := map[bool]rollout.Tristate{true: rollout.True, false: rollout.False}[n == 1]
			if i.ID != before[n].ID || i.ID != i.Name || !strings.HasPrefix(i.ID, "flex_") || before[n].Latest != rollout.False ||
				i.Latest != latest {
				t.Errorf("got %+v, before %+v", i, before[n])
			}
			if replaced := i.Disk.ID != before[n].Disk.ID; replaced != (n > 0) || i.VMID != before[n].VMID {
				t.Errorf("got %+v, before %+v", i, before[n])
			}
		}
		_, err = w.Upgrade(t.Context(), flex, refs(before[0].ID, "flex_00000000"))
		if kind := kindOf(t, err); kind != rollout.KindInstanceGone {
			t.Errorf("got %v", err)
		}
	})
}

// TestContractGroup reads a scale set that makes no instances itself.
func TestContractGroup(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		request := httptest.NewRequest(http.MethodPut, "http://arm.example"+flex.ID()+"?api-version=2026-04-01",
			strings.NewReader(`{"location":"eastus","properties":{"orchestrationMode":"Flexible"}}`))
		request.Header.Set("Authorization", "Bearer t")
		recorder := httptest.NewRecorder()
		w.sim.ServeHTTP(recorder, request)
		if recorder.Code != http.StatusCreated {
			t.Fatal(recorder.Body)
		}
		model, err := w.Model(t.Context(), flex)
		if err != nil || model.Orchestration != rollout.OrchestrationFlexible || model.UpgradeMode != "" ||
			model.Image != (rollout.Image{}) {
			t.Errorf("got %+v, %v", model, err)
		}
		if list := w.flexInstances(); len(list) != 0 {
			t.Errorf("got %+v", list)
		}
	})
}
