package controllers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/finalizer"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// needsFinalizer reports whether an object, if it were deleted now, would have something to put back.
func needsFinalizer(spec v1alpha1.VMSSRolloutSpec, m rollout.State) bool {
	return spec.OnDelete == v1alpha1.OnDeleteRollback || spec.Strategy.AutomaticRepairs == v1alpha1.RepairsSuspend || spec.Drain != nil ||
		m.RepairsSuspended || len(m.Ledger.Cordoned) > 0
}

// keepFinalizer gives the object its finalizer, or takes it away, before anything is done that it is for. It and the
// annotation rolledBackAnnotation are all that the controller writes beside status.
func (r *VMSSRolloutReconciler) keepFinalizer(ctx context.Context, object *v1alpha1.VMSSRollout, m rollout.State) error {
	if !object.DeletionTimestamp.IsZero() {
		return nil
	}
	if !needsFinalizer(object.Spec, m) {
		return r.release(ctx, object)
	}
	before := object.DeepCopy()
	if !finalizer.Add(object) {
		return nil
	}
	if err := r.revisions().Hold(ctx, object); err != nil {
		return err
	}
	return r.patchFinalizers(ctx, before, object)
}

// release lets the object go, and its stored revisions with it.
func (r *VMSSRolloutReconciler) release(ctx context.Context, object *v1alpha1.VMSSRollout) error {
	before := object.DeepCopy()
	if !finalizer.Remove(object) {
		return nil
	}
	if err := r.revisions().Release(ctx, object); err != nil {
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
