package controllers

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// rolledBackAnnotation names the revision that was rolled back or aborted last, as "Rollback 0a2a795817ea". The annotation is kept
// beside the status, because a status can be lost: a restore, or kubectl replace --subresource=status, wipes it.
const rolledBackAnnotation = "rollouts.vmss.dev/rolled-back-revision"

// rolledBackOf returns the revision that the object keeps beside its status.
func rolledBackOf(object *v1alpha1.VMSSRollout) rollout.RolledBackRevision {
	kind, revision, _ := strings.Cut(object.Annotations[rolledBackAnnotation], " ")
	if kind := rollout.RollbackKind(kind); kind == rollout.FullRollback || kind == rollout.AbortRollback {
		return rollout.RolledBackRevision{Kind: kind, Revision: revision}
	}
	return rollout.RolledBackRevision{}
}

// keepRolledBack writes the annotation, if the object does not have it already, and removes it once another run has begun.
func (r *VMSSRolloutReconciler) keepRolledBack(ctx context.Context, round *round, back rollout.RolledBackRevision) error {
	if back == rolledBackOf(round.object) {
		return nil
	}
	changed := round.object.DeepCopy()
	delete(changed.Annotations, rolledBackAnnotation)
	if back.Revision != "" {
		metav1.SetMetaDataAnnotation(&changed.ObjectMeta, rolledBackAnnotation, fmt.Sprintf("%s %s", back.Kind, back.Revision))
	}
	if err := r.Client.Patch(ctx, changed, client.MergeFrom(round.object)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing the annotations of VMSSRollout %s: %w", client.ObjectKeyFromObject(changed), err)
	}
	return nil
}

// statusLost lets an update through with which the status, or a part of its history, was lost: it was wiped, or an older one was put in its
// place. The controller itself never writes such a status, and a rollout at rest would notice it hourly.
func statusLost() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, was := e.ObjectOld.(*v1alpha1.VMSSRollout)
			after, is := e.ObjectNew.(*v1alpha1.VMSSRollout)
			return was && is && hasLost(before.Status, after.Status)
		},
	}
}

// hasLost reports whether a status has lost something that the one before it had.
func hasLost(before, after v1alpha1.VMSSRolloutStatus) bool {
	return after.ControllerState == "" && before.ControllerState != "" ||
		after.Run < before.Run || after.ObservedGeneration < before.ObservedGeneration ||
		len(after.Conditions) == 0 && len(before.Conditions) > 0
}
