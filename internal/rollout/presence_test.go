package rollout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// half is a rollout whose share of two of four is reached, in a world that does as it is told.
func half(t *testing.T, change ...func(*rollout.Spec)) *simworld.Shell {
	t.Helper()
	s := &simworld.Shell{World: simworld.New(func(n int) int { return n / 2 }, 4, nil, bare), Spec: canary(image2, 50, change...)}
	until(t, s, rollout.ReasonCanaryReached)
	s.World.Hidden = map[string]bool{}
	return s
}

// until runs rounds until the rollout stands where it should.
func until(t *testing.T, s *simworld.Shell, reason rollout.Reason) {
	t.Helper()
	for range 60 {
		s.Round()
		if s.Last.Explanation.Reason == reason {
			return
		}
		s.World.Advance(s.Recheck)
	}
	t.Fatalf("never %s, but %+v", reason, s.Last.Explanation)
}

// rounds runs rounds for a while.
func rounds(s *simworld.Shell, d time.Duration) {
	for end := s.World.Now.Add(d); s.World.Now.Before(end); {
		s.Round()
		s.World.Advance(max(s.Recheck, time.Second))
	}
}

// newOnes counts the instances that have the second image.
func newOnes(w *simworld.World) int {
	n := 0
	for _, m := range w.Instances {
		if w.Models[m.Model].Image == *image2.Image {
			n++
		}
	}
	return n
}

// TestShortListOnRollback: a list that lacks exposed instances, or all, ends no rollback, however long it does so.
func TestShortListOnRollback(t *testing.T) {
	metric.Fault(t, 25)
	for name, hidden := range map[string][]string{"one exposed": {"1"}, "both exposed": {"0", "1"}, "an empty list": {"0", "1", "2", "3"}} {
		for _, deletes := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, deleted %t", name, deletes), func(t *testing.T) {
				s := half(t, func(s *rollout.Spec) { s.Batch.MaxUnavailable.Value = 2 })
				for _, id := range hidden {
					s.World.Hidden[id] = true
				}
				if deletes {
					s.Spec.Deletion = rollout.DeletionRollback
				} else {
					s.Actions = []rollout.Action{{UID: "a", Verb: rollout.VerbRollback, Run: 1}}
				}
				rounds(s, 3*time.Hour)
				said := s.Last.Explanation
				if said.Reason != rollout.ReasonAzureUnavailable || !strings.Contains(said.Message, "instance "+hidden[0]) || s.Released ||
					s.State.Rollback.Current.Done {
					t.Errorf("believed the list: released %t, %+v", s.Released, said)
				}
				if model := s.World.Models[len(s.World.Models)-1]; model.Image != bare.Image {
					t.Errorf("the model waits for the list: %+v", model)
				}
				if left, want := newOnes(s.World), len(hidden); left != min(want, 2) {
					t.Errorf("%d instances have the bad release, and the list lacks %d of those that had", left, want)
				}
				s.World.Hidden = nil
				rounds(s, time.Hour)
				if left := newOnes(s.World); left != 0 || s.Released != deletes || !s.State.Rollback.Current.Done {
					t.Errorf("%d instances keep the bad release, released %t, %+v", left, s.Released, s.Last.Explanation)
				}
			})
		}
	}
}

// TestUnlistedSpendsTheBudget: an instance that the list lacks may be unavailable, so that with a budget of one no other is brought back
// (I1).
func TestUnlistedSpendsTheBudget(t *testing.T) {
	metric.Fault(t, 25)
	s := half(t)
	s.World.Hidden["1"] = true
	s.Actions = []rollout.Action{{UID: "a", Verb: rollout.VerbRollback, Run: 1}}
	rounds(s, time.Hour)
	if said := s.Last.Explanation; newOnes(s.World) != 2 || !strings.Contains(said.Message, "instance 1 is missing") {
		t.Errorf("%d instances have the release, %+v", newOnes(s.World), said)
	}
}

// TestNoneOnRollback: that there are no instances is known from the capacity. An instance that is gone is asked for once.
func TestNoneOnRollback(t *testing.T) {
	metric.Fault(t, 25)
	s := half(t)
	for len(s.World.Instances) > 0 {
		s.World.Remove(s.World.Instances[0])
	}
	s.Actions = []rollout.Action{{UID: "a", Verb: rollout.VerbRollback, Run: 1}}
	until(t, s, rollout.ReasonRolledBack)
	if len(s.State.Ledger.Exposed) != 0 {
		t.Errorf("exposed are %v", s.State.Ledger.Exposed)
	}
}

