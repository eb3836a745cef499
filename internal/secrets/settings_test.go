package secrets

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// secretValue must never be seen outside of the settings.
const secretValue = "hunter2-do-not-leak"

func theSecret() *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-script"},
		Data: map[string][]byte{keyCommand: []byte("sh v2.sh --key " + secretValue)}}
}

// TestDigestTellsAChange: of content or of the Secret itself, and of nothing else.
func TestDigestTellsAChange(t *testing.T) {
	same, labelled, changed, anew := theSecret(), theSecret(), theSecret(), theSecret()
	same.UID, labelled.UID, changed.UID, anew.UID = "1", "1", "1", "2"
	labelled.Labels = map[string]string{"a": "b"}
	changed.Data[keyCommand] = []byte("sh v3.sh")
	if digestOf(same) != digestOf(labelled) {
		t.Error("a label changed the digest")
	}
	if digestOf(same) == digestOf(changed) || digestOf(same) == digestOf(anew) {
		t.Error("a change did not change the digest")
	}
	if strings.Contains(digestOf(same), secretValue) {
		t.Error("the digest holds the secret")
	}
}
