package main

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

// TestSecretsOfChecks: a check gets the key of the Secret of its own namespace, and what it does not get is told without what the Secret holds.
func TestSecretsOfChecks(t *testing.T) {
	held := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "token"}, Data: map[string][]byte{"bearer": []byte("hunter2")}}
	s := secrets{fake.NewClientBuilder().WithObjects(held).Build()}
	if got, err := s.Secret(t.Context(), "shop", "token", "bearer"); err != nil || string(got) != "hunter2" {
		t.Errorf("got %q, %v", got, err)
	}
	for name, tc := range map[string]struct{ namespace, key, says string }{
		"another namespace": {"bank", "bearer", `reading Secret bank/token: secrets "token" not found`},
		"another key":       {"shop", "password", `reading Secret shop/token: there is no key "password" in it`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Secret(t.Context(), tc.namespace, "token", tc.key)
			if got != nil || err == nil || err.Error() != tc.says || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %q, %v; want the error %q", got, err, tc.says)
			}
		})
	}
}
