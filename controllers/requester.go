package controllers

import (
	"context"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// requestedByPolicy is the shipped policy, and its binding, that hold an action's requestedBy to its creator: config/policy.
const requestedByPolicy = "vmss-rollouts-requested-by"

// isVerified reports whether the API server held the action's requestedBy to the caller: the shipped policy was in force, for all
// namespaces, when the action was created.
func (r *VMSSRolloutReconciler) isVerified(ctx context.Context, action *v1alpha1.RolloutAction) (bool, error) {
	policy, binding := &admissionv1.ValidatingAdmissionPolicy{}, &admissionv1.ValidatingAdmissionPolicyBinding{}
	name := types.NamespacedName{Name: requestedByPolicy}
	for _, err := range []error{r.Live.Get(ctx, name, policy), r.Live.Get(ctx, name, binding)} {
		switch {
		case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
			return false, nil
		case err != nil:
			return false, fmt.Errorf("reading ValidatingAdmissionPolicy %s: %w", requestedByPolicy, err)
		}
	}
	return inForce(policy, binding) &&
		policy.CreationTimestamp.Before(&action.CreationTimestamp) && binding.CreationTimestamp.Before(&action.CreationTimestamp), nil
}

// inForce reports whether the policy refuses, and is bound to everything.
func inForce(policy *admissionv1.ValidatingAdmissionPolicy, binding *admissionv1.ValidatingAdmissionPolicyBinding) bool {
	fails := policy.Spec.FailurePolicy == nil || *policy.Spec.FailurePolicy == admissionv1.Fail
	return fails && len(policy.Spec.MatchConditions) == 0 && binding.Spec.PolicyName == requestedByPolicy &&
		binding.Spec.MatchResources == nil && slices.Contains(binding.Spec.ValidationActions, admissionv1.Deny)
}
