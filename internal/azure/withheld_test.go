package azure

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
)

// failedScript is an instance whose script failed.
const failedScript = `{"instanceId":"4","properties":{"latestModelApplied":%LATEST%,"instanceView":{
 "extensions":[{"name":"CSE","type":"Microsoft.Azure.Extensions.CustomScript",
  "statuses":[{"code":"ProvisioningState/failed/1",
   "message":"Enable failed: exit status=7\n[stdout]\n\n[stderr]\nhunter2xyz is no good"}]}]}}}`

// allocationFailed is an instance that Azure has no room for.
const allocationFailed = `{"instanceId":"4",` +
	`"properties":{"instanceView":{"statuses":[{"code":"ProvisioningState/failed/AllocationFailed","message":"no room"}]}}}`

// TestWithheld: what a script printed is shown without the secrets that are known, and is not shown at all where not all of them are.
func TestWithheld(t *testing.T) {
	metric.Fault(t, 1)
	const see = "to see it: az vmss get-instance-view -g shop-rg -n web --instance-id 4"
	known := redact.Of("bash x.sh hunter2xyz")
	for name, tc := range map[string]struct {
		redactor *redact.Redactor
		body     string
		latest   string
		want     string
	}{
		"known": {known, failedScript, "true", "extension CSE failed: Enable failed: exit status=7 [stderr] REDACTED is no good"},
		"unknown": {&redact.Redactor{Blind: "lost"}, failedScript, "true",
			"extension CSE failed: exit status=7; what it printed is not shown: lost; " + see},
		"unknown of outdated": {&redact.Redactor{BlindOutdated: "old"}, failedScript, "false",
			"extension CSE failed: exit status=7; what it printed is not shown: old; " + see},
		"known of up to date": {&redact.Redactor{BlindOutdated: "old"}, failedScript, "true",
			"extension CSE failed: Enable failed: exit status=7 [stderr] hunter2xyz is no good"},
		"unknown of scripts": {&redact.Redactor{BlindScripts: "former"}, failedScript, "true",
			"extension CSE failed: exit status=7; what it printed is not shown: former; " + see},
		"no room is no secret": {&redact.Redactor{Blind: "lost"}, allocationFailed, "", "no room"},
	} {
		t.Run(name, func(t *testing.T) {
			var vm armcompute.VirtualMachineScaleSetVM
			if err := json.Unmarshal([]byte(strings.ReplaceAll(tc.body, "%LATEST%", tc.latest)), &vm); err != nil {
				t.Fatal(err)
			}
			x := &arm.Call{Set: web}
			x.With(redact.Into(t.Context(), func() *redact.Redactor { return tc.redactor }))
			if got := instanceOf(vm, x).Message; got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}
