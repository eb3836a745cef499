package azure

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestSparseModels reads scale sets that say next to nothing.
func TestSparseModels(t *testing.T) {
	linux := newHandler(linuxScript, "2.1")
	for body, want := range map[string]rollout.Model{
		`{}`:                             {Capacity: rollout.UnknownCapacity, Orchestration: rollout.OrchestrationUniform, NewHandler: linux},
		`{"properties":null,"sku":null}`: {Capacity: rollout.UnknownCapacity, Orchestration: rollout.OrchestrationUniform, NewHandler: linux},
		`{"properties":{}}`:              {Capacity: rollout.UnknownCapacity, Orchestration: rollout.OrchestrationUniform, NewHandler: linux},
		`{"properties":{"orchestrationMode":"Flexible","upgradePolicy":null,"virtualMachineProfile":null}}`: {Capacity: rollout.UnknownCapacity,
			Orchestration: rollout.OrchestrationFlexible, NewHandler: linux},
		`{"sku":{},"properties":{"orchestrationMode":"Flexible","upgradePolicy":{},"virtualMachineProfile":{},"automaticRepairsPolicy":{}}}`: {
			Capacity: rollout.UnknownCapacity, Orchestration: rollout.OrchestrationFlexible, NewHandler: linux},
		`{"properties":{"orchestrationMode":"Flexible","provisioningState":"Succeeded","virtualMachineProfile":{"storageProfile":null,` +
			`"networkProfile":{},"extensionProfile":{"extensions":null}}}}`: {
			Capacity: rollout.UnknownCapacity, Orchestration: rollout.OrchestrationFlexible, State: rollout.StateSucceeded, NewHandler: linux},
	} {
		f := newFakeARM(t, answering(http.StatusOK, body))
		got, err := f.adapter.Model(context.Background(), web)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

// TestSparseInstances reads lists that say next to nothing; an item that cannot be named makes them worthless.
func TestSparseInstances(t *testing.T) {
	vm := func(id string) string {
		return `{"properties":{"virtualMachineResourceId":"/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/virtualMachines/` + id +
			`"}}`
	}
	for value, want := range map[string][]rollout.Instance{
		`[]`:                   nil,
		`[{"instanceId":"3"}]`: {{ID: "3"}},
		`[{"instanceId":"3","properties":null,"resources":null,"zones":null}]`:                    {{ID: "3"}},
		`[{"instanceId":"3","zones":[null],"resources":[null],"properties":{"instanceView":{}}}]`: {{ID: "3"}},
		`[{"instanceId":"web_0a1b2c3d","name":"web_0a1b2c3d"}]`:                                   {{ID: "web_0a1b2c3d", Name: "web_0a1b2c3d"}},
		`[` + vm("web_0a1b2c3d") + `]`:                                                            {{ID: "web_0a1b2c3d"}},
		`[{"instanceId":"7",` + vm("other.vm")[1:] + `]`:                                          {{ID: "other.vm"}},
	} {
		f := newFakeARM(t, answering(http.StatusOK, `{"value":`+value+`}`))
		got, err := f.adapter.Instances(context.Background(), web)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", value, diff)
		}
	}
	for _, value := range []string{`null`, `[null]`, `[{}]`, `[{"name":"web_3"}]`, `[` + vm("") + `]`,
		`[` + vm("a") + `,` + vm("A") + `]`} {
		f := newFakeARM(t, answering(http.StatusOK, `{"value":`+value+`}`))
		got, err := f.adapter.Instances(context.Background(), web)
		if p := problemOf(t, err); p.Kind != rollout.KindTransient || got != nil {
			t.Errorf("%s: got %v, %+v", value, got, p)
		}
	}
}
