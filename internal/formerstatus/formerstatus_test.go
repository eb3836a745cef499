package formerstatus_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/formerstatus"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestState reads statuses that a former controller wrote, and compares with what that controller read from them. The files are never
// written again.
func TestState(t *testing.T) {
	files, err := filepath.Glob("testdata/*.status.json")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files, want 4: %v", len(files), err)
	}
	for _, file := range files {
		var want rollout.State
		if err := json.Unmarshal(content(t, strings.Replace(file, ".status.", ".state.", 1)), &want); err != nil {
			t.Fatal(err)
		}
		got, err := formerstatus.State(content(t, file))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-the former controller's +this one's):\n%s", file, diff)
		}
	}
}

// TestBaselineIsTarget reads a baseline that the former status calls the target itself.
func TestBaselineIsTarget(t *testing.T) {
	const document = `{"bookkeeping":{"baseline":{"revision":"0123456789ab","lost":` +
		`"what was there before is the target itself, so there is nothing to go back to; declare spec.baseline"}}}`
	s, err := formerstatus.State([]byte(document))
	if want := (rollout.Baseline{Revision: "0123456789ab", IsTarget: true}); err != nil || s.Rollback.Baseline != want {
		t.Errorf("baseline %+v, error %v, want %+v", s.Rollback.Baseline, err, want)
	}
}

// TestNoState: a status that cannot be read is an error, never an empty state.
func TestNoState(t *testing.T) {
	for document, says := range map[string]string{
		`{"run":1}`:                         "neither controllerState nor bookkeeping",
		`{"bookkeeping":{"packed":"AA"}}`:   "decoding a former status",
		`{"bookkeeping":{"packed":"AAAA"}}`: "reading bookkeeping.packed of a former status",
		`{`:                                 "decoding a former status",
	} {
		if _, err := formerstatus.State([]byte(document)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want one that says %q", document, err, says)
		}
	}
	if _, err := formerstatus.State([]byte("{}")); !errors.Is(err, formerstatus.ErrNoBookkeeping) {
		t.Errorf("error %v", err)
	}
}

func content(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
