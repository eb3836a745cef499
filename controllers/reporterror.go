package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	// maxErrorBytes is how much of an error a message repeats, so that there is room for what follows.
	maxErrorBytes = 600
	// reportTimeout bounds how long it may take to report an error.
	reportTimeout = 10 * time.Second
)

// errPanicked is the error of a round that panicked. What it panicked with may hold anything, so only the log repeats it.
var errPanicked = errors.New("it panicked, which is a bug; the log has the stack")

// reportedError is an error that the status tells already.
type reportedError struct{ error }

// Unwrap returns the error itself.
func (e reportedError) Unwrap() error { return e.error }

// reportError reports an error of the controller itself in the conditions and in an event, because an error that only the log has leaves
// STATUS as it was, or empty. The rest of the status stays. The report is best effort, because the same API server may be the one that does
// not answer. Two errors are not reported: that the object changed, since the next round reads it again, and that the manager stops.
func (r *VMSSRolloutReconciler) reportError(ctx context.Context, name types.NamespacedName, failure error) {
	if reported := (reportedError{}); ctx.Err() != nil || apierrors.IsConflict(failure) || errors.As(failure, &reported) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	object := &v1alpha1.VMSSRollout{}
	if err := r.Live.Get(ctx, name, object); err != nil {
		return // the error itself is logged
	}
	because := rollout.Explanation{Reason: rollout.ReasonControllerError,
		Message: fmt.Sprintf("the controller did not finish this round: %s; it tries again; "+
			"if the error stays: kubectl logs -n vmss-rollouts-system -l app.kubernetes.io/name=vmss-rollouts --prefix --tail=50",
			conditions.Shorten(failure.Error(), maxErrorBytes))}
	r.Metrics.stands(name, because.Reason)
	desired := object.DeepCopy()
	desired.Status.ObservedGeneration = object.Generation
	desired.Status.Conditions = conditions.FromDecision(
		object.Status.Conditions, rollout.Decision{Explanation: because}, object.Generation, r.Clock.Now())
	if equality.Semantic.DeepEqual(desired.Status, object.Status) {
		return
	}
	r.Events.Eventf(object, nil, corev1.EventTypeWarning, string(because.Reason), "Reconcile",
		"%s", conditions.Shorten(because.Message, maxEventNoteBytes))
	if err := r.Client.Status().Update(ctx, desired); err != nil {
		ctrl.LoggerFrom(ctx).Info("Could not report the error in the status", "problem", err.Error())
	}
}
