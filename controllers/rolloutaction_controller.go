package controllers

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// recheckOrphan is how soon an action that its rollout has not answered yet is looked at again.
const recheckOrphan = 5 * time.Minute

// RolloutActionReconciler clears actions away: answered ones when their time is over, and ones whose rollout is not there, which it
// rejects. All others are the rollout's to answer.
type RolloutActionReconciler struct {
	// Client writes status and deletes.
	Client client.Client
	// Live reads from the API server, not from a cache.
	Live client.Reader
	// Clock tells when time is over.
	Clock clock.PassiveClock
	// TTL is how long an action is kept after it was answered; the rollout's history outlives it.
	TTL time.Duration
}

// Reconcile looks at one action.
func (r *RolloutActionReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	action := &v1alpha1.RolloutAction{}
	if err := r.Live.Get(ctx, req.NamespacedName, action); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if action.Status.AnswerTime != nil {
		return r.expire(ctx, action)
	}
	why, err := r.orphaned(ctx, action)
	if err != nil || why == "" {
		return ctrl.Result{RequeueAfter: recheckOrphan}, err
	}
	err = answerAction(ctx, r.Client, action, false, why, false, metav1.NewTime(r.Clock.Now()))
	return ctrl.Result{RequeueAfter: r.TTL}, err
}

// expire deletes an answered action when its time is over. Only what was read is deleted, not another one of the same name.
func (r *RolloutActionReconciler) expire(ctx context.Context, action *v1alpha1.RolloutAction) (ctrl.Result, error) {
	if left := action.Status.AnswerTime.Add(r.TTL).Sub(r.Clock.Now()); left > 0 {
		return ctrl.Result{RequeueAfter: left}, nil
	}
	err := r.Client.Delete(ctx, action, client.Preconditions{UID: &action.UID})
	if client.IgnoreNotFound(err) != nil {
		return ctrl.Result{}, fmt.Errorf("deleting RolloutAction %s: %w", client.ObjectKeyFromObject(action), err)
	}
	return ctrl.Result{}, nil
}

// orphaned says why no rollout will ever answer the action, "" if one will.
func (r *RolloutActionReconciler) orphaned(ctx context.Context, action *v1alpha1.RolloutAction) (string, error) {
	ref := action.Spec.RolloutRef
	name := types.NamespacedName{Namespace: action.Namespace, Name: ref.Name}
	object := &v1alpha1.VMSSRollout{}
	switch err := r.Live.Get(ctx, name, object); {
	case apierrors.IsNotFound(err):
		return fmt.Sprintf("there is no VMSSRollout %s", name), nil
	case err != nil:
		return "", fmt.Errorf("reading VMSSRollout %s: %w", name, err)
	case object.UID != ref.UID:
		return fmt.Sprintf("the VMSSRollout %s that is meant is gone; the one that is there has the UID %s", name, object.UID), nil
	}
	return "", nil
}

// SetupWithManager registers the reconciler.
func (r *RolloutActionReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).For(&v1alpha1.RolloutAction{}).Complete(r)
}
