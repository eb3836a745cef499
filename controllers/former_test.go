package controllers_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/yaml"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/controllers"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/statecodec"
)

// TestFormerStatusIsTakenOver: the API server returns the fields of a former status although the schema lacks them, and the first round
// writes what they hold into controllerState.
func TestFormerStatusIsTakenOver(t *testing.T) {
	c := admission(t)
	object := create(t, c, "former")
	text, err := os.ReadFile("../hack/simtime/testdata/former/2026-11/mid-rollout.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var former map[string]any
	if err := yaml.Unmarshal(text, &former); err != nil {
		t.Fatal(err)
	}
	object.Object["status"] = former
	if err := c.Status().Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	b, key := controllers.NewBench(c), client.ObjectKeyFromObject(object)
	if _, err := b.Reconcile(t.Context(), ctrl.Request{NamespacedName: key}); err != nil {
		t.Fatal(err)
	}
	now := &v1alpha1.VMSSRollout{}
	if err := c.Get(t.Context(), key, now); err != nil {
		t.Fatal(err)
	}
	state, err := statecodec.Decode(now.Status.ControllerState)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0", "1"}, state.Ledger.Exposed); diff != "" || state.Rollback.Baseline.Revision != "b31d6e5858f9" {
		t.Errorf("baseline %q, exposed (-want +got):\n%s", state.Rollback.Baseline.Revision, diff)
	}
	if err := c.Get(t.Context(), key, object); err != nil {
		t.Fatal(err)
	}
	if left := object.Object["status"].(map[string]any)["bookkeeping"]; left != nil {
		t.Errorf("the former fields are still there: %v", left)
	}
}
