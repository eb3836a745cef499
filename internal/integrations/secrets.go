package integrations

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
)

// Secrets reads Secrets live: a cache would need the right to list them all.
type Secrets struct{ Live client.Reader }

// Secret implements checks.Secrets.
func (s Secrets) Secret(ctx context.Context, namespace, key string, q grant.Request) ([]byte, error) {
	name, secret := q.Secret, &corev1.Secret{}
	if err := s.Live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, secret); err != nil {
		return nil, fmt.Errorf("reading Secret %s/%s: %w", namespace, name, err)
	}
	if refused := grant.Judge(namespace, secret.Annotations, q); refused != nil {
		return nil, refused
	}
	content, there := secret.Data[key]
	if !there {
		return nil, fmt.Errorf("reading Secret %s/%s: there is no key %q in it", namespace, name, key)
	}
	return content, nil
}
