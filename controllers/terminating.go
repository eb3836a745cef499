package controllers

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/revisions"
)

// isTerminating reports whether the object's namespace is known to be being deleted. The API server refuses to create anything there, with
// that cause, also in a dry run. This needs no right that the controller lacks; reading namespaces would.
func (r *VMSSRolloutReconciler) isTerminating(ctx context.Context, object *v1alpha1.VMSSRollout) bool {
	probe := &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{Namespace: object.Namespace, Name: revisions.Name(object, "probe")},
		Data:       runtime.RawExtension{Raw: []byte("{}")},
	}
	err := r.Client.Create(ctx, probe, client.DryRunAll)
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

// regarding returns the object that an event of the round is about. A namespace that is being deleted takes no events, so there the event
// is about the namespace, and is stored in the namespace default.
func (r *round) regarding() client.Object {
	if !r.observation.Cluster.Terminating {
		return r.object
	}
	return &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: r.object.Namespace},
	}
}

// named is a note with the object that it is about, where the event is about its namespace.
func (r *round) named(note string) string {
	if !r.observation.Cluster.Terminating {
		return note
	}
	return fmt.Sprintf("VMSSRollout %s: %s", r.object.Name, note)
}
