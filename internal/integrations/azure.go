// Package integrations connects checks, hooks and the draining of nodes with Azure and Kubernetes: each type implements a port of a package
// that knows neither.
package integrations

import (
	"cmp"
	"context"
	"net/netip"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Instances is Azure as checks need it: they name scale sets and instances in words of their own.
type Instances struct{ Azure *azure.Adapter }

func setOf(s checks.ScaleSet) rollout.ScaleSet {
	return rollout.ScaleSet{SubscriptionID: s.SubscriptionID, ResourceGroup: s.ResourceGroup, Name: s.Name}
}

// Run implements checks.Commands.
func (n Instances) Run(ctx context.Context, set checks.ScaleSet, i checks.Instance, script string) (int, string, error) {
	return n.Azure.RunCommand(ctx, setOf(set), i.ID, script)
}

// Metric implements checks.Metrics.
func (n Instances) Metric(ctx context.Context, q checks.MetricQuery) ([]float64, error) {
	id, name := "", ""
	if q.Instance != nil {
		id, name = q.Instance.ID, q.Instance.Name
	}
	return n.Azure.Metric(ctx, setOf(q.Set), id, name, q.Namespace, q.Name, string(q.Aggregation), q.Window)
}

// Addresses implements checks.Addresses.
func (n Instances) Addresses(ctx context.Context, set checks.ScaleSet, i checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
	found, err := n.Azure.AddressesOf(ctx, setOf(set), rollout.Ref{ID: i.ID, VMID: i.VMID})
	return found.Private, found.NAT, cmp.Or(err, found.Missing)
}
