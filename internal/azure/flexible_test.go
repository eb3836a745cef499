package azure

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

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
	for value, want := range map[string][]rollout.Instance{
		`[]`:                   nil,
		`[{"instanceId":"3"}]`: {{ID: "3"}},
		`[{"instanceId":"3","properties":null,"resources":null,"zones":null}]`:                    {{ID: "3"}},
		`[{"instanceId":"3","zones":[null],"resources":[null],"properties":{"instanceView":{}}}]`: {{ID: "3"}},
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
	for _, value := range []string{`null`, `[null]`, `[{}]`, `[{"name":"web_3"}]`, `[{"instanceId":"1"},{"instanceId":"1"}]`} {
		f := newFakeARM(t, answering(http.StatusOK, `{"value":`+value+`}`))
		got, err := f.adapter.Instances(context.Background(), web)
		if p := problemOf(t, err); p.Kind != rollout.KindTransient || got != nil {
			t.Errorf("%s: got %v, %+v", value, got, p)
		}
	}
}

// TestSparseVirtualMachines reads virtual machines of a Flexible set that say next to nothing. One of another set is left out; a list that
// lacks all that the set's own list names, names one twice or lacks a name is worthless.
func TestSparseVirtualMachines(t *testing.T) {
	const tag = `"tags":{"VirtualMachineProfileTimeCreated":"8/26/2024 9:42:41 AM +00:00"}`
	vm := func(members, set string) string {
		return `{` + members + `,"properties":{"virtualMachineScaleSet":{"id":"` + set + `"}}}`
	}
	mine, other := strings.ToUpper(web.ID()), web.ID()+"2"
	made := rollout.Origin{ProfileTime: time.Date(2024, 8, 26, 9, 42, 41, 0, time.UTC)}
	for value, want := range map[string][]rollout.Instance{
		vm(`"name":"web_0a","zones":[null],`+tag, mine): {{ID: "web_0a", Name: "web_0a", Origin: made}},
		vm(`"name":"a",`+tag, other) + `,` + vm(`"name":"b","resources":[null]`, mine): {
			{ID: "b", Name: "b", Origin: rollout.Origin{Attached: true}}},
		vm(`"name":"a","tags":{"virtualmachineprofiletimecreated":"yesterday"}`, mine): {{ID: "a", Name: "a"}},
		vm(`"name":"a",`+tag, other):                          nil,
		vm(`"name":"a"`, mine) + `,` + vm(`"name":"A"`, mine): nil,
		vm(`"location":"eastus"`, mine):                       nil,
	} {
		f := newFakeARM(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/virtualMachineScaleSets/"+web.Name+"/virtualMachines") {
				value := `{"value":[{"instanceId":"web_0a","name":"web_0a","zones":[null]}]}`
				answering(http.StatusOK, value)(w, r)
				return
			}
			answering(http.StatusOK, `{"value":[`+value+`]}`)(w, r)
		})
		got, err := f.adapter.Instances(context.Background(), web)
		if (err == nil) != (want != nil) {
			t.Errorf("%s: got %v, %v", value, got, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", value, diff)
		}
	}
}
