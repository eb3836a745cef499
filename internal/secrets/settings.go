// Package secrets reads the Secrets that a rollout declares, as far as they allow it, and makes what cuts their words out of texts.
package secrets

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Keys of a Secret with protected settings. They are the custom script extension's own names; no others are accepted, so that
// a typing error is found before anything is written.
const (
	keyCommand = "commandToExecute"
	keyURIs    = "fileUris" // a JSON list of strings
	keyScript  = "script"
	keyAccount = "storageAccountName"
	keyKey     = "storageAccountKey"
)

// Reader reads the Secrets of one namespace.
type Reader struct {
	// Live reads from the API server, not from a cache.
	Live client.Reader
	// Namespace is the rollout's own.
	Namespace string
}

// Settings reads a Secret with a script's protected settings. The settings themselves are nil unless they were read; they are never logged
// and never written to Kubernetes.
func (r Reader) Settings(ctx context.Context, secretName string, obs rollout.Observation) (map[string]any,
	rollout.Result[rollout.ProtectedSettings]) {
	secret, err := r.read(ctx, secretName)
	if err != nil {
		problem := secretProblem(types.NamespacedName{Namespace: r.Namespace, Name: secretName}, err)
		if obs.Cluster.Terminating {
			problem.Remediation = "" // it would be refused
		}
		return nil, rollout.FailedResult[rollout.ProtectedSettings](problem)
	}
	if refused := refusedScript(obs, secret); refused != nil {
		return nil, rollout.FailedResult[rollout.ProtectedSettings](refused)
	}
	settings, problem := protectedSettings(secret)
	if problem != nil {
		return nil, rollout.FailedResult[rollout.ProtectedSettings](problem)
	}
	_, hasCommand := settings[keyCommand]
	return settings, rollout.KnownResult(rollout.ProtectedSettings{HasCommand: hasCommand, Digest: digestOf(secret)})
}

func (r Reader) read(ctx context.Context, name string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	return secret, r.Live.Get(ctx, types.NamespacedName{Namespace: r.Namespace, Name: name}, secret)
}

// digestOf returns a digest that changes with the content of a Secret. It is keyed with the Secret's UID, a random number that is known
// only to readers of the Secret, so that short content cannot be found by trying. A Secret that was deleted and made again counts as
// changed.
func digestOf(secret *corev1.Secret) string {
	sum := hmac.New(sha256.New, []byte(secret.UID))
	for _, key := range slices.Sorted(maps.Keys(secret.Data)) {
		fmt.Fprintf(sum, "%q=%q;", key, secret.Data[key])
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// secretProblem says why a Secret could not be read, and what to run.
func secretProblem(name types.NamespacedName, err error) *rollout.Problem {
	switch {
	case apierrors.IsNotFound(err):
		return &rollout.Problem{
			Kind:        rollout.KindInvalid,
			Message:     fmt.Sprintf("Secret %q is not in namespace %q", name.Name, name.Namespace),
			Remediation: fmt.Sprintf("kubectl create secret generic %s -n %s --from-literal=%s='…'", name.Name, name.Namespace, keyCommand),
		}
	case apierrors.IsForbidden(err):
		return &rollout.Problem{
			Kind:    rollout.KindForbidden,
			Message: fmt.Sprintf("the controller may not read Secret %q in namespace %q", name.Name, name.Namespace),
			Remediation: fmt.Sprintf("kubectl create rolebinding vmssrollout-secret-reader -n %s --clusterrole=vmssrollout-secret-reader "+
				"--serviceaccount=vmss-rollouts-system:controller-manager", name.Namespace),
		}
	default:
		return &rollout.Problem{
			Kind: rollout.KindTransient, Message: fmt.Sprintf("reading Secret %q in namespace %q failed", name.Name, name.Namespace),
		}
	}
}

// protectedSettings turns a Secret into the extension's protected settings. Its problems name keys, never values.
func protectedSettings(secret *corev1.Secret) (map[string]any, *rollout.Problem) {
	settings := map[string]any{}
	for key, value := range secret.Data {
		switch key {
		case keyURIs:
			var uris []string
			if json.Unmarshal(value, &uris) != nil {
				return nil, invalidSecret(secret, "key %q is not a JSON list of strings", key)
			}
			settings[key] = uris
		case keyCommand, keyScript, keyAccount, keyKey:
			settings[key] = string(value)
		default:
			return nil, invalidSecret(secret, "key %q is not a protected setting; allowed are %q", key, allowedKeys())
		}
	}
	if len(settings) == 0 {
		return nil, invalidSecret(secret, "it is empty; allowed keys are %q", allowedKeys())
	}
	return settings, nil
}

func allowedKeys() []string {
	keys := []string{keyCommand, keyURIs, keyScript, keyAccount, keyKey}
	slices.Sort(keys)
	return keys
}

func invalidSecret(secret *corev1.Secret, format string, args ...any) *rollout.Problem {
	return &rollout.Problem{
		Kind:        rollout.KindInvalid,
		Message:     fmt.Sprintf("Secret %q: ", secret.Name) + fmt.Sprintf(format, args...),
		Remediation: fmt.Sprintf("kubectl edit secret %s -n %s", secret.Name, secret.Namespace),
	}
}
