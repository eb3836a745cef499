package nodes

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/pager"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// nodesPerPage bounds what is in memory at a time: a node with its list of images has tens of kilobytes.
const nodesPerPage = 250

// nodeIndex knows which node each instance is. Nodes can neither be selected by providerID nor have it among their metadata, so they are
// listed, page by page, and of each two strings are kept. What the list says is only where to look: each node is read before it is
// believed to be the instance.
type nodeIndex struct {
	client  kubernetes.Interface
	listing chan struct{} // filled while a worker lists

	mu    sync.Mutex
	names map[string]string // of nodes, by providerID in lower case
	asOf  time.Time         // when the list was begun
}

func newNodeIndex(client kubernetes.Interface) *nodeIndex {
	return &nodeIndex{client: client, listing: make(chan struct{}, 1), names: map[string]string{}}
}

// providerID is how the cloud provider of Azure names an instance in spec.providerID of its node, in lower case: it is not consistent about
// case. An instance of a Uniform scale set has a number, one of a Flexible set is a virtual machine with a name.
func providerID(set rollout.ScaleSet, id string) string {
	group := fmt.Sprintf("azure:///subscriptions/%s/resourceGroups/%s/providers/Microsoft.Compute", set.SubscriptionID, set.ResourceGroup)
	if strings.Trim(id, "0123456789") == "" {
		return strings.ToLower(group + "/virtualMachineScaleSets/" + set.Name + "/virtualMachines/" + id)
	}
	return strings.ToLower(group + "/virtualMachines/" + id)
}

// find returns the node that an instance is; false: it is none. That is believed of a list which is not older than the given time only.
func (r *nodeIndex) find(ctx context.Context, providerID string, since time.Time) (*corev1.Node, bool, error) {
	node, found, err := r.read(ctx, providerID)
	if found || err != nil {
		return node, found, err
	}
	if err := r.refresh(ctx, since); err != nil {
		return nil, false, err
	}
	return r.read(ctx, providerID)
}

// read reads the node that the instance was last known to be. One that is gone, or another instance by now, is forgotten.
func (r *nodeIndex) read(ctx context.Context, providerID string) (*corev1.Node, bool, error) {
	r.mu.Lock()
	name, known := r.names[providerID]
	r.mu.Unlock()
	if !known {
		return nil, false, nil
	}
	node, err := r.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, false, fmt.Errorf("reading node %q: %w", name, err)
	}
	if err == nil && strings.EqualFold(node.Spec.ProviderID, providerID) {
		return node, true, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.names[providerID] == name {
		delete(r.names, providerID)
	}
	return nil, false, nil
}

// refresh lists the nodes, unless a list since that time is there. A worker that comes during a listing waits for it, and may not have to
// list itself.
func (r *nodeIndex) refresh(ctx context.Context, since time.Time) error {
	select {
	case r.listing <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("waiting for the list of nodes: %w", ctx.Err())
	}
	defer func() { <-r.listing }()
	r.mu.Lock()
	current := !r.asOf.IsZero() && !r.asOf.Before(since)
	r.mu.Unlock()
	if current {
		return nil
	}
	asOf := time.Now()
	names, err := r.list(ctx)
	if err != nil {
		return fmt.Errorf("listing nodes: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names, r.asOf = names, asOf
	return nil
}

// list reads all nodes, a page at a time.
func (r *nodeIndex) list(ctx context.Context) (map[string]string, error) {
	names := map[string]string{}
	pages := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return r.client.CoreV1().Nodes().List(ctx, options)
	})
	pages.PageSize, pages.PageBufferSize = nodesPerPage, 0
	err := pages.EachListItem(ctx, metav1.ListOptions{}, func(o runtime.Object) error {
		if node, ok := o.(*corev1.Node); ok && node.Spec.ProviderID != "" {
			names[strings.ToLower(node.Spec.ProviderID)] = strings.Clone(node.Name)
		}
		return nil
	})
	return names, err
}
