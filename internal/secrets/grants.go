package secrets

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Refused returns the problem of the first credential whose Secret does not allow its use, nil for none. A Secret that cannot be read is no
// refusal: the check or hook that needs it reports that.
func (r Reader) Refused(ctx context.Context, credentials []grant.Request) *rollout.Problem {
	for _, q := range credentials {
		secret, err := r.read(ctx, q.Secret)
		if err != nil {
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
func refusedScript(obs rollout.Observation, secret *corev1.Secret) *rollout.Problem {
	if wasInForce(obs, secret.Name, digestOf(secret)) {
		return nil
	}
	return grant.Judge(secret.Namespace, secret.Annotations, grant.Request{Secret: secret.Name, Use: grant.Script})
}

// wasInForce reports whether the record of a revision to which a rollback may lead names the Secret with this content.
func wasInForce(obs rollout.Observation, name, digest string) bool {
	if b := obs.State.Rollback.Baseline; b.SecretName == name && b.SecretDigest == digest {
		return true
	}
	for _, record := range obs.Cluster.Revisions {
		if s := record.Value.Script; s != nil && s.ProtectedSettings == name && s.Digest == digest {
			return true
		}
	}
	return false
}
