package controllers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// finalizer keeps an object that has something to put back before it goes. Objects that have not are let go at once.
const finalizer = "rollouts.vmss.dev/put-back"

// deletionOf says whether the object is on its way out, and what is left to do for it.
func deletionOf(object *v1alpha1.VMSSRollout) rollout.Deletion {
	switch {
	case object.DeletionTimestamp.IsZero():
		return rollout.DeletionNone
	case object.Spec.OnDelete == v1alpha1.OnDeleteRollback:
		return rollout.DeletionRollback
	default:
		return rollout.DeletionLeave
	}
}

// needsFinalizer says whether an object, if it were deleted now, would have something to put back.
func needsFinalizer(spec v1alpha1.VMSSRolloutSpec, m rollout.State) bool {
	return spec.OnDelete == v1alpha1.OnDeleteRollback || spec.Strategy.AutomaticRepairs == v1alpha1.RepairsSuspend || spec.Drain != nil ||
		m.RepairsSuspended || len(m.Ledger.Cordoned) > 0
}

// keepFinalizer gives the object its finalizer, or takes it away, before anything is done that it is for. It and the
// annotation takenBack are all that the controller writes beside status.
func (r *VMSSRolloutReconciler) keepFinalizer(ctx context.Context, object *v1alpha1.VMSSRollout, m rollout.State) error {
	if !object.DeletionTimestamp.IsZero() {
		return nil
	}
	if !needsFinalizer(object.Spec, m) {
		return r.release(ctx, object)
	}
	before := object.DeepCopy()
	if !controllerutil.AddFinalizer(object, finalizer) {
		return nil
	}
	if err := r.holdRecords(ctx, object, true); err != nil {
		return err
	}
	return r.patchFinalizers(ctx, before, object)
}

// release lets the object go, and its records with it.
func (r *VMSSRolloutReconciler) release(ctx context.Context, object *v1alpha1.VMSSRollout) error {
	before := object.DeepCopy()
	if !controllerutil.RemoveFinalizer(object, finalizer) {
		return nil
	}
	if err := r.holdRecords(ctx, object, false); err != nil {
		return err
	}
	return r.patchFinalizers(ctx, before, object)
}

func (r *VMSSRolloutReconciler) patchFinalizers(ctx context.Context, before, object *v1alpha1.VMSSRollout) error {
	err := r.Client.Patch(ctx, object, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("writing the finalizers of VMSSRollout %s: %w", client.ObjectKeyFromObject(object), err)
	}
	return nil
}
