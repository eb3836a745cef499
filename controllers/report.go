package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// report ends the round: one status write, then the event, then the metrics, then when to come back.
func (r *VMSSRolloutReconciler) report(ctx context.Context, round *round, d rollout.Decision) (ctrl.Result, error) {
	err := r.patchStatus(ctx, round, d)
	if apierrors.IsConflict(err) {
		err = r.retryStatus(ctx, round, d)
	}
	switch {
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, nil
	case apierrors.IsConflict(err):
		return ctrl.Result{RequeueAfter: afterConflict}, nil
	case err != nil:
		return ctrl.Result{}, err
	}
	if err := r.answerActions(ctx, round, d); err != nil {
		return ctrl.Result{}, err
	}
	r.syncWorkers(round, d)
	r.recordEvent(round, d)
	r.Metrics.observe(round, d)
	return ctrl.Result{RequeueAfter: restsFor(round.object.UID, d.Recheck)}, r.cleanup(ctx, round, d)
}

// cleanup removes records that are no longer needed, and releases the object when it may go.
func (r *VMSSRolloutReconciler) cleanup(ctx context.Context, round *round, d rollout.Decision) error {
	if len(d.SaveRevisions) > 0 {
		if err := r.revisions().Prune(ctx, round.object, d.RetainRevisions); err != nil {
			return err
		}
	}
	if !d.Release {
		return r.keepRolledBack(ctx, round, d.State.RolledBackRevision())
	}
	ctrl.LoggerFrom(ctx).Info("The object is released", "reason", d.Explanation.Reason, "message", d.Explanation.Message)
	r.forget(client.ObjectKeyFromObject(round.object))
	return r.release(ctx, round.object)
}

// retryStatus writes a report that was refused because the object changed, if what changed is not the status: only this
// controller writes that, so an edit of the spec need not cost what a begun operation taught.
func (r *VMSSRolloutReconciler) retryStatus(ctx context.Context, round *round, d rollout.Decision) error {
	now := &v1alpha1.VMSSRollout{}
	key := client.ObjectKeyFromObject(round.object)
	if err := r.Live.Get(ctx, key, now); err != nil {
		return fmt.Errorf("reading VMSSRollout %s: %w", key, err)
	}
	if !equality.Semantic.DeepEqual(now.Status, round.object.Status) {
		return apierrors.NewConflict(v1alpha1.GroupVersion.WithResource("vmssrollouts").GroupResource(), key.Name,
			fmt.Errorf("another client wrote the status"))
	}
	// The decision is about the generation it was made for, and says so.
	written := round.object.Generation
	round.object = now
	round.object.Generation = written
	return r.patchStatus(ctx, round, d)
}

// recordEvent records an event when the reason changed, and for every effect. Its reason is the condition's.
func (r *VMSSRolloutReconciler) recordEvent(round *round, d rollout.Decision) {
	reason := string(d.Explanation.Reason)
	if reason == round.before && round.began == "" && !d.Release {
		return
	}
	kind := corev1.EventTypeNormal
	if d.Explanation.Reason.Readiness() == rollout.Stuck {
		kind = corev1.EventTypeWarning
	}
	// The API refuses longer notes, and a refused event is lost.
	note := conditions.Shorten(round.named(d.Explanation.Message), maxEventNoteBytes)
	r.Events.Eventf(round.regarding(), nil, kind, reason, "Reconcile", "%s", note)
}

// maxEventNoteBytes is the API's own bound.
const maxEventNoteBytes = 1024

// readyReason is the reason of the Ready condition, "" before the first round.
func readyReason(object *v1alpha1.VMSSRollout) string {
	if ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return ""
}
