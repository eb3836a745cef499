package controllers_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/controllers"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

// rounds runs rounds until the object's Ready condition has the reason, or for at most so many rounds. It returns the object, nil once it
// is gone.
func rounds(t *testing.T, b *controllers.Bench, key client.ObjectKey, most int, reason string) *v1alpha1.VMSSRollout {
	t.Helper()
	object := &v1alpha1.VMSSRollout{}
	for range most {
		result, err := b.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
		if err != nil {
			t.Fatal(err)
		}
		b.Time.SetTime(b.Time.Now().Add(max(result.RequeueAfter, time.Second)))
		*object = v1alpha1.VMSSRollout{}
		if err := b.Live.Get(t.Context(), key, object); apierrors.IsNotFound(err) {
			return nil
		} else if err != nil {
			t.Fatal(err)
		}
		if is(object) == reason {
			return object
		}
	}
	return object
}

// is returns the reason of the Ready condition.
func is(object *v1alpha1.VMSSRollout) string {
	for _, c := range object.Status.Conditions {
		if c.Type == v1alpha1.ConditionReady {
			return c.Reason
		}
	}
	return ""
}

// scriptWith declares a script with a Secret.
func scriptWith(command, secret string) v1alpha1.Target {
	return v1alpha1.Target{Script: &v1alpha1.Script{URIs: []string{"https://store.example/" + command}, Command: "sh " + command,
		ProtectedSettings: &v1alpha1.ProtectedSettings{SecretRef: v1alpha1.SecretReference{Name: secret}}}}
}

// twoReleases makes a namespace with a rollout that completed a.sh, with Secret a, and has b.sh, with Secret b, on one of two instances.
func twoReleases(t *testing.T, c client.Client) (*controllers.Bench, *v1alpha1.VMSSRollout) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "two-releases-"}}
	if err := c.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	ns := namespace.Name
	object := &v1alpha1.VMSSRollout{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "web"}, Spec: v1alpha1.VMSSRolloutSpec{
		ScaleSet: v1alpha1.ScaleSetReference{SubscriptionID: "00000000-0000-0000-0000-000000000001", ResourceGroup: ns, Name: "web"},
		Target:   scriptWith("a.sh", "a"), OnDelete: v1alpha1.OnDeleteRollback,
		Strategy: v1alpha1.Strategy{Canary: v1alpha1.Canary{Percent: 100}},
	}}
	made := []client.Object{object}
	for _, name := range []string{"a", "b"} {
		made = append(made, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name,
			Annotations: map[string]string{"rollouts.vmss.dev/allowed-uses": "script"}},
			StringData: map[string]string{"storageAccountName": "store", "storageAccountKey": name + "-key"}})
	}
	for _, o := range made {
		if err := c.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	b, key := controllers.NewBench(c), client.ObjectKeyFromObject(object)
	if object = rounds(t, b, key, 40, v1alpha1.ReasonCompleted); is(object) != v1alpha1.ReasonCompleted {
		t.Fatalf("%+v", object.Status.Conditions)
	}
	object.Spec.Target, object.Spec.Strategy.Canary.Percent = scriptWith("b.sh", "b"), 50
	if err := c.Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	if object = rounds(t, b, key, 40, v1alpha1.ReasonCanaryReached); is(object) != v1alpha1.ReasonCanaryReached {
		t.Fatalf("%+v", object.Status.Conditions)
	}
	return b, object
}

// TestNamespaceWithoutTheSecretIsLeft: a namespace is being deleted, and the Secret that a rollback would need is gone. A real API server
// refuses to create anything there. The object goes at once, no message offers a command that would be refused, and the event names what
// was left.
func TestNamespaceWithoutTheSecretIsLeft(t *testing.T) {
	metric.Fault(t, 10)
	c := admission(t)
	b, object := twoReleases(t, c)
	ns := object.Namespace
	for _, o := range []client.Object{&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "a"}}, object,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}} {
		if err := c.Delete(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	if still := rounds(t, b, client.ObjectKeyFromObject(object), 3, "none"); still != nil {
		t.Fatalf("it is still there: %+v", still.Status.Conditions)
	}
	told := ""
	for len(b.Told.Events) > 0 {
		told = <-b.Told.Events
	}
	for _, part := range []string{"Warning NotRollbackable", "VMSSRollout web", ns + "/web", "model", "instance 0"} {
		if !strings.Contains(told, part) {
			t.Errorf("the last event does not say %q: %s", part, told)
		}
	}
	if strings.Contains(told, "kubectl create") {
		t.Errorf("the last event offers what is refused: %s", told)
	}
}

// TestDeletionWithoutTheSecretIsBounded: the same in a namespace that stays: the object goes within about ten minutes, with a Warning
// event.
func TestDeletionWithoutTheSecretIsBounded(t *testing.T) {
	metric.Fault(t, 10)
	c := admission(t)
	b, object := twoReleases(t, c)
	for _, o := range []client.Object{&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: object.Namespace, Name: "a"}}, object} {
		if err := c.Delete(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	begun := b.Time.Now()
	if still := rounds(t, b, client.ObjectKeyFromObject(object), 30, "none"); still != nil {
		t.Fatalf("it is still there: %+v", still.Status.Conditions)
	}
	if took := b.Time.Now().Sub(begun); took < 9*time.Minute || took > 13*time.Minute {
		t.Errorf("it went after %s", took)
	}
	told := ""
	for len(b.Told.Events) > 0 {
		told = <-b.Told.Events
	}
	if !strings.Contains(told, "Warning NotRollbackable") || !strings.Contains(told, "waited 10 minutes") {
		t.Errorf("the last event: %s", told)
	}
}
