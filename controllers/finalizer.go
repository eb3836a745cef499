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

// finalizer keeps an object that has to be rolled back, or has nodes or repairs to release, before it goes. Other objects go at once.
const finalizer = "rollouts.vmss.dev/rollback"

// formerFinalizer is the name that controllers of before December 2026 gave it. It is replaced, so that no object hangs.
const formerFinalizer = "rollouts.vmss.dev/put-back"

// hasFinalizer reports whether an object is kept by this controller, or by a former version of it.
func hasFinalizer(object client.Object) bool {
	return controllerutil.ContainsFinalizer(object, finalizer) || controllerutil.ContainsFinalizer(object, formerFinalizer)
}

// addFinalizer gives an object the finalizer in place of the former one. It reports whether that changed anything. An object that is being
// deleted takes no new finalizers, and keeps the one that it has.
func addFinalizer(object client.Object) bool {
	if !object.GetDeletionTimestamp().IsZero() {
		return false
	}
	removed := controllerutil.RemoveFinalizer(object, formerFinalizer)
	return controllerutil.AddFinalizer(object, finalizer) || removed
}

// removeFinalizers takes both away. It reports whether that changed anything.
func removeFinalizers(object client.Object) bool {
	removed := controllerutil.RemoveFinalizer(object, formerFinalizer)
	return controllerutil.RemoveFinalizer(object, finalizer) || removed
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
	if !addFinalizer(object) {
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
	if !removeFinalizers(object) {
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
