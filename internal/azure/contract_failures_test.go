package azure_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestContractStaleInstance: the whole call is refused, and no instance is upgraded.
func TestContractStaleInstance(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.newRelease()
		_, err := w.Upgrade(t.Context(), shop, refs(w.ids()[0], "2143"))
		if kind := kindOf(t, err); kind != rollout.KindInstanceGone {
			t.Errorf("got %v", err)
		}
		w.clock.Advance(time.Hour)
		for id, m := range w.virtualMachines() {
			if m.Upgrades != 0 {
				t.Errorf("instance %s was upgraded: %+v", id, m)
			}
		}
	})
}

func TestContractOperationEnds(t *testing.T) {
	for name, c := range map[string]struct {
		fault map[string]any
		state rollout.OperationState
		kind  rollout.Kind
	}{
		"failed": {map[string]any{"kind": "operationFailed", "code": "AllocationFailed", "message": "no room"}, rollout.OperationFailed,
			rollout.KindOperationFailed},
		"canceled":  {map[string]any{"kind": "operationCanceled"}, rollout.OperationCanceled, rollout.KindCanceled},
		"preempted": {map[string]any{"kind": "preempted"}, rollout.OperationCanceled, rollout.KindPreempted},
		"lost":      {map[string]any{"kind": "operationLost"}, rollout.OperationLost, rollout.KindOperationLost},
	} {
		t.Run(name, func(t *testing.T) {
			inWorlds(t, func(t *testing.T, w *world) {
				w.newRelease()
				c.fault["operation"] = "UpdateInstances"
				w.faults(c.fault)
				begun, err := w.Upgrade(t.Context(), shop, refs(w.ids()[0]))
				status := w.finish(rollout.UpgradeOperation, begun, err)
				if status.State != c.state || status.Problem == nil || status.Problem.Kind != c.kind {
					t.Errorf("got %+v: %v", status, status.Problem)
				}
			})
		})
	}
}

func TestContractOperationStuck(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.newRelease()
		w.faults(map[string]any{"operation": "UpdateInstances", "kind": "operationStuck"})
		begun, err := w.Upgrade(t.Context(), shop, refs(w.ids()[0]))
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(3 * time.Hour)
		status, err := w.Poll(t.Context(), shop, rollout.UpgradeOperation, begun.PollToken)
		if err != nil || status.State != rollout.OperationRunning {
			t.Errorf("got %+v, %v", status, err)
		}
	})
}

func TestContractThrottled(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.faults(map[string]any{"operation": "*", "kind": "status", "status": 429, "code": "TooManyRequests", "retryAfterSeconds": 120})
		w.calls()
		_, readErr := w.Instances(t.Context(), shop)
		_, writeErr := w.Upgrade(t.Context(), shop, refs("0"))
		for _, err := range []error{readErr, writeErr} {
			if kind := kindOf(t, err); kind != rollout.KindThrottled {
				t.Errorf("got %v", err)
			}
		}
		if p := problem(t, writeErr); p.RetryAfter != 2*time.Minute {
			t.Errorf("got %+v", p)
		}
		if got := w.calls(); len(got) != 2 {
			t.Errorf("the SDK must not try again, got %+v", got)
		}
	})
}

// TestContractSecondPageFails holds that a partial list is never returned.
func TestContractSecondPageFails(t *testing.T) {
	for name, fault := range map[string]map[string]any{
		"error":     {"kind": "status", "status": 500},
		"cut":       {"kind": "resetBeforeSend"},
		"truncated": {"kind": "truncate"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorlds(t, func(t *testing.T, w *world) {
				fault["operation"], fault["skip"] = "VMs.List", 1
				w.faults(fault)
				got, err := w.Instances(t.Context(), shop)
				if kind := kindOf(t, err); kind != rollout.KindTransient || got != nil {
					t.Errorf("got %v, %v", got, err)
				}
				w.faults()
				w.instances()
			})
		})
	}
}

// TestContractAnswerLost holds that of an effect whose answer never came nothing is claimed.
func TestContractAnswerLost(t *testing.T) {
	for name, c := range map[string]struct {
		fault   map[string]any
		applied bool
	}{
		"before": {map[string]any{"kind": "resetBeforeSend"}, false},
		"after":  {map[string]any{"kind": "resetAfterApply"}, true},
		"502":    {map[string]any{"kind": "status", "status": 502}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inWorlds(t, func(t *testing.T, w *world) {
				w.newRelease()
				id := w.ids()[0]
				c.fault["operation"] = "UpdateInstances"
				w.faults(c.fault)
				w.calls()
				_, err := w.Upgrade(t.Context(), shop, refs(id))
				if kind := kindOf(t, err); kind != rollout.KindAmbiguous {
					t.Errorf("got %v", err)
				}
				if got := w.calls(); len(got) != 1 {
					t.Errorf("nothing may be sent again, got %+v", got)
				}
				w.clock.Advance(time.Hour)
				if applied := w.instances()[id].Latest == rollout.True; applied != c.applied {
					t.Errorf("applied: %v", applied)
				}
			})
		})
	}
}

