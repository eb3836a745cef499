package controllers

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/convert"
	"github.com/vmss-rollouts/vmss-rollouts/internal/revisions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// persist stores an intent before it is acted on. False means that nothing may begin. Without an error, the object was changed meanwhile:
// the round ends without an effect, and the next one decides on what is declared then.
func (r *VMSSRolloutReconciler) persist(ctx context.Context, round *round, d rollout.Decision) (bool, error) {
	read := round.object
	round.confirmed = r.Clock.Now()
	ctx, cancel := context.WithTimeout(ctx, persistTimeout)
	defer cancel()
	err := r.patchStatus(ctx, round, d)
	if err == nil && round.object == read {
		err = r.confirm(ctx, round)
	}
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// patchStatus brings the object's status to what the decision says, if it is not that already. The write is refused if the object is
// not the one that was read.
func (r *VMSSRolloutReconciler) patchStatus(ctx context.Context, round *round, d rollout.Decision) error {
	if err := r.saveRevisions(ctx, round, d.SaveRevisions); err != nil {
		return err
	}
	desired := round.object.DeepCopy()
	if err := convert.Status(&desired.Status, d, round.object.Generation, round.observation, r.shownChecks(round)); err != nil {
		return fmt.Errorf("writing status of VMSSRollout %s: %w", client.ObjectKeyFromObject(desired), err)
	}
	if isSame(desired.Status, round.object.Status) {
		return nil
	}
	if err := r.Client.Status().Update(ctx, desired); err != nil {
		return fmt.Errorf("writing status of VMSSRollout %s: %w", client.ObjectKeyFromObject(desired), err)
	}
	round.object = desired
	return nil
}

// isSame reports whether two statuses are equal but for the counts of checks. Counts alone are no reason to write; a verdict is.
func isSame(desired, is v1alpha1.VMSSRolloutStatus) bool {
	if sameVerdicts(desired.Checks, is.Checks) {
		desired.Checks = is.Checks
	}
	return equality.Semantic.DeepEqual(desired, is)
}

// saveRevisions stores what a decision wants kept, before anything that relies on it. A round that acts writes twice, and stores once.
func (r *VMSSRolloutReconciler) saveRevisions(ctx context.Context, round *round, saved []rollout.StoredRevision) error {
	for _, revision := range saved {
		if slices.Contains(round.stored, revision.Revision) {
			continue
		}
		if err := r.revisions().Save(ctx, round.object, revision); err != nil {
			return err
		}
		round.stored = append(round.stored, revision.Revision)
	}
	return nil
}

// revisions stores and reads what rollouts can roll back to.
func (r *VMSSRolloutReconciler) revisions() revisions.Store {
	return revisions.Store{Client: r.Client, Live: r.Live}
}
