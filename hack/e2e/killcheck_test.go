package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// testKilledChecking kills the manager while the check of the canary is half through its count and waits for an answer, and the next one
// while that of the second instance is. A check that was half through begins again, and one that passed is not asked again. An instance
// counts as verified, which the hook tells, only by all the answers that the check declares, given to one manager.
func (s *fleetEnv) testKilledChecking(t *testing.T, stopped *atomic.Int32) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	s.settleSet(t, set, 2)
	program := newSilentListener(t, "check one 0, time 3", "check all 1, time 2")
	r := release(ns, set, "v2", "0s").checked(t, fmt.Sprintf(
		`{"name": "page", "interval": "1s", "count": 3, "webhook": {"url": %q, "timeout": "60s"}}`, program.url))
	r.with([]any{map[string]any{"name": "verified", "at": "AfterInstance", "url": program.url}}, "spec", "hooks").create(t)

	var lives [][]string // what each manager said
	for heard := 0; len(lives) < 2; heard = len(program.heard()) {
		manager := s.manage(t, ns)
		program.awaitSilence(t)
		r.awaitRound(t, len(lives))
		manager.kill()
		lives = append(lives, said(program.heard()[heard:]))
	}
	heard := len(program.heard())
	s.manage(t, ns)
	s.expectThrough(t, ns, set, 2, stopped)
	lives = append(lives, said(program.heard()[heard:]))

	const one, all = "check one 0", "check all 1"
	want := [][]string{{one, one, one}, {one, one, one, "AfterInstance one 0", all, all}, {all, all, all, "AfterInstance all 1"}}
	if diff := cmp.Diff(want, lives); diff != "" {
		t.Errorf("what each of the managers called (-want +got):\n%s", diff)
	}
}

// awaitRound has a round look at the rollout as it is, for the n-th time: it says so of the generation that a harmless change made.
func (r rollout) awaitRound(t testing.TB, n int) {
	t.Helper()
	r.patch(t, fmt.Sprintf(`{"spec": {"revisionHistoryLimit": %d}}`, 5+n))
	r.await(t, "has had a round", func(o *v1alpha1.VMSSRollout) bool { return o.Status.ObservedGeneration == o.Generation })
}

func said(calls []called) []string {
	var all []string
	for _, c := range calls {
		all = append(all, c.String())
	}
	return all
}

// silentListener is one that leaves some calls without an answer, however long who called waits.
type silentListener struct {
	*listener
	silent chan string
}

func newSilentListener(t *testing.T, calls ...string) *silentListener {
	t.Helper()
	s := &silentListener{silent: make(chan string, len(calls))}
	s.listener = newListener(t)
	s.answer = func(ctx context.Context, c called) int {
		sameBefore := slices.DeleteFunc(s.heard(), func(o called) bool { return o.String() != c.String() })
		call := fmt.Sprintf("%s, time %d", c, len(sameBefore))
		if !slices.Contains(calls, call) {
			return http.StatusOK
		}
		s.silent <- call
		select {
		case <-ctx.Done():
		case <-t.Context().Done(): // else the server would wait for this call when the test is over
		}
		return 0
	}
	return s
}

// awaitSilence waits until a call came that gets no answer.
func (s *silentListener) awaitSilence(t testing.TB) {
	t.Helper()
	eventually(t, patience, "a call comes that gets no answer", func(ctx context.Context) error {
		select {
		case <-s.silent:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("heard %v", said(s.heard()))
		}
	})
}
