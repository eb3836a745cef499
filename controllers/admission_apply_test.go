package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// TestAdmissionOfAppliers: a pipeline, an operator who pauses, a program that annotates and the controller share a rollout. Each applies
// its own part in turn by server-side apply. No apply is forced, no apply is in conflict, and no part is dropped.
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
			t.Cleanup(func() { remove(t, c, key) })
		}
		got := fmt.Sprint(object.Spec.Target.RevisionTag, object.Spec.Strategy.Canary.Steps[1].Percent, object.Spec.Windows[0].Schedule,
			object.Spec.Paused, object.Annotations["shop.example/ticket"], object.Labels["team"], object.Spec.FailurePolicy.Action)
		want := fmt.Sprint(fmt.Sprint(round), int32(round*10), fmt.Sprintf("0 2%d * * *", round), round%2 == 1, fmt.Sprint(round), "shop",
			v1alpha1.OnFailureRollback)
		if got != want {
			t.Errorf("round %d: declared is %s, want %s", round, got, want)
		}
		statusLeavesTheSpec(t, c, object, int64(round))
	}
	// A manager that no longer applies a field gives it up. The fields of the other managers stay.
	applyAs(t, c, key, "ops", `{}`)
	object := &v1alpha1.VMSSRollout{}
	if err := c.Get(t.Context(), key, object); err != nil {
		t.Fatal(err)
	}
	if object.Spec.Paused || object.Annotations["shop.example/ticket"] != "3" || len(object.Spec.Strategy.Canary.Steps) != 3 {
		t.Errorf("after ops gave up its field: %+v", object)
	}
}

// statusLeavesTheSpec writes a status as the controller does, and checks that what is declared stays, and stays everybody's own.
func statusLeavesTheSpec(t *testing.T, c client.Client, object *v1alpha1.VMSSRollout, run int64) {
	t.Helper()
	before := object.DeepCopy()
	object.Status.Run, object.Status.ObservedGeneration = run, object.Generation
	object.Spec.Paused = !object.Spec.Paused // as a bug would; the API server drops it
	if err := c.Status().Update(t.Context(), object, client.FieldOwner("controller")); err != nil {
		t.Fatal(err)
	}
	if object.Status.Run != run || object.Generation != before.Generation {
		t.Errorf("run %d: run %d, generation %d after a write of the status, want generation %d", run, object.Status.Run, object.Generation,
			before.Generation)
	}
	if diff := cmp.Diff(before.Spec, object.Spec); diff != "" {
		t.Errorf("run %d: a write of the status changed what is declared (-before +after):\n%s", run, diff)
	}
	if diff := cmp.Diff(owned(before), owned(object)); diff != "" {
		t.Errorf("run %d: a write of the status changed whose fields are whose (-before +after):\n%s", run, diff)
	}
}

// owned is which fields outside of the status each manager has.
func owned(object *v1alpha1.VMSSRollout) map[string]string {
	fields := map[string]string{}
	for _, entry := range object.ManagedFields {
		if entry.Subresource == "" {
			fields[entry.Manager] = string(entry.FieldsV1.GetRawBytes())
		}
	}
	return fields
}

// remove removes a rollout at the end of a test, when the test's own context is over.
func remove(t *testing.T, c client.Client, key client.ObjectKey) {
	t.Helper()
	rollout := &v1alpha1.VMSSRollout{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	if err := c.Delete(context.WithoutCancel(t.Context()), rollout); err != nil {
		t.Errorf("removing %s: %v", key.Name, err)
	}
}

// TestAppliersInConflictAreTold: two that declare the same field differently are told so, with the field and the other one's name, and
// nothing is changed.
func TestAppliersInConflictAreTold(t *testing.T) {
	c := admission(t)
	key := client.ObjectKey{Namespace: "default", Name: "appliers-in-conflict"}
	applyAs(t, c, key, "gitops", managers[0].declares(1))
	t.Cleanup(func() { remove(t, c, key) })
	err := c.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(applied(t, key, `spec: {failurePolicy: {action: Pause}}`)),
		client.FieldOwner("ops"))
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
