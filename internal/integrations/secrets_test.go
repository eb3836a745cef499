package integrations

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
)

// TestSecretsOfChecks: a check gets the key of the Secret of its own namespace, and what it does not get is told without what the Secret
// holds.
func TestSecretsOfChecks(t *testing.T) {
	held := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "token", Annotations: map[string]string{
		grant.UsesAnnotation: "hook", grant.HostsAnnotation: "hooks.example",
	}}, Data: map[string][]byte{"bearer": []byte("hunter2")}}
	s := Secrets{fake.NewClientBuilder().WithObjects(held).Build()}
	q := grant.Request{Secret: "token", Use: grant.Hook, Host: "hooks.example:443"}
	if got, err := s.Secret(t.Context(), "shop", "bearer", q); err != nil || string(got) != "hunter2" {
		t.Errorf("got %q, %v", got, err)
	}
	for name, tc := range map[string]struct{ namespace, key, says string }{
		"another namespace": {"bank", "bearer", `reading Secret bank/token: secrets "token" not found`},
		"another key":       {"shop", "password", `reading Secret shop/token: there is no key "password" in it`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Secret(t.Context(), tc.namespace, tc.key, q)
			if got != nil || err == nil || err.Error() != tc.says || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %q, %v; want the error %q", got, err, tc.says)
			}
		})
	}
}

// TestSecretIsSentWhereItAllows: a credential goes only to hosts that its Secret names, whichever rollout declares it; the error has the
// command that allows the host.
func TestSecretIsSentWhereItAllows(t *testing.T) {
	metric.Fault(t, 2)
	held := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "token", Annotations: map[string]string{
		grant.UsesAnnotation: "hook", grant.HostsAnnotation: "hooks.example",
	}}, Data: map[string][]byte{"bearer": []byte("hunter2")}}
	s := Secrets{fake.NewClientBuilder().WithObjects(held).Build()}
	for _, q := range []grant.Request{
		{Secret: "token", Use: grant.Hook, Host: "evil.example:443"},
		{Secret: "token", Use: grant.Hook, Host: "hooks.example:8443"},
		{Secret: "token", Use: grant.Check, Host: "hooks.example:443"},
		{Secret: "token", Use: grant.Check, Host: "10.0.0.4:443"},
	} {
		got, err := s.Secret(t.Context(), "shop", "bearer", q)
		if got != nil || err == nil || !strings.Contains(err.Error(), "does not allow") {
			t.Errorf("%+v: got %q, %v", q, got, err)
		}
	}
}
