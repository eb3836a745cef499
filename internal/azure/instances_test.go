package azure

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const fullInstance = `{"name":"web_4","instanceId":"4","zones":["2"],
 "resources":[{"name":"CSE","properties":{"publisher":"Microsoft.Azure.Extensions","type":"CustomScript"}}],
 "properties":{"latestModelApplied":true,"vmId":"v-4","provisioningState":"Succeeded","timeCreated":"2026-01-02T03:04:05+00:00",
 "protectionPolicy":{"protectFromScaleSetActions":true},
 "storageProfile":{"imageReference":{"id":"/i/1","exactVersion":"1"},"osDisk":{"name":"disk","managedDisk":{"id":"/d/1"}}},
 "instanceView":{"statuses":[{"code":"ProvisioningState/succeeded"},{"code":"PowerState/running"}],
  "vmHealth":{"status":{"code":"HealthState/healthy","time":"2026-01-02T04:00:00Z"}},
  "extensions":[{"name":"CSE","type":"Microsoft.Azure.Extensions.CustomScript",
   "statuses":[{"code":"ProvisioningState/succeeded","message":"done"}]}]}}}`

func instanceFrom(t *testing.T, body string) rollout.Instance {
	t.Helper()
	var vm armcompute.VirtualMachineScaleSetVM
	if err := json.Unmarshal([]byte(body), &vm); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return instanceOf(vm, &arm.Call{})
}

func TestInstance(t *testing.T) {
	want := rollout.Instance{
		ID:        "4",
		Name:      "web_4",
		VMID:      "v-4",
		Zone:      "2",
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		State:     rollout.StateSucceeded,
		Latest:    rollout.True,
		Protected: true,
		Power:     rollout.PowerState{Running: rollout.True},
		Health:    rollout.HealthReport{Healthy: rollout.True, Since: time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)},
		Disk:      rollout.OSDisk{Image: &rollout.Image{ID: "/i/1"}, ImageVersion: "1", ID: diskFingerprint("/d/1")},
		Script:    rollout.ScriptSucceeded,
		InstanceReports: rollout.InstanceReports{
			Scripts: []rollout.InstanceScript{{Extension: "CSE", State: rollout.ScriptSucceeded}},
		},
	}
	if diff := cmp.Diff(want, instanceFrom(t, fullInstance)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(rollout.Instance{ID: "4"}, instanceFrom(t, `{"instanceId":"4"}`)); diff != "" {
		t.Errorf("what is not shown is not known: %s", diff)
	}
	if got := instanceFrom(t, `{"properties":{"storageProfile":{"osDisk":{"name":"disk"}}}}`).Disk.ID; got != diskFingerprint("disk") {
		t.Errorf("got %q", got)
	}
}

func TestInstanceLackingAnything(t *testing.T) {
	everyLack(t, fullInstance, func(body []byte) { instanceFrom(t, string(body)) })
}

