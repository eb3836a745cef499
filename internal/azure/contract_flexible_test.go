package azure_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

var flex = rollout.ScaleSet{SubscriptionID: shop.SubscriptionID, ResourceGroup: shop.ResourceGroup, Name: "flex"}

// flexible stages a Flexible scale set of three with a release that none of them has, and lists it.
func (w *world) flexible() []rollout.Instance {
	w.t.Helper()
	w.control("PUT", "/scalesets", map[string]any{
		"scaleSet": flex.ID(), "capacity": 3, "image": image1, "zones": []string{"1", "2"}, "health": "extension", "orchestration": "Flexible",
	}, nil)
	w.clock.Advance(time.Minute) // a tag has whole seconds
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
			isLatest := i.Origin.ProfileTime.Equal(model.ProfileTime)
			if i.ID != before[n].ID || i.ID != i.Name || !strings.HasPrefix(i.ID, "flex_") || i.Latest != rollout.Unknown ||
				before[n].Origin.ProfileTime.Equal(model.ProfileTime) || isLatest != (n == 1) || i.Origin.Attached {
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

// TestContractFlexibleReads: an instance of a Flexible set shows what one of a Uniform set does, but for the latest model, and with the
// settings of its script. One that was attached shows that. One call a page of 50 reads them all.
func TestContractFlexibleReads(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.control("PUT", "/scalesets", map[string]any{
			"scaleSet": flex.ID(), "capacity": 51, "image": image1, "zones": []string{"1"}, "health": "extension", "orchestration": "Flexible",
			"script": map[string]any{"command": "bash v1.sh", "uris": []string{"https://x.example/v1.sh"}},
		}, nil)
		w.control("POST", "/attach", map[string]any{"scaleSet": flex.ID(), "name": "legacy", "image": image2}, nil)
		model, err := w.Model(t.Context(), flex)
		if err != nil {
			t.Fatal(err)
		}
		w.calls()
		list := w.flexInstances()
		if got := w.calls(); len(got) != 2 || got[0].Operation != "VirtualMachines.List" || len(list) != 52 {
			t.Fatalf("%d instances, calls %+v", len(list), got)
		}
		i, attached := list[0], list[51]
		want := rollout.Instance{
			ID: i.ID, Name: i.ID, VMID: i.VMID, Zone: "1", CreatedAt: i.CreatedAt, State: rollout.StateSucceeded, ListedAt: i.ListedAt,
			Power: rollout.PowerState{Running: rollout.True}, Health: rollout.HealthReport{Healthy: rollout.True, Since: i.Health.Since},
			Disk:   rollout.OSDisk{ID: i.Disk.ID, Image: &rollout.Image{ID: image1}, Generation: "V1"},
			Origin: rollout.Origin{ProfileTime: model.ProfileTime},
			Script: rollout.ScriptSucceeded, InstanceReports: rollout.InstanceReports{Scripts: []rollout.InstanceScript{{
				Extension: "CustomScript", State: rollout.ScriptSucceeded,
				Settings: &rollout.ModelScript{Extension: "CustomScript", URIs: []string{"https://x.example/v1.sh"}, Command: "bash v1.sh"}}}},
		}
		if diff := cmp.Diff(want, i, anyCase); diff != "" {
			t.Error(diff)
		}
		if i.VMID == "" || i.CreatedAt.IsZero() || i.ListedAt.IsZero() || i.Health.Since.IsZero() || i.Disk.ID == "" {
			t.Errorf("not shown: %+v", i)
		}
		if attached.ID != "legacy" || !attached.Origin.Attached {
			t.Errorf("got %+v", attached)
		}
	})
}

// TestContractFlexibleIsFound: without a read of the model, one list more tells that a set is Flexible. A set that is made again with
// another orchestration is read rightly, whatever is remembered.
func TestContractFlexibleIsFound(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		stage := func(orchestration string) {
			w.control("PUT", "/scalesets", map[string]any{
				"scaleSet": flex.ID(), "capacity": 2, "image": image1, "orchestration": orchestration,
			}, nil)
		}
		read := func(wantCalls int, isNumber bool) {
			t.Helper()
			w.calls()
			list := w.flexInstances()
			if got := w.calls(); len(got) != wantCalls || len(list) != 2 || (list[0].ID == "0") != isNumber {
				t.Fatalf("got %+v by %+v", list, got)
			}
		}
		remove := func() {
			w.arm(http.MethodDelete, flex.ID(), "")
			w.clock.Advance(time.Hour)
		}
		stage("Flexible")
		read(2, false)
		read(1, false)
		remove()
		stage("Uniform")
		read(2, true) // the virtual machines are none
		remove()
		stage("Flexible")
		read(1, false)
	})
}

// TestContractFlexibleFailure shows what the script printed of a failed instance, as in a Uniform set.
func TestContractFlexibleFailure(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.control("PUT", "/scalesets", map[string]any{
			"scaleSet": flex.ID(), "capacity": 2, "image": image1, "orchestration": "Flexible", "script": map[string]any{"command": "bash v1.sh"},
		}, nil)
		w.clock.Advance(time.Minute)
		begun, err := w.WriteImage(t.Context(), flex, rollout.WriteImage{Image: rollout.Image{ID: image2}})
		w.finish(rollout.WriteImageOperation, begun, err)
		w.faults(map[string]any{"operation": "UpdateInstances", "kind": "scriptFails", "stderr": "no such interpreter"})
		id := w.flexInstances()[0].ID
		begun, err = w.Upgrade(t.Context(), flex, refs(id))
		w.finish(rollout.UpgradeOperation, begun, err)
		for _, i := range w.flexInstances() {
			failed := i.State == rollout.StateFailed && i.Script == rollout.ScriptFailed && strings.Contains(i.Message, "no such interpreter")
			if failed != (i.ID == id) {
				t.Errorf("got %+v", i)
			}
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
