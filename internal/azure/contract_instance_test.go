package azure_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestContractHasInstance asks for single instances of both kinds of scale set, whatever a list says of them.
func TestContractHasInstance(t *testing.T) {
	metric.Fault(t, 25)
	inWorlds(t, func(t *testing.T, w *world) {
		w.flexible()
		for _, set := range []rollout.ScaleSet{shop, flex} {
			list, err := w.Instances(t.Context(), set)
			if err != nil {
				t.Fatal(err)
			}
			there, leaves, never := list[0].ID, list[1].ID, "2143"
			if set == flex {
				never = "flex_00000000"
			}
			w.faults(map[string]any{"operation": "VMs.List", "kind": "listOmits", "instances": []string{there}})
			w.arm(http.MethodDelete, set.ID()+"/virtualMachines/"+leaves, "")
			for id, want := range map[string]bool{there: true, leaves: false, never: false} {
				if has, err := w.HasInstance(t.Context(), set, id); err != nil || has != want {
					t.Errorf("instance %s of scale set %q: got %t, %v", id, set, has, err)
				}
			}
			w.clock.Advance(time.Hour) // now it is gone, not only on its way out
			w.calls()
			if has, err := w.HasInstance(t.Context(), set, leaves); err != nil || has {
				t.Errorf("instance %s of scale set %q: got %t, %v", leaves, set, has, err)
			}
			if calls := w.calls(); len(calls) != 1 {
				t.Errorf("want one call, got %+v", calls)
			}
			w.faults()
		}
		if has, err := w.HasInstance(t.Context(), rollout.ScaleSet{SubscriptionID: shop.SubscriptionID, ResourceGroup: shop.ResourceGroup,
			Name: "web2"}, w.flexInstances()[0].ID); err != nil || has {
			t.Errorf("an instance of another scale set: got %t, %v", has, err)
		}
		w.faults(map[string]any{"operation": "*", "kind": "status", "status": 500})
		if has, err := w.HasInstance(t.Context(), shop, "0"); kindOf(t, err) != rollout.KindTransient || has {
			t.Errorf("got %t, %v", has, err)
		}
	})
}
