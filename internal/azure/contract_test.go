package azure_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

func TestContractReads(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		id := w.model().UniqueID
		if len(id) != 36 {
			t.Errorf("the scale set's uniqueId is %q", id)
		}
		w.calls()
		want := rollout.Model{
			ETag: `"1"`, UniqueID: id, Capacity: 3, UpgradeMode: rollout.UpgradeModeManual, Orchestration: rollout.OrchestrationUniform,
			State: rollout.StateSucceeded, HealthMonitored: true, Image: rollout.Image{ID: image1},
			ModelExtensions: rollout.ModelExtensions{OtherExtensions: []string{"HealthExtension"}},
			ModelProfile:    rollout.ModelProfile{ImageLimits: rollout.ImageLimits{Location: "eastus"}},
			NewHandler: `{"autoUpgradeMinorVersion":true,"enableAutomaticUpgrade":false,"publisher":"Microsoft.Azure.Extensions",` +
				`"settings":{},"type":"CustomScript","typeHandlerVersion":"2.1"}`,
		}
		if diff := cmp.Diff(want, w.model(), anyCase, cmpopts.IgnoreFields(rollout.Model{}, "ModelTimes")); diff != "" {
			t.Error(diff)
		}
		instances := w.instances()
		if got := w.calls(); len(got) != 3 { // one for the model, two for pages of two
			t.Errorf("got %+v", got)
		}
		for id, m := range w.virtualMachines() {
			want := rollout.Instance{
				ID:     id,
				Name:   "web_" + id,
				VMID:   m.VMID,
				Zone:   m.Zone,
				State:  rollout.StateSucceeded,
				Latest: rollout.True,
				Power:  rollout.PowerState{Running: rollout.True},
				Health: rollout.HealthReport{Healthy: rollout.True},
				Disk:   rollout.OSDisk{Image: &rollout.Image{ID: image1}, Generation: "V1"},
				Script: rollout.ScriptAbsent,
			}
			if diff := cmp.Diff(want, instances[id], anyCase,
				cmpopts.IgnoreFields(rollout.Instance{}, "CreatedAt", "Health.Since", "ListedAt", "Disk.ID")); diff != "" {
				t.Error(diff)
			}
			if i := instances[id]; i.CreatedAt.IsZero() || i.Health.Since.IsZero() || i.Disk.ID == "" {
				t.Errorf("got %+v", i)
			}
		}
	})
}

// anyCase compares ids as Azure does, which keeps no case.
var anyCase = cmp.Comparer(func(a, b rollout.Image) bool {
	return strings.EqualFold(a.ID, b.ID) && a.Publisher == b.Publisher && a.Offer == b.Offer && a.SKU == b.SKU && a.Version == b.Version
})

func TestContractImage(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		before := w.raw()
		w.calls()
		begun, err := w.WriteImage(t.Context(), shop, rollout.WriteImage{Image: rollout.Image{ID: image2}, ETag: w.model().ETag})
		status := w.finish(rollout.WriteImageOperation, begun, err)
		if status.State != rollout.OperationSucceeded || status.Duration <= 0 {
			t.Errorf("got %+v", status)
		}
		if diff := cmp.Diff(rollout.Image{ID: image2}, w.model().Image, anyCase); diff != "" {
			t.Error(diff)
		}
		for id, i := range w.instances() {
			if i.Latest != rollout.False || i.State != rollout.StateSucceeded {
				t.Errorf("instance %s: %+v", id, i)
			}
		}
		// I8 of docs/invariants.md: nothing but the image reference is another than before.
		after := w.raw()
		for _, set := range []map[string]any{before, after} {
			at(set, "properties", "virtualMachineProfile", "storageProfile")["imageReference"] = nil
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Error(diff)
		}
	})
}

// at walks down a JSON document.
func at(doc map[string]any, path ...string) map[string]any {
	for _, name := range path {
		doc, _ = doc[name].(map[string]any)
	}
	return doc
}

