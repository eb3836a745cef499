package controllers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/randomstate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/convert"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestEveryStatusIsAdmitted: a rollout whose status the schema refuses cannot remember. So the schema refuses no status that the controller
// may write, and the API server returns the status as it was written.
func TestEveryStatusIsAdmitted(t *testing.T) {
	c := admission(t)
	created := create(t, c, "status")
	object := &v1alpha1.VMSSRollout{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(created.Object, object); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	statuses := []v1alpha1.VMSSRolloutStatus{statusOf(t, largestState()), {}}
	states := randomstate.New(seed)
	for range 30 {
		statuses = append(statuses, statusOf(t, states.State()))
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

// TestStatusCanBeForgotten tries the runbook's patch for a status that cannot be read.
func TestStatusCanBeForgotten(t *testing.T) {
	c := admission(t)
	object := &v1alpha1.VMSSRollout{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(create(t, c, "forgotten").Object, object); err != nil {
		t.Fatal(err)
	}
	object.Status = statusOf(t, largestState())
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

// statusOf is the status of a rollout in the state.
func statusOf(t *testing.T, s rollout.State) v1alpha1.VMSSRolloutStatus {
	t.Helper()
	var status v1alpha1.VMSSRolloutStatus
	d := rollout.Decision{State: s, Explanation: rollout.Explanation{Reason: rollout.ReasonProgressing, Message: "upgrading"}}
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	if err := convert.Status(&status, d, 1, rollout.Observation{At: at}, nil); err != nil {
		t.Fatal(err)
	}
	return status
}

// largestState is the state of the largest scale set there can be when everything went wrong at once, wordily.
func largestState() rollout.State {
	ref := func(i int) rollout.Ref {
		return rollout.Ref{
			ID: fmt.Sprint(i), VMID: "00000000-0000-0000-0000-000000000001", Name: fmt.Sprint(strings.Repeat("n", 64), "_", i),
		}
	}
	words, token := strings.Repeat("ä", 10_000), strings.Repeat("t", 8<<10) // as long as a token may be
	problem := &rollout.Problem{Kind: rollout.KindPreconditionFailed, Code: words, Message: words, Remediation: words}
	s := rollout.State{Operation: &rollout.Operation{
		Kind: rollout.ReimageOperation, Attempt: 1, PollToken: token, Error: problem, Rejection: problem,
	}}
	for i := range 200 {
		s.Operation.Instances = append(s.Operation.Instances, rollout.Attempt{Ref: ref(i), OSDisk: strings.Repeat("d", 64)})
	}
	for i := range 1000 {
		s.Ledger.Failed = append(
			s.Ledger.Failed,
			rollout.Failure{Ref: ref(i), OSDisk: strings.Repeat("d", 64), Reason: rollout.FailureProvisioning, Message: words},
		)
	}
	return s
}
