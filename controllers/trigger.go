package controllers

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TriggerSource requests a look at a rollout before its next one is due, for events outside of Azure. It is a source of the controller. The
// zero value is ready to use: a request that comes before the controller listens is dropped, because the first look at the rollout answers
// it anyway.
type TriggerSource struct {
	mu    sync.Mutex
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// Start is for the controller.
func (w *TriggerSource) Start(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = queue
	return nil
}

// Wake asks for a look. It never blocks, and asking often is the same as asking once.
func (w *TriggerSource) Wake(name types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.queue != nil {
		w.queue.Add(reconcile.Request{NamespacedName: name})
	}
}

// usersOf names the rollouts that refer to a template.
func (r *VMSSRolloutReconciler) usersOf(ctx context.Context, object client.Object) []reconcile.Request {
	all := &v1alpha1.VMSSRolloutList{}
	if err := r.Client.List(ctx, all, client.InNamespace(object.GetNamespace())); err != nil {
		return nil // the next look at each of them finds out
	}
	var requests []reconcile.Request
	for i := range all.Items {
		if refersTo(&all.Items[i], object.GetName()) {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&all.Items[i])})
		}
	}
	return requests
}

func refersTo(object *v1alpha1.VMSSRollout, template string) bool {
	for _, check := range object.Spec.Checks {
		if check.TemplateRef != nil && check.TemplateRef.Name == template {
			return true
		}
	}
	return false
}
