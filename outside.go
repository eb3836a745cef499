package main

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/controllers"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/nodes"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/verify"
)

// addOutside gives the reconciler what works outside of the reconcile path: checks, hooks and the draining of nodes.
func addOutside(mgr ctrl.Manager, s *settings, adapter *azure.Adapter, reconciler *controllers.VMSSRolloutReconciler) error {
	wakes := &controllers.Wakes{}
	around := machines{adapter}
	desk := verify.New(verify.Options{
		Ports: checks.Ports{
			Outbound: outbound.New(outbound.Options{Allow: s.allowOutbound}), Secrets: secrets{mgr.GetAPIReader()},
			Commands: around, Metrics: around, Addresses: around, Excerpt: s.checkExcerpt, Redactor: reconciler.Redactor,
		},
		Changed: wakes.Wake,
	})
	access, err := nodes.Client(mgr.GetConfig())
	if err != nil {
		return err
	}
	drains := &drains{}
	drains.Drainer = nodes.New(nodes.Options{Client: access, Changed: func(uid string) { drains.wake(uid, wakes) }, Log: mgr.GetLogger().WithName("nodes")})
	reconciler.Verification, reconciler.Nodes, reconciler.Wakes = desk, drains, wakes
	for name, worker := range map[string]interface {
		Start(context.Context) error
		NeedLeaderElection() bool
	}{"checks and hooks": desk, "drains": drains.Drainer} {
		if err := mgr.Add(worker); err != nil {
			return fmt.Errorf("adding the work on %s: %w", name, err)
		}
	}
	return nil
}

// machines is Azure as checks need it: they name scale sets and machines in words of their own.
type machines struct{ azure *azure.Adapter }

func setOf(s checks.ScaleSet) rollout.ScaleSet {
	return rollout.ScaleSet{SubscriptionID: s.SubscriptionID, ResourceGroup: s.ResourceGroup, Name: s.Name}
}

// Run implements checks.Commands.
func (m machines) Run(ctx context.Context, set checks.ScaleSet, i checks.Instance, script string) (int, string, error) {
	return m.azure.RunCommand(ctx, setOf(set), i.ID, script)
}

// Metric implements checks.Metrics.
func (m machines) Metric(ctx context.Context, q checks.MetricQuery) ([]float64, error) {
	id, name := "", ""
	if q.Instance != nil {
		id, name = q.Instance.ID, q.Instance.Name
	}
	return m.azure.Metric(ctx, setOf(q.Set), id, name, q.Namespace, q.Name, string(q.Aggregation), q.Window)
}

// Addresses implements checks.Addresses.
func (m machines) Addresses(ctx context.Context, set checks.ScaleSet, i checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
	found, err := m.azure.AddressesOf(ctx, setOf(set), rollout.Ref{ID: i.ID, VMID: i.VMID})
	return found.Private, found.NAT, cmp.Or(err, found.Missing)
}

// secrets reads Secrets live: a cache would need the right to list them all.
type secrets struct{ live client.Reader }

// Secret implements checks.Secrets.
func (s secrets) Secret(ctx context.Context, namespace, key string, q grant.Request) ([]byte, error) {
	name, secret := q.Secret, &corev1.Secret{}
	if err := s.live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, secret); err != nil {
		return nil, fmt.Errorf("reading Secret %s/%s: %w", namespace, name, err)
	}
	if refused := grant.Judge(namespace, secret.Annotations, q); refused != nil {
		return nil, refused
	}
	content, there := secret.Data[key]
	if !there {
		return nil, fmt.Errorf("reading Secret %s/%s: there is no key %q in it", namespace, name, key)
	}
	return content, nil
}

// drains is the draining of nodes as the controller wants it: by what a rollout declares.
type drains struct {
	*nodes.Drainer
	names sync.Map // of rollouts, by UID
}

// Want implements controllers.Nodes.
func (d *drains) Want(object *v1alpha1.VMSSRollout, set rollout.ScaleSet, work rollout.NodeWork) {
	d.names.Store(string(object.UID), client.ObjectKeyFromObject(object))
	d.Drainer.Want(string(object.UID), set, policyOf(object.Spec.Drain), work)
}

// Forget implements controllers.Nodes.
func (d *drains) Forget(uid string) {
	d.names.Delete(uid)
	d.Drainer.Forget(uid)
}

func (d *drains) wake(uid string, wakes *controllers.Wakes) {
	if name, known := d.names.Load(uid); known {
		wakes.Wake(name.(types.NamespacedName))
	}
}

// asLongAsPodsAsk is the grace period that each pod declares.
const asLongAsPodsAsk = -time.Second

func policyOf(drain *v1alpha1.Drain) nodes.Policy {
	if drain == nil {
		return nodes.Policy{GracePeriod: asLongAsPodsAsk}
	}
	policy := nodes.Policy{DeleteEmptyDirData: drain.DeleteEmptyDirData, Force: drain.Force, GracePeriod: asLongAsPodsAsk}
	if drain.GracePeriod != nil {
		policy.GracePeriod = drain.GracePeriod.Duration
	}
	return policy
}
