package integrations

import (
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/nodes"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Drains is the draining of nodes as the controller wants it: by what a rollout declares.
type Drains struct {
	*nodes.Drainer
	names sync.Map // of rollouts, by UID
}

// NewDrains returns the draining of the nodes of the cluster. changed hears of each rollout that a node has news for.
func NewDrains(config *rest.Config, changed func(types.NamespacedName), log logr.Logger) (*Drains, error) {
	access, err := nodes.Client(config)
	if err != nil {
		return nil, err
	}
	d := &Drains{}
	d.Drainer = nodes.New(nodes.Options{Client: access, Changed: func(uid string) { d.wake(uid, changed) }, Log: log})
	return d, nil
}

// Want implements controllers.Nodes.
func (d *Drains) Want(object *v1alpha1.VMSSRollout, set rollout.ScaleSet, work rollout.NodeWork) {
	d.names.Store(string(object.UID), client.ObjectKeyFromObject(object))
	d.Drainer.Want(string(object.UID), set, policyOf(object.Spec.Drain), work)
}

// Forget implements controllers.Nodes.
func (d *Drains) Forget(uid string) {
	d.names.Delete(uid)
	d.Drainer.Forget(uid)
}

func (d *Drains) wake(uid string, changed func(types.NamespacedName)) {
	if name, known := d.names.Load(uid); known {
		changed(name.(types.NamespacedName))
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