// TestContractImageOfAnotherKind holds that nothing is left of a reference of another kind.
func TestContractImageOfAnotherKind(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		for _, image := range []rollout.Image{
			{Publisher: "Canonical", Offer: "ubuntu", SKU: "22_04-lts", Version: "22.04.202601010"},
			{ID: image2},
		} {
			begun, err := w.WriteImage(t.Context(), shop, rollout.WriteImage{Image: image, ETag: w.model().ETag})
			if status := w.finish(rollout.WriteImageOperation, begun, err); status.State != rollout.OperationSucceeded {
				t.Fatalf("got %+v: %v", status, status.Problem)
			}
			if diff := cmp.Diff(image, w.model().Image, anyCase); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestContractImageRefused(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		etag := w.model().ETag
		_, err := w.WriteImage(t.Context(), shop, rollout.WriteImage{Image: rollout.Image{ID: image2 + "-nowhere"}, ETag: etag})
		if kind := kindOf(t, err); kind != rollout.KindInvalid {
			t.Errorf("an image that is not there: %v", err)
		}
		w.faults(map[string]any{"operation": "Update", "kind": "etagMoves", "times": 1})
		_, err = w.WriteImage(t.Context(), shop, rollout.WriteImage{Image: rollout.Image{ID: image2}, ETag: etag})
		if kind := kindOf(t, err); kind != rollout.KindPreconditionFailed {
			t.Errorf("a model that moved: %v", err)
		}
		if got := w.model().Image; !strings.EqualFold(got.ID, image1) {
			t.Errorf("nothing was to be written, got %+v", got)
		}
	})
}

func TestContractScript(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		before := at(w.raw(), "properties", "virtualMachineProfile", "extensionProfile")["extensions"].([]any)
		step := rollout.WriteScript{
			Script:         rollout.Script{URIs: []string{"https://store.example/install.sh"}},
			ForceUpdateTag: "2", Handler: w.model().NewHandler,
		}
		begun, err := w.WriteScript(t.Context(), shop, step, map[string]any{"commandToExecute": "bash install.sh --key hunter2hunter2"})
		if status := w.finish(rollout.WriteScriptOperation, begun, err); status.State != rollout.OperationSucceeded {
			t.Fatalf("got %+v: %v", status, status.Problem)
		}
		model := w.model()
		want := &rollout.ModelScript{Extension: "vmssrollout-script", URIs: step.Script.URIs, ForceUpdateTag: "2", Handler: step.Handler}
		if diff := cmp.Diff(want, model.Script); diff != "" {
			t.Error(diff)
		}
		if !model.HealthMonitored {
			t.Error("the health extension must stay")
		}
		step.Extension, step.Handler, step.ForceUpdateTag = model.Script.Extension, model.Script.Handler, "3"
		begun, err = w.WriteScript(t.Context(), shop, step, nil)
		if status := w.finish(rollout.WriteScriptOperation, begun, err); status.State != rollout.OperationSucceeded {
			t.Fatalf("got %+v: %v", status, status.Problem)
		}
		after := at(w.raw(), "properties", "virtualMachineProfile", "extensionProfile")["extensions"].([]any)
		if len(after) != len(before)+1 {
			t.Fatalf("want one more than %v, got %v", before, after)
		}
		if diff := cmp.Diff(before, after[:len(before)]); diff != "" {
			t.Errorf("other extensions must stay as they are: %s", diff)
		}
	})
}

// TestContractRemoveScript takes the script out of the model again, and then out of one instance.
func TestContractRemoveScript(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		before := w.raw()
		w.newScript()
		id := w.ids()[0]
		begun, err := w.Upgrade(t.Context(), shop, refs(id))
		w.finish(rollout.UpgradeOperation, begun, err)
		step := rollout.RemoveScript{Extension: w.model().Script.Extension}
		w.calls()
		begun, err = w.RemoveScript(t.Context(), shop, step)
		if got := w.calls(); len(got) != 1 || got[0].Method != "DELETE" {
			t.Errorf("want exactly one call, got %+v", got)
		}
		if status := w.finish(rollout.RemoveScriptOperation, begun, err); status.State != rollout.OperationSucceeded || status.Duration <= 0 {
			t.Fatalf("got %+v: %v", status, status.Problem)
		}
		w.checkPolls(w.calls())
		if diff := cmp.Diff(before, w.raw()); diff != "" {
			t.Errorf("the scale set must be as it was before there was a script: %s", diff)
		}
		if i := w.instances()[id]; i.Script != rollout.ScriptSucceeded || i.Latest != rollout.False {
			t.Errorf("no instance may be touched by it: %+v", i)
		}
		begun, err = w.Upgrade(t.Context(), shop, refs(id))
		w.finish(rollout.UpgradeOperation, begun, err)
		if i := w.instances()[id]; i.Script != rollout.ScriptAbsent || i.Latest != rollout.True {
			t.Errorf("got %+v", i)
		}
		if begun, err := w.RemoveScript(t.Context(), shop, step); err != nil || begun.PollToken != "" || begun.RetryAfter != 0 {
			t.Errorf("one that is gone: %+v, %v", begun, err)
		}
	})
}

