package metrics

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
)

// TestAzureRequests: alerts and dashboards rest on these names and labels.
func TestAzureRequests(t *testing.T) {
	registry := prometheus.NewRegistry()
	observe := AzureRequests(registry)
	observe(azure.Call{Operation: "Upgrade", Method: "POST", Status: 202, Took: 20 * time.Millisecond})
	observe(azure.Call{Operation: "Upgrade", Method: "POST", Status: 202, Took: 20 * time.Millisecond})
	observe(azure.Call{Operation: "Model", Method: "GET"})
	want := `
# HELP vmssrollout_azure_requests_total HTTP exchanges with Azure, by what they were for and the status of the answer; 0: no answer.
# TYPE vmssrollout_azure_requests_total counter
vmssrollout_azure_requests_total{method="GET",operation="Model",status="0"} 1
vmssrollout_azure_requests_total{method="POST",operation="Upgrade",status="202"} 2
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "vmssrollout_azure_requests_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(registry, "vmssrollout_azure_request_duration_seconds"); err != nil || n != 2 {
		t.Errorf("%d durations, %v; want one of each operation", n, err)
	}
}