func TestContractAccess(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		_, err := w.as(bearer("forbidden")).Upgrade(t.Context(), shop, refs("0"))
		p := problem(t, err)
		if p.Kind != rollout.KindForbidden || !strings.Contains(p.Message, "Microsoft.Compute/virtualMachineScaleSets/manualUpgrade/action") ||
			!strings.HasPrefix(p.Remediation, "az role assignment create ") {
			t.Errorf("got %+v", p)
		}
		for _, set := range []rollout.ScaleSet{
			{SubscriptionID: shop.SubscriptionID, ResourceGroup: shop.ResourceGroup, Name: "nowhere"},
			{SubscriptionID: shop.SubscriptionID, ResourceGroup: "nowhere", Name: shop.Name},
		} {
			_, err := w.Model(t.Context(), set)
			if p := problem(t, err); p.Kind != rollout.KindNotFound || !strings.HasPrefix(p.Remediation, "az vmss show ") {
				t.Errorf("got %+v", p)
			}
			_, err = w.Instances(t.Context(), set)
			if p := problem(t, err); p.Kind != rollout.KindNotFound {
				t.Errorf("got %+v", p)
			}
		}
	})
}

// TestContractTenModels holds that an eleventh model is refused, whichever way it comes, until the instances of one have moved on.
func TestContractTenModels(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.control("POST", "/scale", map[string]any{"scaleSet": shop.ID(), "capacity": 10}, nil)
		w.clock.Advance(time.Hour)
		ids := w.ids()
		for n := range ids[:9] {
			begun, err := w.writeTag(n)
			w.finish(rollout.WriteScriptOperation, begun, err)
			begun, err = w.Upgrade(t.Context(), shop, refs(ids[n]))
			w.finish(rollout.UpgradeOperation, begun, err)
		}
		before := w.raw()
		_, byScript := w.writeTag(9)
		_, byImage := w.WriteImage(t.Context(), shop, rollout.WriteImage{Image: rollout.Image{ID: image2}})
		_, byRemoval := w.RemoveScript(t.Context(), shop, rollout.RemoveScript{Extension: "vmssrollout-script"})
		for _, err := range []error{byScript, byImage, byRemoval} {
			p := problem(t, err)
			if p.Kind != rollout.KindQuota || !strings.Contains(p.Message, "limit of 10 models") ||
				!strings.HasPrefix(p.Remediation, "az vmss update-instances ") {
				t.Errorf("got %+v, remediation %q", p, p.Remediation)
			}
		}
		if diff := cmp.Diff(before, w.raw()); diff != "" {
			t.Errorf("what is refused changes nothing: %s", diff)
		}
		begun, err := w.Upgrade(t.Context(), shop, refs(ids[9])) // the last of the oldest model
		w.finish(rollout.UpgradeOperation, begun, err)
		if _, err := w.writeTag(9); err != nil {
			t.Errorf("there is room again: %v", err)
		}
	})
}

// writeTag makes a model that differs from others by the script's tag.
func (w *world) writeTag(n int) (rollout.Accepted, error) {
	w.t.Helper()
	step := rollout.WriteScript{Script: rollout.Script{Command: "true"}, ForceUpdateTag: strconv.Itoa(n)}
	return w.WriteScript(w.t.Context(), shop, step, nil)
}

// TestContractPermanentRefusals holds that what no waiting changes is told as such, with the next command.
func TestContractPermanentRefusals(t *testing.T) {
	metric.Fault(t, 3)
	inWorlds(t, func(t *testing.T, w *world) {
		write := func(image rollout.Image) *rollout.Problem {
			t.Helper()
			_, err := w.WriteImage(t.Context(), shop, rollout.WriteImage{Image: image, ETag: w.model().ETag})
			return problem(t, err)
		}
		w.control(http.MethodPut, "/images", map[string]any{"id": image2, "diskSizeGB": 64}, nil)
		if p := write(rollout.Image{ID: image2}); p.Kind != rollout.KindInvalid || !strings.HasSuffix(p.Remediation, "osDisk.diskSizeGB=64") {
			t.Errorf("a larger disk: got %+v, remediation %q", p, p.Remediation)
		}
		w.control(http.MethodPut, "/switches", map[string]any{"imageTypeChange": "refuse"}, nil)
		marketplace := rollout.Image{Publisher: "Canonical", Offer: "ubuntu", SKU: "22_04", Version: "1.0.0"}
		if p := write(marketplace); p.Kind != rollout.KindInvalid || !strings.Contains(p.Message, "Image type") || p.Remediation == "" {
			t.Errorf("another type: got %+v, remediation %q", p, p.Remediation)
		}
		w.control(http.MethodPut, "/switches", map[string]any{}, nil)
		w.faults(map[string]any{"operation": "Update", "kind": "status", "status": 409, "code": "SkuNotAvailable",
			"message": "The requested size is currently not available in location 'eastus' zones '' for subscription 's'."})
		if p := write(marketplace); p.Kind != rollout.KindInvalid || !strings.Contains(p.Remediation, "--location eastus") {
			t.Errorf("no such size: got %+v, remediation %q", p, p.Remediation)
		}
		w.faults()
		w.control(http.MethodPut, "/images", map[string]any{"id": image2}, nil)
		w.newRelease()
		w.faults(map[string]any{"operation": "UpdateInstances", "kind": "status", "status": 404, "code": "NotFound",
			"message": "The VM instance cannot be found."})
		if _, err := w.Upgrade(t.Context(), shop, refs(w.ids()[0])); problem(t, err).Kind != rollout.KindInstanceGone {
			t.Errorf("an instance that is gone: got %v", err)
		}
	})
}
