package simtime

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestEtagMovesAreNoEdits moves the ETag of a completed rollout's scale set as Azure does without an edit: by a manualupgrade that touches
// nothing (azure-cli-2025-02__test_vmss_explicit_msi:20). The rollout remains Completed, writes nothing to Azure, and reads the list of
// instances no more often than before once it has looked again.
func TestEtagMovesAreNoEdits(t *testing.T) {
	w, key := declare(t, 3, func(s *v1alpha1.VMSSRolloutSpec) { s.Strategy.Canary.Percent = 100 })
	watch(t, w, key)
	idle := func() (Count, *v1alpha1.VMSSRollout) {
		before, rounds := w.Count, w.Count.Rounds
		object, err := w.Run(t.Context(), key, 30*24*time.Hour, func(*v1alpha1.VMSSRollout) bool { return w.Count.Rounds >= rounds+5 })
		if err != nil {
			t.Fatal(err)
		}
		return w.Count.Minus(before), object
	}
	quiet, _ := idle()
	was := etagOf(t, w)
	ask(t, w, http.MethodPost, "/manualupgrade", `{"instanceIds":["*"]}`)
	w.Clock.Advance(time.Minute)
	if etagOf(t, w) == was {
		t.Fatalf("the ETag is still %s: nothing moved it", was)
	}
	first, object := idle()
	if ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady); ready.Reason != v1alpha1.ReasonCompleted {
		t.Errorf("Ready has the reason %s: %s", ready.Reason, ready.Message)
	}
	if first.AzureWrites > 0 {
		t.Errorf("%d writes to Azure after the ETag moved", first.AzureWrites)
	}
	if then, _ := idle(); then.AzureReads != quiet.AzureReads {
		t.Errorf("five idle rounds read Azure %d times, before the ETag moved %d times", then.AzureReads, quiet.AzureReads)
	}
}

// etagOf is the scale set's ETag.
func etagOf(t *testing.T, w *World) string {
	t.Helper()
	return ask(t, w, http.MethodGet, "", "").Header.Get("ETag")
}

// ask sends a request about the scale set to Azure, as a client that is not the controller.
func ask(t *testing.T, w *World, method, path, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://azure.invalid"+theSet+path+"?api-version=2024-07-01",
		strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer somebody")
	response, err := w.Azure.Transport().RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s %s: %s %s %v", method, path, response.Status, text, err)
	}
	return response
}