func TestInstanceTruths(t *testing.T) {
	view := func(inner string) string { return `{"properties":{"instanceView":{` + inner + `}}}` }
	says := func(text string) rollout.Instance {
		return rollout.Instance{InstanceReports: rollout.InstanceReports{Message: text}}
	}
	for body, want := range map[string]rollout.Instance{
		`{"properties":{"latestModelApplied":false}}`:      {Latest: rollout.False},
		`{"properties":{"provisioningState":"Migrating"}}`: {},
		`{"properties":{"provisioningState":"updating"}}`:  {State: rollout.StateUpdating},
		`{"properties":{"provisioningState":"Deleting"}}`:  {State: rollout.StateDeleting},
		view(`"statuses":[{"code":"PowerState/deallocated"}]`): {
			Power: rollout.PowerState{Running: rollout.False, Off: rollout.OffDeallocated},
		},
		view(`"statuses":[{"code":"PowerState/stopped"}]`): {
			Power: rollout.PowerState{Running: rollout.False, Off: rollout.OffStopped},
		},
		view(`"statuses":[{"code":"PowerState/stopping"}]`):               {},
		view(`"statuses":[{"code":"PowerState/starting"}]`):               {},
		view(`"statuses":[{"code":"powerstate/RUNNING"}]`):                {Power: rollout.PowerState{Running: rollout.True}},
		view(`"statuses":[null,{}]`):                                      {},
		view(`"vmHealth":{"status":{"code":"HealthState/unhealthy"}}`):    {Health: rollout.HealthReport{Healthy: rollout.False}},
		view(`"vmHealth":{"status":{"code":"HealthState/initializing"}}`): {},
		view(`"vmHealth":{"status":{"code":"HealthState/unknown"}}`):      {},
		view(`"vmHealth":{}`):                                             {},
		view(`"extensions":[]`):                                           {},
		view(`"extensions":[{"name":"other","type":"a.b"}]`):              {Script: rollout.ScriptAbsent},
		view(agentReady): {Script: rollout.ScriptAbsent},
		view(`"vmAgent":{"statuses":[{"code":"ProvisioningState/Unavailable"}]}`): {},
		view(`"vmAgent":{}`): {},
		`{"resources":[{"name":"cse","properties":{"publisher":"Microsoft.Azure.Extensions","type":"CustomScript"}}],
		  "properties":{"instanceView":{` + agentReady + `}}}`: {},
		view(`"extensions":[{"type":"microsoft.azure.extensions.customscript"}]`):                        {},
		view(`"extensions":[{"type":"Microsoft.Compute.CustomScriptExtension",` + running1 + `}]`):       {Script: rollout.ScriptRunning},
		view(`"extensions":[{"type":"Microsoft.OSTCExtensions.CustomScriptForLinux",` + running2 + `}]`): {Script: rollout.ScriptRunning},
		`{"resources":[{"name":"cse","properties":{"publisher":"Microsoft.Azure.Extensions","type":"CustomScript"}}],
		  "properties":{"instanceView":{"extensions":[{"name":"CSE",` + running1 + `}]}}}`: {Script: rollout.ScriptRunning},
		view(`"statuses":[{"code":"ProvisioningState/failed/AllocationFailed","message":"no room"}]`):  says("no room"),
		view(`"statuses":[{"code":"ProvisioningState/failed","displayStatus":"Provisioning failed"}]`): says("Provisioning failed"),
	} {
		if diff := cmp.Diff(want, instanceFrom(t, body), cmpopts.IgnoreFields(rollout.Instance{}, "InstanceReports.Scripts")); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

const (
	agentReady = `"vmAgent":{"statuses":[null,{"code":"ProvisioningState/succeeded"}],"extensionHandlers":[]}`
	running1   = `"statuses":[{"code":"ProvisioningState/transitioning"}]`
	running2   = `"statuses":[{"code":"Other/x"},{"code":"ProvisioningState/updating"}]`
)

func TestInstanceMessages(t *testing.T) {
	stderr := strings.Repeat("noise ", 400) + "E: no such package"
	linux, err := json.Marshal("Enable failed: exit status=1\n[stdout]\nhello\n\n[stderr]\n" + stderr)
	if err != nil {
		t.Fatal(err)
	}
	failed := func(name, kind, message, more string) string {
		return `{"name":"` + name + `","type":"` + kind + `","statuses":[{"code":"ProvisioningState/failed/1","message":` + message + `}]` +
			more + `}`
	}
	for name, c := range map[string]struct{ extensions, prefix, suffix string }{
		"the script before others": {
			failed("agent", "a.b", `"broken"`, "") + "," + failed("CSE", "Microsoft.Azure.Extensions.CustomScript", string(linux), "") + "," +
				failed("z", "a.b", `"broken"`, ""),
			"extension CSE failed: Enable failed: exit status=1 [stderr] …", "E: no such package",
		},
		"another": {failed("agent", "a.b", `"broken"`, ""), "extension agent failed: broken", "broken"},
		"Windows": {
			failed("W", "Microsoft.Compute.CustomScriptExtension", `"Finished executing command"`,
				`,"substatuses":[{"code":"ComponentStatus/StdOut/succeeded","message":"out"},{"code":"ComponentStatus/StdErr/succeeded",`+
					`"message":"err"}]`),
			"extension W failed: Finished executing command [stderr] err", "err",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := instanceFrom(t, `{"properties":{"instanceView":{"extensions":[`+c.extensions+`]}}}`).Message
			if !strings.HasPrefix(got, c.prefix) || !strings.HasSuffix(got, c.suffix) || len(got) > message.FailureLimit {
				t.Errorf("got %d bytes: %s", len(got), got)
			}
		})
	}
}

// pages serves the given bodies one after the other, each linking to the next.
func pages(bodies ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := 0
		if _, err := fmt.Sscan(r.URL.Query().Get("page"), &n); err != nil {
			n = 0
		}
		next := ""
		if n+1 < len(bodies) {
			next = fmt.Sprintf(`,"nextLink":"http://%s%s?page=%d&$skiptoken=a+b"`, r.Host, r.URL.Path, n+1)
		}
		answering(http.StatusOK, `{"value":[`+bodies[n]+`]`+next+`}`)(w, r)
	}
}

