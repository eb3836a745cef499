// Package metrics registers the Prometheus metrics of the requests that go to Azure.
package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
)

// AzureRequests registers what ARM is asked and how it answers, and returns the observer that counts it.
func AzureRequests(registry prometheus.Registerer) func(azure.Call) {
	calls := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "vmssrollout_azure_requests_total",
		Help: "HTTP exchanges with Azure, by what they were for and the status of the answer; 0: no answer.",
	}, []string{"operation", "method", "status"})
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "vmssrollout_azure_request_duration_seconds",
		Help:    "How long HTTP exchanges with Azure took.",
		Buckets: prometheus.ExponentialBuckets(0.01, 2, 13),
	}, []string{"operation"})
	registry.MustRegister(calls, took)
	return func(c azure.Call) {
		calls.WithLabelValues(c.Operation, c.Method, strconv.Itoa(c.Status)).Inc()
		took.WithLabelValues(c.Operation).Observe(c.Took.Seconds())
	}
}
