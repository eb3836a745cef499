package controllers_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/controllers"
)

// TestEveryStatusIsAdmitted: a status that the schema refused would be a rollout that cannot remember, so nothing that the
// controller may write is refused, and what comes back is what was written.
func TestEveryStatusIsAdmitted(t *testing.T) {
	c := admission(t)
	created := create(t, c, "status")
	object := &v1alpha1.VMSSRollout{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(created.Object, object); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	statuses := []v1alpha1.VMSSRolloutStatus{controllers.LargestStatus(), {}}
	for i := range uint64(30) {
		statuses = append(statuses, controllers.RandomStatus(seed+i))
	}
	for i, status := range statuses {
		object.Status = status
		if err := c.Status().Update(t.Context(), object); err != nil {
			t.Fatalf("status %d: %v", i, err)
		}
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(status, object.Status, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("status %d came back changed (-written +read):\n%s", i, diff)
		}
	}
}

// TestStatusCanBeForgotten tries the runbook's patch for a status that nobody can read.
func TestStatusCanBeForgotten(t *testing.T) {
	c := admission(t)
	object := &v1alpha1.VMSSRollout{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(create(t, c, "forgotten").Object, object); err != nil {
		t.Fatal(err)
	}
	object.Status = controllers.LargestStatus()
	object.Status.ControllerState = "no gzip"
	if err := c.Status().Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	if err := c.Status().Patch(t.Context(), object, client.RawPatch(types.MergePatchType, []byte(`{"status":null}`))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v1alpha1.VMSSRolloutStatus{}, object.Status); diff != "" {
		t.Errorf("something of the status is left (-want +got):\n%s", diff)
	}
}