func TestInstancesReadsAllPages(t *testing.T) {
	f := newFakeARM(t, pages(`{"instanceId":"10"}`, ``, `{"instanceId":"2"},{"instanceId":"3"}`, ``))
	got, err := f.adapter.Instances(context.Background(), web)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]rollout.Instance{{ID: "10"}, {ID: "2"}, {ID: "3"}}, got); diff != "" {
		t.Error(diff)
	}
	seen := f.seen()
	if len(seen) != 4 {
		t.Fatalf("want a request a page, got %d", len(seen))
	}
	want := request{
		Method:        "GET",
		Path:          base + "/virtualMachines",
		Query:         "%24expand=instanceView&" + version,
		Authorization: "Bearer " + secretToken,
	}
	if diff := cmp.Diff(want, seen[0]); diff != "" {
		t.Error(diff)
	}
}

func TestInstancesOfAnEmptySet(t *testing.T) {
	f := newFakeARM(t, pages(``))
	got, err := f.adapter.Instances(context.Background(), web)
	if err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestListsThatCannotBeTrusted(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"no id":              pages(`{"name":"x"}`),
		"null":               pages(`null`),
		"twice":              pages(`{"instanceId":"1"},{"instanceId":"1"}`),
		"twice across pages": pages(`{"instanceId":"1"}`, `{"instanceId":"1"}`),
		"in circles": func(w http.ResponseWriter, r *http.Request) {
			answering(http.StatusOK, `{"value":[],"nextLink":"http://`+r.Host+`/again"}`)(w, r)
		},
		"second page fails": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/second" {
				answering(http.StatusInternalServerError, "")(w, r)
				return
			}
			answering(http.StatusOK, `{"value":[{"instanceId":"1"}],"nextLink":"http://`+r.Host+`/second"}`)(w, r)
		},
		"second page cut": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/second" {
				panic(http.ErrAbortHandler)
			}
			answering(http.StatusOK, `{"value":[{"instanceId":"1"}],"nextLink":"http://`+r.Host+`/second"}`)(w, r)
		},
		"next page nowhere": answering(http.StatusOK, `{"value":[{"instanceId":"1"}],"nextLink":"http://[::1/signed"}`),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, answer)
			got, err := f.adapter.Instances(context.Background(), web)
			if p := problemOf(t, err); p.Kind != rollout.KindTransient || got != nil {
				t.Errorf("got %v, %+v", got, p)
			}
		})
	}
}

// TestPagesWithoutAList: an answer that holds no list is a failed read, whichever page it is; only an empty list is one.
func TestPagesWithoutAList(t *testing.T) {
	metric.Fault(t, 25)
	for name, body := range map[string]string{"nothing": `{}`, "null": `{"value":null}`, "an odd name": `{"values":[]}`} {
		for _, page := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s on page %d", name, page), func(t *testing.T) {
				f := newFakeARM(t, func(w http.ResponseWriter, r *http.Request) {
					if page == 1 && r.URL.Query().Get("page") == "" {
						answering(
							http.StatusOK,
							fmt.Sprintf(`{"value":[{"instanceId":"1"}],"nextLink":"http://%s%s?page=1"}`, r.Host, r.URL.Path),
						)(
							w,
							r,
						)
						return
					}
					answering(http.StatusOK, body)(w, r)
				})
				got, err := f.adapter.Instances(context.Background(), web)
				if p := problemOf(t, err); got != nil || p.Kind != rollout.KindTransient || !strings.Contains(p.Message, "holds no list") {
					t.Errorf("got %v, %+v", got, p)
				}
			})
		}
	}
}