// TestShortListOnTheWay: forwards, an exposed instance that the list lacks is neither forgotten nor replaced by another one.
func TestShortListOnTheWay(t *testing.T) {
	metric.Fault(t, 25)
	s := half(t)
	s.World.Hidden["0"] = true
	rounds(s, time.Hour)
	if got := strings.Join(s.State.Ledger.Exposed, ","); got != "0,1" || newOnes(s.World) != 2 {
		t.Errorf("exposed are %s, %d have the release, %+v", got, newOnes(s.World), s.Last.Explanation)
	}
	if said := s.Last.Explanation; said.Reason != rollout.ReasonAzureUnavailable ||
		!strings.Contains(said.Message, "instance 0 is missing") {
		t.Errorf("got %+v", said)
	}
	s.World.Remove(s.World.Instances[0]) // now it is gone
	rounds(s, time.Hour)
	if got := strings.Join(s.State.Ledger.Exposed, ","); got != "1" || s.Last.Explanation.Reason != rollout.ReasonCanaryReached {
		t.Errorf("exposed are %s, %+v", got, s.Last.Explanation)
	}
}

// TestShortOfCapacity: a list with fewer instances than the capacity opens no gate and completes nothing for a while. It does not hold for
// ever: Azure may never provide the others. Only of no instance at all nothing is ever concluded.
func TestShortOfCapacity(t *testing.T) {
	metric.Fault(t, 25)
	plan := func(listed, capacity int, since time.Duration) rollout.Decision {
		obs := seen(image2, 0, listed)
		obs.Model.Value.Capacity = capacity
		if since > 0 {
			obs.State.Timers.ListShortSince = obs.At.Add(-since)
		}
		return planner.Plan(canary(image2, 100), obs)
	}
	for name, tc := range map[string]struct {
		listed, capacity int
		since            time.Duration
		reason           rollout.Reason
		says             string
	}{
		"whole":               {listed: 4, capacity: 4, reason: rollout.ReasonCompleted},
		"more than capacity":  {listed: 5, capacity: 4, reason: rollout.ReasonCompleted},
		"no capacity shown":   {listed: 4, capacity: rollout.UnknownCapacity, reason: rollout.ReasonCompleted},
		"short":               {listed: 3, capacity: 4, reason: rollout.ReasonProgressing, says: "Azure lists 3 of 4 instances"},
		"short for 9 minutes": {listed: 3, capacity: 4, since: 9 * time.Minute, reason: rollout.ReasonProgressing, says: "3 of 4"},
		"short for long":      {listed: 3, capacity: 4, since: 11 * time.Minute, reason: rollout.ReasonCompleted},
		"none of four":        {listed: 0, capacity: 4, since: time.Hour, reason: rollout.ReasonAzureUnavailable, says: "the scale set is 4"},
		"none of who knows": {listed: 0, capacity: rollout.UnknownCapacity, since: time.Hour, reason: rollout.ReasonAzureUnavailable,
			says: "not known"},
		"none of none": {listed: 0, capacity: 0, reason: rollout.ReasonNoEligibleInstances},
	} {
		t.Run(name, func(t *testing.T) {
			d := plan(tc.listed, tc.capacity, tc.since)
			wantWait(t, d, tc.reason, tc.says)
			if isShort := tc.listed < max(1, tc.capacity) && tc.capacity != 0; isShort == d.State.Timers.ListShortSince.IsZero() {
				t.Errorf("short since %v", d.State.Timers.ListShortSince)
			}
		})
	}
}

// TestAsksWithinBounds: instances are asked for by their ids a few a round, and after the first that Azure has, none.
func TestAsksWithinBounds(t *testing.T) {
	metric.Fault(t, 25)
	for _, gone := range []bool{true, false} {
		obs := seen(image2, 0, 3)
		for n := range 40 {
			obs.State.Ledger.Exposed = append(obs.State.Ledger.Exposed, fmt.Sprint(n))
		}
		obs.Exists = map[string]rollout.Result[bool]{}
		for {
			reads := planner.RequiredReads(canary(image2, 100), obs)
			if reads.Instance == "" {
				break
			}
			obs.Exists[reads.Instance] = rollout.KnownResult(!gone)
		}
		if asked, want := len(obs.Exists), map[bool]int{true: 10, false: 1}[gone]; asked != want {
			t.Errorf("gone %t: asked for %d, want %d", gone, asked, want)
		}
		d := planner.Plan(canary(image2, 100), obs)
		if left, want := len(d.State.Ledger.Exposed), map[bool]int{true: 30, false: 40}[gone]; left != want || d.Recheck < 10*time.Second {
			t.Errorf("gone %t: %d are exposed, want %d; looking again after %s", gone, left, want, d.Recheck)
		}
	}
}
