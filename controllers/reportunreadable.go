package controllers

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/statecodec"
)

// reportUnreadable reports of an object whose state cannot be read that the rollout holds. It changes nothing of the status but the
// conditions: the state may be read again by another version of the controller, or put back.
func (r *VMSSRolloutReconciler) reportUnreadable(ctx context.Context, object *v1alpha1.VMSSRollout, unreadable error) error {
	desired := object.DeepCopy()
	because := rollout.Explanation{
		Reason: rollout.ReasonInvalid, Message: fmt.Sprintf("%v; the rollout holds; %s", unreadable, remedyOf(unreadable)),
	}
	desired.Status.ObservedGeneration = object.Generation
	desired.Status.Conditions = conditions.FromDecision(
		object.Status.Conditions, rollout.Decision{Explanation: because}, object.Generation, r.Clock.Now())
	if !equality.Semantic.DeepEqual(desired.Status, object.Status) {
		if err := r.Client.Status().Update(ctx, desired); err != nil {
			return fmt.Errorf("writing status of VMSSRollout %s: %w", client.ObjectKeyFromObject(object), err)
		}
		r.Events.Eventf(object, nil, corev1.EventTypeWarning, string(because.Reason), "Reconcile",
			"%s", conditions.Shorten(because.Message, maxEventNoteBytes))
	}
	return reportedError{fmt.Errorf("VMSSRollout %s: %w", client.ObjectKeyFromObject(object), unreadable)}
}

// remedyOf is how a rollout whose state cannot be read goes on.
func remedyOf(unreadable error) string {
	if _, newer := errors.AsType[*statecodec.NewerVersionError](unreadable); newer {
		return "to continue, install the newer controller again: kubectl rollout undo deployment/controller-manager -n vmss-rollouts-system"
	}
	return "to continue, restore the status, or start again as the runbook says under Invalid"
}
