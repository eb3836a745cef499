package archtest

import "testing"

// TestImports fails for every import that the rooms do not allow.
func TestImports(t *testing.T) {
	violations, err := Violations()
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range violations {
		t.Error(violation)
	}
}

// TestForbids is the test of the test: arrows that must not be drawn are seen.
func TestForbids(t *testing.T) {
	for _, tc := range []struct {
		from, imported string
		allowed        bool
	}{
		{"internal/rollout", "time", true},
		{"internal/rollout", "k8s.io/apimachinery/pkg/types", false},
		{"internal/rollout", module + "/api/v1alpha1", false},
		{"internal/rollout", module + "/internal/rollout/planner", false},
		{"internal/rollout/planner/target", module + "/internal/rollout", true},
		{"internal/rollout/planner/target", module + "/internal/rollout/planner/view", false},
		{"internal/rollout/planner/gate", module + "/internal/rollout/planner/view", true},
		{"internal/rollout/planner/gate", module + "/internal/rollout/planner/advance", false},
		{"internal/rollout/planner/advance", module + "/internal/rollout/planner/strategy", false},
		{"internal/rollout/planner/strategy", module + "/internal/rollout/planner", false},
		{"internal/azuresim", module + "/internal/azure", false},
		{"internal/azuresim/fleet", module + "/internal/rollout", false},
		{"internal/azuresim/fleet", module + "/internal/azuresim", false},
		{"internal/azuresim/fleet", module + "/internal/azuresim/guest", true},
		{"internal/azuresim/vmss", module + "/internal/azuresim/network", false},
		{"internal/azuresim/tree", module + "/internal/azuresim/arm", false},
		{"controllers", module + "/internal/azure", false},
		{"controllers", "github.com/Azure/azure-sdk-for-go/sdk/azcore", false},
		{"internal/convert", "sigs.k8s.io/controller-runtime/pkg/client", false},
		{"internal/convert", module + "/internal/rollout/statecodec", true},
		{"internal/convert", module + "/controllers", false},
		{"internal/revisions", module + "/controllers", false},
		{"internal/secrets", module + "/api/v1alpha1", false},
		{"internal/conditions", "k8s.io/apimachinery/pkg/api/meta", true},
		{"api/v1alpha1", "sigs.k8s.io/controller-runtime", false},
		{"internal/checks", "k8s.io/client-go/util/jsonpath", true},
		{"internal/checks", "k8s.io/client-go/kubernetes", false},
		{"internal/checks", module + "/internal/azure", false},
		{"internal/checks/outbound", "github.com/Azure/azure-sdk-for-go/sdk/azcore", false},
		{"internal/analysis", module + "/controllers", false},
		{"internal/analysis", "sigs.k8s.io/controller-runtime/pkg/client", false},
		{"internal/nodes", "k8s.io/kubectl/pkg/drain", true},
		{"internal/nodes", module + "/api/v1alpha1", false},
		{"controllers", module + "/internal/nodes", false},
		{"", module + "/internal/azuresim", false},
		{"", "github.com/Azure/azure-sdk-for-go/sdk/azidentity", false},
		{"internal/integrations", module + "/controllers", false},
		{"internal/metrics", module + "/internal/azure", true},
		{"internal/leaderelection", module + "/controllers", false},
		{"internal/azure", module + "/controllers", false},
		{"internal/azure", module + "/internal/azure/arm", true},
		{"internal/azure/addresses", module + "/internal/azure/arm", true},
		{"internal/azure/addresses", module + "/internal/azure", false},
		{"internal/azure/arm", module + "/internal/azure", false},
		{"internal/azure/message", module + "/internal/rollout", false},
	} {
		r, known := roomOf(tc.from)
		if !known {
			t.Fatalf("no room for %q", tc.from)
		}
		if complaint := r.forbids(tc.from, tc.imported); (complaint == "") != tc.allowed {
			t.Errorf("%q importing %q: got %q, want allowed %v", tc.from, tc.imported, complaint, tc.allowed)
		}
	}
}
