package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// sayUnreadable says of an object whose status nobody can read that nothing is done about it: what was done before is in there. It leaves
// all of it as it is, but for the conditions.
func (r *VMSSRolloutReconciler) sayUnreadable(ctx context.Context, object *v1alpha1.VMSSRollout, unreadable error) error {
	said := object.DeepCopy()
	because := rollout.Explanation{Reason: rollout.ReasonInvalid,
		Message: fmt.Sprintf("%v; nothing is done, since what was done before is in there; to mend it: "+
			"put back the status as it was, or read in the runbook how to begin anew", unreadable)}
	said.Status.ObservedGeneration = object.Generation
	said.Status.Conditions = conditions.FromDecision(
		object.Status.Conditions, rollout.Decision{Explanation: because}, object.Generation, r.Clock.Now())
	if !equality.Semantic.DeepEqual(said.Status, object.Status) {
		if err := r.Client.Status().Update(ctx, said); err != nil {
			return fmt.Errorf("writing status of VMSSRollout %s: %w", client.ObjectKeyFromObject(object), err)
		}
		r.Events.Eventf(object, nil, corev1.EventTypeWarning, string(because.Reason), "Reconcile",
			"%s", conditions.Shorten(because.Message, maxEventNoteBytes))
	}
	return saidError{fmt.Errorf("VMSSRollout %s: %w", client.ObjectKeyFromObject(object), unreadable)}
}
