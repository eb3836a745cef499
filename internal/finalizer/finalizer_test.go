package finalizer

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestFormer: the finalizer of a former version of the controller holds an object too. It is replaced, and goes with the one of now; an
// object that is being deleted takes no new one, and keeps what it has.
func TestFormer(t *testing.T) {
	held := func() *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Finalizers: []string{"others.example/hold", former}}}
	}
	object := held()
	if !Has(object) || !Add(object) || !slices.Equal(object.Finalizers, []string{"others.example/hold", Name}) {
		t.Errorf("finalizers %v, want the one of now", object.Finalizers)
	}
	if Add(object) {
		t.Errorf("finalizers %v, which have changed twice", object.Finalizers)
	}
	object = held()
	if !Remove(object) || Has(object) || !slices.Equal(object.Finalizers, []string{"others.example/hold"}) {
		t.Errorf("finalizers %v are left", object.Finalizers)
	}
	if Remove(object) {
		t.Error("nothing was there to remove")
	}
	object = held()
	object.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	if Add(object) || !Has(object) {
		t.Errorf("an object that is being deleted has %v", object.Finalizers)
	}
}
