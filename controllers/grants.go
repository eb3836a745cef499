package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// refusedCredential says that a check or a hook declares a Secret that does not allow it, nil for none. A Secret that cannot be read is no
// refusal: whoever needs it then says so.
func (r *VMSSRolloutReconciler) refusedCredential(ctx context.Context, round *round) *rollout.Problem {
	for _, q := range r.Verification.Uses(round.object.UID) {
		secret := &corev1.Secret{}
		if err := r.Live.Get(ctx, types.NamespacedName{Namespace: round.object.Namespace, Name: q.Secret}, secret); err != nil {
			continue
		}
		if refused := grant.Judge(secret.Namespace, secret.Annotations, q); refused != nil {
			return refused
		}
	}
	return nil
}

// refusedScript says that a Secret does not allow a script to be written with it, nil if it does. What was in force once is put back in any
// case, as long as it is just what it was: the scale set has had it.
func refusedScript(round *round, secret *corev1.Secret) *rollout.Problem {
	if round.wasInForce(secret.Name, digestOf(secret)) {
		return nil
	}
	return grant.Judge(secret.Namespace, secret.Annotations, grant.Request{Secret: secret.Name, Use: grant.Script})
}

// wasInForce says whether a record of what there is to go back to names the Secret with this very content.
func (r *round) wasInForce(name, digest string) bool {
	if b := r.observation.State.Rollback.Baseline; b.SecretName == name && b.SecretDigest == digest {
		return true
	}
	for _, record := range r.observation.Cluster.Revisions {
		if s := record.Value.Script; s != nil && s.ProtectedSettings == name && s.Digest == digest {
			return true
		}
	}
	return false
}
