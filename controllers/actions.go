package controllers

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/revisions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// maxAnswerBytes is the bound of the schema.
const maxAnswerBytes = 1024

// readActions finds the actions for this object that have no answer yet, oldest first. The cache lists the actions. A live read tells
// whether an action still has no answer, so that an action that was rejected a moment ago is not decided on again.
func (r *VMSSRolloutReconciler) readActions(ctx context.Context, round *round) error {
	all := &v1alpha1.RolloutActionList{}
	if err := r.Client.List(ctx, all, client.InNamespace(round.object.Namespace)); err != nil {
		return fmt.Errorf("listing RolloutActions in %s: %w", round.object.Namespace, err)
	}
	for i := range all.Items {
		if !asks(&all.Items[i], round.object) {
			continue
		}
		action, err := r.unansweredNow(ctx, &all.Items[i])
		if err != nil {
			return err
		}
		if action != nil {
			round.actions = append(round.actions, action)
		}
	}
	slices.SortFunc(round.actions, func(a, b *v1alpha1.RolloutAction) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	for _, action := range round.actions {
		asked, err := r.actionOf(ctx, round.object, action)
		if err != nil {
			return err
		}
		round.observation.Actions = append(round.observation.Actions, asked)
	}
	return nil
}

// asks reports whether the action, as far as the cache knows, waits for an answer of this object.
func asks(action *v1alpha1.RolloutAction, object *v1alpha1.VMSSRollout) bool {
	ref := action.Spec.RolloutRef
	return action.Status.Answer == "" && ref.Name == object.Name && ref.UID == object.UID
}

// unansweredNow reads the action live; nil if it is gone or answered.
func (r *VMSSRolloutReconciler) unansweredNow(ctx context.Context, cached *v1alpha1.RolloutAction) (*v1alpha1.RolloutAction, error) {
	action, key := &v1alpha1.RolloutAction{}, client.ObjectKeyFromObject(cached)
	if err := r.Live.Get(ctx, key, action); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("reading RolloutAction %s: %w", key, err)
	}
	if action.UID != cached.UID || action.Status.Answer != "" || !action.DeletionTimestamp.IsZero() {
		return nil, nil
	}
	return action, nil
}

// actionOf is the action in the core's words.
func (r *VMSSRolloutReconciler) actionOf(ctx context.Context, object *v1alpha1.VMSSRollout,
	action *v1alpha1.RolloutAction) (rollout.Action, error) {
	verified, err := r.isVerified(ctx, action)
	if err != nil {
		return rollout.Action{}, err
	}
	spec := action.Spec
	return rollout.Action{
		UID: string(action.UID), Verb: rollout.Verb(spec.Action), Run: spec.Run, Step: spec.Step, Instance: spec.Instance,
		Revision: revisions.Of(object, spec.ToRevision), RequestedBy: spec.RequestedBy, RequesterVerified: verified,
	}, nil
}

// answerActions answers what a decision answered, once the state that came of it is stored. An action that is gone needs no answer.
func (r *VMSSRolloutReconciler) answerActions(ctx context.Context, round *round, d rollout.Decision) error {
	for _, answer := range d.Answers {
		at := slices.IndexFunc(round.actions, func(a *v1alpha1.RolloutAction) bool { return a.UID == types.UID(answer.UID) })
		if at < 0 {
			continue
		}
		action := round.actions[at]
		verified := slices.ContainsFunc(
			round.observation.Actions,
			func(a rollout.Action) bool { return a.UID == answer.UID && a.RequesterVerified },
		)
		if err := answerAction(ctx, r.Client, action, answer.Accepted, answer.Message, verified, metav1.NewTime(r.Clock.Now())); err != nil {
			return err
		}
	}
	return nil
}

// answerAction writes the answer into the action's own status.
func answerAction(ctx context.Context, c client.Client, action *v1alpha1.RolloutAction, accepted bool, message string,
	verified bool, at metav1.Time) error {
	at = metav1.NewTime(at.UTC().Truncate(1e9))
	answer, status := v1alpha1.AnswerRejected, metav1.ConditionFalse
	if accepted {
		answer, status = v1alpha1.AnswerAccepted, metav1.ConditionTrue
	}
	message = conditions.Shorten(message, maxAnswerBytes)
	action.Status = v1alpha1.RolloutActionStatus{
		ObservedGeneration: action.Generation,
		Answer:             answer,
		Message:            message,
		AnswerTime:         &at,
		Verified:           verified,
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionAccepted, Status: status, Reason: string(answer), Message: message,
			ObservedGeneration: action.Generation, LastTransitionTime: at,
		}},
	}
	err := c.Status().Update(ctx, action)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("answering RolloutAction %s: %w", client.ObjectKeyFromObject(action), err)
	}
	return nil
}
