package azure_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// appAt is a version of an application in the gallery of the contract tests.
func appAt(name, version string) rollout.Application {
	return rollout.Application{ID: "/subscriptions/" + shop.SubscriptionID + "/resourceGroups/" + shop.ResourceGroup +
		"/providers/Microsoft.Compute/galleries/shop/applications/" + name + "/versions/" + version}
}

// writeApplications writes applications into the model as it is.
func (w *world) writeApplications(applications ...rollout.Application) {
	w.t.Helper()
	m := w.model()
	step := rollout.WriteApplications{Applications: applications, Current: m.Applications, ETag: m.ETag}
	begun, err := w.WriteApplications(w.t.Context(), shop, step)
	if status := w.finish(rollout.WriteApplicationsOperation, begun, err); status.State != rollout.OperationSucceeded {
		w.t.Fatalf("got %+v: %v", status, status.Problem)
	}
}

// profile is the virtual machine profile as Azure shows it.
func (w *world) profile() map[string]any { return at(w.raw(), "properties", "virtualMachineProfile") }

// TestContractApplications: a write changes the declared application alone. The other one's entry, and every other path, stay as they were
// (I8). An entry that is restored equals the one before.
func TestContractApplications(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		agent, web := appAt("agent", "2.0.0"), appAt("web", "1.0.0")
		agent.Order, agent.Configuration = 7, "https://store.example/agent.json"
		w.writeApplications(agent, web)
		before, was := w.profile(), w.model().Applications
		if len(was) != 2 || !was[0].Same(agent) || !was[1].Same(web) {
			t.Fatalf("written: %+v", was)
		}
		w.writeApplications(appAt("web", "1.1.0"))
		after := w.profile()
		lists := [2][]any{}
		for n, profile := range []map[string]any{before, after} {
			lists[n] = at(profile, "applicationProfile")["galleryApplications"].([]any)
			delete(profile, "applicationProfile")
			delete(profile, "timeCreated")
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("other paths: %s", diff)
		}
		if diff := cmp.Diff(lists[0][0], lists[1][0]); diff != "" {
			t.Errorf("another application: %s", diff)
		}
		w.writeApplications(was[1])
		if diff := cmp.Diff(was, w.model().Applications); diff != "" {
			t.Errorf("restored: %s", diff)
		}
		for _, gone := range []string{"web", "agent"} {
			w.writeApplications(rollout.Application{ID: appAt(gone, "1").WithoutVersion(), Absent: true})
		}
		if left := w.model().Applications; len(left) > 0 {
			t.Errorf("left: %+v", left)
		}
		_, err := w.WriteApplications(t.Context(), shop, rollout.WriteApplications{Applications: []rollout.Application{web}, ETag: `"1"`})
		if kind := kindOf(t, err); kind != rollout.KindPreconditionFailed {
			t.Errorf("a model that moved: %v", err)
		}
	})
}

// TestContractApplicationOnInstances: an upgraded instance shows the version, the others none. A failed one says why.
func TestContractApplicationOnInstances(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.writeApplications(appAt("web", "1.1.0"))
		ids := w.ids()
		w.faults(map[string]any{"operation": "UpdateInstances", "kind": "scriptFails", "script": "/web/versions/1.1.0", "times": 1})
		for _, id := range ids[:2] {
			begun, err := w.Upgrade(t.Context(), shop, []rollout.Ref{{ID: id}})
			w.finish(rollout.UpgradeOperation, begun, err)
		}
		list := w.instances()
		bad, good, old := list[ids[0]], list[ids[1]], list[ids[2]]
		shows := func(failed bool) []rollout.InstanceApplication {
			return []rollout.InstanceApplication{{Name: "web", Version: "1.1.0", Failed: failed}}
		}
		if diff := cmp.Diff(shows(true), bad.Applications); diff != "" || bad.State != rollout.StateFailed ||
			!strings.Contains(bad.Message, "application web 1.1.0: Install FAILED") {
			t.Errorf("the failed one: %+v; %s", bad, diff)
		}
		if diff := cmp.Diff(shows(false), good.Applications); diff != "" || good.State != rollout.StateSucceeded || good.Latest != rollout.True {
			t.Errorf("the good one: %+v; %s", good, diff)
		}
		if len(old.Applications) > 0 || old.Latest != rollout.False {
			t.Errorf("the old one: %+v", old)
		}
	})
}
