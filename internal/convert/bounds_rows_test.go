package convert

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestTextsAreBounded: each text of the state is kept up to its bound, and no further.
func TestTextsAreBounded(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	hint := "denied" + strings.Repeat("d", 300) + "; to fix it: az "
	s := rollout.State{
		Operation: &rollout.Operation{ID: long, PollToken: long[:maxTokenSize]}, Preempted: rollout.PreemptedOperation{ID: long},
		Ledger: rollout.Ledger{Failed: []rollout.Failure{{Message: hint + long[:maxFailureMessage-len(hint)]}}},
	}
	for range 5 {
		s.History = append(s.History, rollout.PastRun{Message: long, Actions: []rollout.AppliedAction{{UID: "1", At: time.Unix(1, 0)}}})
	}
	before := s.Clone()
	before.History[4].Actions = append([]rollout.AppliedAction(nil), s.History[4].Actions...)
	got := bounded(s)
	if got.Operation.PollToken != s.Operation.PollToken || len(got.Operation.ID) != maxCodeSize || len(got.Preempted.ID) != maxCodeSize {
		t.Errorf("a token of %d bytes, ids of %d and %d", len(got.Operation.PollToken), len(got.Operation.ID), len(got.Preempted.ID))
	}
	if got.Ledger.Failed[0].Message != s.Ledger.Failed[0].Message {
		t.Errorf("a message that fits is told as %q", got.Ledger.Failed[0].Message)
	}
	for n, want := range []int{128, 128, 128, 64, 64} {
		if size := len(got.History[n].Message); size != want {
			t.Errorf("run %d has a message of %d bytes, want %d", n, size, want)
		}
	}
	if got.History[4].Actions[0].UID != "" || got.History[0].Actions[0].UID != "1" {
		t.Errorf("actions %+v and %+v", got.History[0].Actions, got.History[4].Actions)
	}
	if diff := cmp.Diff(before, s); diff != "" {
		t.Errorf("the state itself was bounded (-want +got):\n%s", diff)
	}
}

// TestBeginningOfAnIdentity: of a UUID its first part is enough; what only looks like one is kept whole.
func TestBeginningOfAnIdentity(t *testing.T) {
	for id, want := range map[string]string{
		"01234567-0000-4000-8000-000000000000":  "01234567",
		"01234567x0000-4000-8000-000000000000":  "01234567x0000-4000-8000-000000000000",
		"01234567-0000x4000-8000-000000000000":  "01234567-0000x4000-8000-000000000000",
		"01234567-0000-4000-8000-0000000000001": "01234567-0000-4000-8000-0000000000001",
		"":                                      "",
	} {
		if got := beginning(id); got != want {
			t.Errorf("%q is kept as %q, want %q", id, got, want)
		}
	}
}
