package controllers

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Metrics counts what rollouts do. A nil *Metrics counts nothing.
type Metrics struct {
	status    *prometheus.GaugeVec
	instances *prometheus.GaugeVec
	steps     *prometheus.CounterVec
}

// NewMetrics registers the rollout metrics.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		status: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vmssrollout_status",
			Help: "1 for the reason a rollout stands at, one of the reasons of its Ready condition.",
		}, []string{"namespace", "name", "reason"}),
		instances: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vmssrollout_instances",
			Help: "Instances of a rollout's scale set by state: eligible, desired, updated, ready, failed, unavailable, overshoot.",
		}, []string{"namespace", "name", "state"}),
		steps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vmssrollout_steps_total",
			Help: "Steps started, by kind of operation.",
		}, []string{"namespace", "name", "operation"}),
	}
	registry.MustRegister(m.status, m.instances, m.steps)
	return m
}

// observe shows what a round reported.
func (m *Metrics) observe(round *round, d rollout.Decision) {
	if m == nil {
		return
	}
	namespace, name := round.object.Namespace, round.object.Name
	m.stands(types.NamespacedName{Namespace: namespace, Name: name}, d.Explanation.Reason)
	if round.began != "" {
		m.steps.WithLabelValues(namespace, name, string(round.began)).Inc()
	}
	if p := d.Report.Progress; p != nil {
		for state, n := range map[string]int{
			"eligible": p.Eligible, "desired": p.Desired, "updated": p.Updated, "ready": p.Ready,
			"failed": p.Failed, "unavailable": p.Unavailable, "overshoot": p.Overshoot,
		} {
			m.instances.WithLabelValues(namespace, name, state).Set(float64(n))
		}
	}
}

// stands shows the reason that a rollout stands at.
func (m *Metrics) stands(name types.NamespacedName, reason rollout.Reason) {
	if m == nil {
		return
	}
	m.status.DeletePartialMatch(prometheus.Labels{"namespace": name.Namespace, "name": name.Name})
	m.status.WithLabelValues(name.Namespace, name.Name, string(reason)).Set(1)
}

// forget drops the series of a rollout that is gone.
func (m *Metrics) forget(name types.NamespacedName) {
	if m == nil {
		return
	}
	labels := prometheus.Labels{"namespace": name.Namespace, "name": name.Name}
	m.status.DeletePartialMatch(labels)
	m.instances.DeletePartialMatch(labels)
	m.steps.DeletePartialMatch(labels)
}
