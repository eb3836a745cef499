package controllers

import (
	"context"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// readClaim finds the oldest rollout of the round's scale set. It asks the cache: that shows every object that is older than the
// one whose creation it has shown, so of two rollouts that are created at the same moment the younger always knows.
func (r *VMSSRolloutReconciler) readClaim(ctx context.Context, round *round) rollout.Reading[rollout.Claim] {
	all := &v1alpha1.VMSSRolloutList{}
	if err := r.Client.List(ctx, all); err != nil {
		return rollout.Unknown[rollout.Claim](&rollout.Problem{Kind: rollout.KindTransient, Message: "listing VMSSRollouts failed"})
	}
	oldest := round.object
	for i := range all.Items {
		other := &all.Items[i]
		if strings.EqualFold(scaleSetOf(other).ID(), round.set.ID()) && holdsClaim(other) && older(other, oldest) {
			oldest = other
		}
	}
	if oldest.UID == round.object.UID {
		return rollout.Known(rollout.Claim{})
	}
	return rollout.Known(rollout.Claim{Holder: client.ObjectKeyFromObject(oldest).String()})
}

// holdsClaim says whether the rollout may have the scale set: it does not only plan, and if it is being deleted it still has something to
// put back.
func holdsClaim(object *v1alpha1.VMSSRollout) bool {
	going := !object.DeletionTimestamp.IsZero() && !controllerutil.ContainsFinalizer(object, finalizer)
	return !going && object.Spec.Mode != v1alpha1.ModePlan
}

// older says which of two rollouts came first. Creation times are whole seconds, so names decide between equals: any order
// will do that everybody agrees on.
func older(a, b *v1alpha1.VMSSRollout) bool {
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return client.ObjectKeyFromObject(a).String() < client.ObjectKeyFromObject(b).String()
}