// TestContractOnlyExtensionRemoved covers a scale set that is left without any extension.
func TestContractOnlyExtensionRemoved(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		begun, err := w.RemoveScript(t.Context(), shop, rollout.RemoveScript{Extension: "HealthExtension"})
		w.finish(rollout.RemoveScriptOperation, begun, err)
		w.newScript()
		id := w.ids()[0]
		for _, want := range []rollout.ScriptState{rollout.ScriptSucceeded, rollout.ScriptAbsent} {
			begun, err = w.Upgrade(t.Context(), shop, refs(id))
			w.finish(rollout.UpgradeOperation, begun, err)
			if got := w.instances()[id].Script; got != want {
				t.Errorf("want %v, got %v", want, got)
			}
			if _, err := w.RemoveScript(t.Context(), shop, rollout.RemoveScript{Extension: "vmssrollout-script"}); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(time.Hour)
		}
	})
}

// newRelease puts the second image into the model.
func (w *world) newRelease() {
	w.t.Helper()
	begun, err := w.WriteImage(w.t.Context(), shop, rollout.WriteImage{Image: rollout.Image{ID: image2}})
	if status := w.finish(rollout.WriteImageOperation, begun, err); status.State != rollout.OperationSucceeded {
		w.t.Fatalf("got %+v: %v", status, status.Problem)
	}
}

// ids returns the ids that are there, lowest first.
func (w *world) ids() []string {
	w.t.Helper()
	list, err := w.Instances(w.t.Context(), shop)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, i := range list {
		out = append(out, i.ID)
	}
	return out
}

// checkPolls fails the test if any call was something else than a poll.
func (w *world) checkPolls(calls []call) {
	w.t.Helper()
	for _, c := range calls {
		if c.Method != "GET" || !strings.Contains(strings.ToLower(c.Path), "/operations/") {
			w.t.Errorf("want nothing but polls, got %+v", c)
		}
	}
}

func TestContractUpgrade(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.newRelease()
		ids := w.ids()
		w.calls()
		begun, err := w.Upgrade(t.Context(), shop, refs(ids[1]))
		if status := w.finish(rollout.UpgradeOperation, begun, err); status.State != rollout.OperationSucceeded || status.Duration <= 0 {
			t.Fatalf("got %+v", status)
		}
		w.checkPolls(w.calls()[1:])
		for id, i := range w.instances() {
			want, upgrades, image := rollout.False, 0, image1
			if id == ids[1] {
				want, upgrades, image = rollout.True, 1, image2
			}
			if got := w.virtualMachines()[id].Upgrades; i.Latest != want || got != upgrades {
				t.Errorf("instance %s was upgraded %d times: %+v", id, got, i)
			}
			if diff := cmp.Diff(&rollout.Image{ID: image}, i.Disk.Image, anyCase); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestContractReimage(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		ids, before := w.ids(), w.instances()
		begun, err := w.Reimage(t.Context(), shop, refs(ids[0]))
		if status := w.finish(rollout.ReimageOperation, begun, err); status.State != rollout.OperationSucceeded {
			t.Fatalf("got %+v", status)
		}
		for id, i := range w.instances() {
			if replaced := i.Disk.ID != before[id].Disk.ID; replaced != (id == ids[0]) || i.VMID != before[id].VMID {
				t.Errorf("instance %s: %+v, before %+v", id, i, before[id])
			}
		}
	})
}

// newScript puts a script into the model.
func (w *world) newScript() {
	w.t.Helper()
	begun, err := w.WriteScript(w.t.Context(), shop, rollout.WriteScript{Script: rollout.Script{Command: "bash install.sh"}}, nil)
	if status := w.finish(rollout.WriteScriptOperation, begun, err); status.State != rollout.OperationSucceeded {
		w.t.Fatalf("got %+v: %v", status, status.Problem)
	}
}

