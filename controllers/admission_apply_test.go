package controllers_test

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// What each manager applies, round after round. Only gitops says what is rolled out.
var managers = []struct {
	name     string
	declares func(round int) string
}{
	{"gitops", func(round int) string {
		return fmt.Sprintf(`
metadata: {labels: {team: shop}}
spec:
  scaleSet: {subscriptionID: 00000000-0000-0000-0000-000000000001, resourceGroup: shop-rg, name: web}
  target: {script: {uris: [https://store.example/install.sh], command: bash install.sh}, revisionTag: "%[1]d"}
  strategy:
    canary: {steps: [{name: one, count: 1, approval: {}}, {name: some, percent: %[1]d0}, {name: all, percent: 100}]}
    batch: {size: 2, maxUnavailable: 2}
  windows: [{type: Allow, schedule: "0 2%[1]d * * *", duration: 1h}]
  failurePolicy: {action: Rollback}`, round)
	}},
	{"ops", func(round int) string { return fmt.Sprintf(`spec: {paused: %t}`, round%2 == 1) }},
	{"notes", func(round int) string {
		return fmt.Sprintf(`metadata: {annotations: {shop.example/ticket: "%d"}}`, round)
	}},
}

// TestAdmissionOfAppliers: a pipeline, somebody who pauses, something that annotates and the controller share a rollout. Each applies its own
// part in turn by server-side apply, nothing is forced, nobody is in conflict, and nobody's part is dropped.
func TestAdmissionOfAppliers(t *testing.T) {
	c := admission(t)
	key := client.ObjectKey{Namespace: "default", Name: "appliers"}
	for round := 1; round <= 3; round++ {
		for _, manager := range managers {
			applyAs(t, c, key, manager.name, manager.declares(round))
		}
		object := &v1alpha1.VMSSRollout{}
		if err := c.Get(t.Context(), key, object); err != nil {
			t.Fatal(err)
		}
		if round == 1 {
			t.Cleanup(func() { _ = c.Delete(t.Context(), object) })
		}
		got := fmt.Sprint(object.Spec.Target.RevisionTag, object.Spec.Strategy.Canary.Steps[1].Percent, object.Spec.Windows[0].Schedule,
			object.Spec.Paused, object.Annotations["shop.example/ticket"], object.Labels["team"], object.Spec.FailurePolicy.Action)
		want := fmt.Sprint(fmt.Sprint(round), int32(round*10), fmt.Sprintf("0 2%d * * *", round), round%2 == 1, fmt.Sprint(round), "shop", v1alpha1.OnFailureRollback)
		if got != want {
			t.Errorf("round %d: declared is %s, want %s", round, got, want)
		}
		generation := object.Generation
		object.Status.Run, object.Status.ObservedGeneration = int64(round), generation
		if err := c.Status().Update(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		if object.Generation != generation || object.Spec.Paused != (round%2 == 1) {
			t.Errorf("round %d: the status write changed what is declared", round)
		}
	}
}

// TestAppliersInConflictAreTold: two that declare the same field differently are told so, with the field and the other one's name, and
// nothing is changed.
func TestAppliersInConflictAreTold(t *testing.T) {
	c := admission(t)
	key := client.ObjectKey{Namespace: "default", Name: "appliers-in-conflict"}
	applyAs(t, c, key, "gitops", managers[0].declares(1))
	t.Cleanup(func() {
		_ = c.Delete(t.Context(), &v1alpha1.VMSSRollout{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}})
	})
	err := c.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(applied(t, key, `spec: {failurePolicy: {action: Pause}}`)), client.FieldOwner("ops"))
	if err == nil {
		t.Fatal("a conflict was forced")
	}
	for _, says := range []string{".spec.failurePolicy.action", `"gitops"`} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("the conflict does not say %s: %v", says, err)
		}
	}
}

// applyAs applies a part of the rollout as the manager.
func applyAs(t *testing.T, c client.Client, key client.ObjectKey, manager, part string) {
	t.Helper()
	if err := c.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(applied(t, key, part)), client.FieldOwner(manager)); err != nil {
		t.Fatalf("%s: %v", manager, err)
	}
}

// applied is the part as an object.
func applied(t *testing.T, key client.ObjectKey, part string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{Object: map[string]any{}}
	if err := yaml.Unmarshal([]byte(part), &object.Object); err != nil {
		t.Fatal(err)
	}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("VMSSRollout"))
	object.SetNamespace(key.Namespace)
	object.SetName(key.Name)
	return object
}
