package controllers

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/convert"
	"github.com/vmss-rollouts/vmss-rollouts/internal/finalizer"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// readClaim finds out whose the round's scale set is: the oldest rollout's that can work; and that of a younger one for as long as it has
// something in flight. It asks the cache: that shows every object that is older than the one whose creation it has shown, so of two
// rollouts that are created at the same moment the younger always knows.
func (r *VMSSRolloutReconciler) readClaim(ctx context.Context, round *round) rollout.Result[rollout.Ownership] {
	all := &v1alpha1.VMSSRolloutList{}
	if err := r.Client.List(ctx, all); err != nil {
		return rollout.FailedResult[rollout.Ownership](&rollout.Problem{Kind: rollout.KindTransient, Message: "listing VMSSRollouts failed"})
	}
	oldest, claim := round.object, rollout.Ownership{}
	for i := range all.Items {
		other := &all.Items[i]
		if other.UID == round.object.UID || !shareScaleSet(round.object, other) {
			continue
		}
		switch name := client.ObjectKeyFromObject(other).String(); {
		case older(other, oldest) && r.holdsClaim(ctx, other):
			oldest, claim = other, rollout.Ownership{Owner: name}
		case claim.Owner == "" && r.isAtWork(ctx, other):
			claim = rollout.Ownership{Owner: name, Releasing: true}
		}
	}
	return rollout.KnownResult(claim)
}

// shareScaleSet reports whether two rollouts are about the same scale set. Both sets of a blue-green rollout belong to it.
func shareScaleSet(a, b *v1alpha1.VMSSRollout) bool {
	return slices.ContainsFunc(convert.ScaleSets(a), func(set rollout.ScaleSet) bool {
		return slices.ContainsFunc(convert.ScaleSets(b), func(other rollout.ScaleSet) bool { return strings.EqualFold(set.ID(), other.ID()) })
	})
}

// holdsClaim reports whether the rollout may own the scale set. It must do more than plan. If it is being deleted it must still have
// something to put back. It must be valid, or have worked before, so that no other rollout may undo its work.
func (r *VMSSRolloutReconciler) holdsClaim(ctx context.Context, object *v1alpha1.VMSSRollout) bool {
	return !isGoing(object) && object.Spec.Mode != v1alpha1.ModePlan && (!isInvalid(object) || r.hasWorked(ctx, object))
}

// isAtWork reports whether the rollout has an effect in flight that it will see through. Where its state cannot be read, what it shows to
// people decides.
func (r *VMSSRolloutReconciler) isAtWork(ctx context.Context, object *v1alpha1.VMSSRollout) bool {
	if isGoing(object) {
		return false
	}
	state, err := r.stateOf(ctx, object)
	if err != nil {
		return object.Status.Operation != nil
	}
	return state.Operation != nil && state.Operation.Rejection == nil
}

// isGoing reports whether the object is being deleted and nothing more will be done for it.
func isGoing(object *v1alpha1.VMSSRollout) bool {
	return !object.DeletionTimestamp.IsZero() && !finalizer.Has(object)
}

// isInvalid reports whether the rollout's present spec was found invalid.
func isInvalid(object *v1alpha1.VMSSRollout) bool {
	ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Reason == string(rollout.ReasonInvalid) && ready.ObservedGeneration == object.Generation
}

// hasWorked reports whether the rollout may have touched the scale set in any of its runs. A state that cannot be read counts as yes.
func (r *VMSSRolloutReconciler) hasWorked(ctx context.Context, object *v1alpha1.VMSSRollout) bool {
	state, err := r.stateOf(ctx, object)
	return err != nil || state.HasWorked()
}

// older says which of two rollouts came first. Creation times are whole seconds, so names decide between equals: any order
// will do that everybody agrees on.
func older(a, b *v1alpha1.VMSSRollout) bool {
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return client.ObjectKeyFromObject(a).String() < client.ObjectKeyFromObject(b).String()
}