func TestContractScriptFails(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.newScript()
		const lastWords = "E: no such package"
		w.faults(map[string]any{"operation": "UpdateInstances", "kind": "scriptFails", "exitCode": 7,
			"stderr": strings.Repeat("noise ", 1000) + lastWords})
		id := w.ids()[0]
		begun, err := w.Upgrade(t.Context(), shop, refs(id))
		status := w.finish(rollout.UpgradeOperation, begun, err)
		if status.State != rollout.OperationFailed || status.Problem == nil || !strings.Contains(status.Problem.Message, lastWords) {
			t.Errorf("got %+v: %v", status, status.Problem)
		}
		if i := w.instances()[id]; i.Script != rollout.ScriptFailed || i.State != rollout.StateFailed ||
			!strings.HasSuffix(i.Message, lastWords) {
			t.Errorf("got %+v", i)
		}
	})
}

func TestContractScriptRuns(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.newScript()
		id := w.ids()[0]
		begun, err := w.Upgrade(t.Context(), shop, refs(id))
		if status := w.finish(rollout.UpgradeOperation, begun, err); status.State != rollout.OperationSucceeded {
			t.Fatalf("got %+v: %v", status, status.Problem)
		}
		for other, i := range w.instances() {
			want, runs := rollout.ScriptAbsent, 0
			if other == id {
				want, runs = rollout.ScriptSucceeded, 1
			}
			if got := w.virtualMachines()[other].ScriptRuns; i.Script != want || i.Message != "" || got != runs {
				t.Errorf("instance %s ran the script %d times: %+v", other, got, i)
			}
		}
	})
}

func TestContractHealth(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		id := w.ids()[0]
		for state, want := range map[string]rollout.Tristate{"unhealthy": rollout.False, "unknown": rollout.Unknown, "none": rollout.Unknown,
			"healthy": rollout.True} {
			w.control("POST", "/health", map[string]any{"scaleSet": shop.ID(), "instance": id, "state": state}, nil)
			w.clock.Advance(time.Minute)
			if got := w.instances()[id].Health.Healthy; got != want {
				t.Errorf("%s: got %v", state, got)
			}
		}
	})
}

// TestContractRepairs: suspended repairs leave an unhealthy instance alone, and resumed ones do not.
func TestContractRepairs(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		if w.model().AutomaticRepairs {
			t.Error("repairs were not switched on")
		}
		w.control("POST", "/model", map[string]any{"scaleSet": shop.ID(), "merge": map[string]any{"properties": map[string]any{
			"automaticRepairsPolicy": map[string]any{"enabled": true, "gracePeriod": "PT10M"},
		}}}, nil)
		w.clock.Advance(time.Hour)
		if !w.model().AutomaticRepairs {
			t.Error("repairs are on")
		}
		before := w.ids()
		w.setRepairs(rollout.SuspendRepairsOperation, w.SuspendRepairs)
		w.control("POST", "/health", map[string]any{"scaleSet": shop.ID(), "instance": before[0], "state": "unhealthy"}, nil)
		w.clock.Advance(24 * time.Hour)
		if diff := cmp.Diff(before, w.ids()); diff != "" {
			t.Errorf("repaired while suspended: %s", diff)
		}
		if !w.model().AutomaticRepairs {
			t.Error("suspending changes nothing that is declared")
		}
		w.setRepairs(rollout.ResumeRepairsOperation, w.ResumeRepairs)
		w.clock.Advance(time.Hour)
		if diff := cmp.Diff(append(before[1:3:3], "3"), w.ids()); diff != "" {
			t.Errorf("not repaired once resumed: %s", diff)
		}
	})
}

// setRepairs suspends or resumes repairs with exactly one call, and waits until that is done.
func (w *world) setRepairs(kind rollout.OperationKind, begin func(context.Context, rollout.ScaleSet) (rollout.Accepted, error)) {
	w.t.Helper()
	w.calls()
	begun, err := begin(w.t.Context(), shop)
	if got := w.calls(); len(got) != 1 || got[0].Operation != "SetOrchestrationServiceState" {
		w.t.Errorf("want exactly one call, got %+v", got)
	}
	if status := w.finish(kind, begun, err); status.State != rollout.OperationSucceeded {
		w.t.Fatalf("got %+v: %v", status, status.Problem)
	}
	w.checkPolls(w.calls())
}
