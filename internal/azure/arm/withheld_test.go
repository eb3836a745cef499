package arm

import (
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// web is a scale set.
var web = rollout.ScaleSet{SubscriptionID: "00000000-0000-0000-0000-000000000001", ResourceGroup: "shop-rg", Name: "web"}

// TestWithheldOfOperations: an operation's error quotes what scripts printed; what it says of capacity is shown in any case.
func TestWithheldOfOperations(t *testing.T) {
	metric.Fault(t, 1)
	for name, tc := range map[string]struct {
		redactor   *redact.Redactor
		code, text string
		want       string
	}{
		"known": {redact.Of("hunter2xyz"), "VMExtensionProvisioningError", "it printed hunter2xyz", "it printed REDACTED"},
		"unknown": {&redact.Redactor{Blind: "lost"}, "InternalError", "it printed hunter2xyz",
			"what Azure says of it is not shown: lost; to see it: az vmss list-instances -g shop-rg -n web"},
		"former": {&redact.Redactor{BlindScripts: "former"}, "VMExtensionProvisioningError", "the extension printed x",
			"what Azure says of it is not shown: former"},
		"former, else": {&redact.Redactor{BlindScripts: "former"}, "Busy", "the cluster is busy", "the cluster is busy"},
		"no room":      {&redact.Redactor{Blind: "lost"}, "AllocationFailed", "no room", "no room"},
	} {
		t.Run(name, func(t *testing.T) {
			x := &Call{Set: web, known: func() *redact.Redactor { return tc.redactor }}
			got := x.ended("OperationFailed", "failed", answer{Code: tc.code, Message: tc.text}).Message
			if !strings.Contains(got, tc.want) || strings.Contains(got, "hunter2xyz") {
				t.Errorf("got %s\nwant %s", got, tc.want)
			}
		})
	}
}
