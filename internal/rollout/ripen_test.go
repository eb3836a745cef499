package rollout_test

import (
	"slices"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// ripening is a rollout over one instance, at the first look after its upgrade.
func ripening(t *testing.T, minReady time.Duration) *simworld.Shell {
	t.Helper()
	s := &simworld.Shell{World: simworld.New(func(n int) int { return n / 2 }, 1, nil, v1), Spec: canary(v2, 100, func(s *rollout.Spec) {
		s.Health.MinReady, s.Health.Timeout = minReady, 2*minReady
	})}
	for range 20 {
		s.Round()
		if s.Last.Explanation.Reason == rollout.ReasonWaitingForHealth {
			return s
		}
		s.World.Advance(s.Recheck)
	}
	t.Fatalf("the instance was never upgraded: %v", s.Last.Explanation)
	return nil
}

// TestMinReadyIsLookedAtLast waits for an instance to stay well: there is one look when it has been for long enough, one list at least
// every 30 seconds until then, and the model is read where something may be decided.
func TestMinReadyIsLookedAtLast(t *testing.T) {
	metric.Fault(t, 19)
	for _, tc := range []struct {
		minReady time.Duration
		reads    []int // of every look after the first
	}{
		{20 * time.Second, []int{2}},
		{30 * time.Second, []int{2}},
		{31 * time.Second, []int{1, 2}},
		{time.Minute, []int{1, 2}},
		{2 * time.Minute, []int{1, 1, 1, 2}},
		{150 * time.Second, []int{1, 1, 1, 2, 2}},
	} {
		s := ripening(t, tc.minReady)
		began, looks := s.World.Now, []int{}
		for s.Last.Explanation.Reason == rollout.ReasonWaitingForHealth && len(looks) < 100 {
			s.World.Advance(s.Recheck)
			before := s.Reads
			s.Round()
			looks = append(looks, s.Reads-before)
		}
		if !slices.Equal(looks, tc.reads) {
			t.Errorf("minReady %s: the looks read %v, want %v", tc.minReady, looks, tc.reads)
		}
		if waited := s.World.Now.Sub(began); waited != tc.minReady || s.Last.Explanation.Reason != rollout.ReasonCompleted {
			t.Errorf("minReady %s: after %s it is %v", tc.minReady, waited, s.Last.Explanation)
		}
	}
}

// TestIllnessIsSeenWhileReadying lets the instance become unhealthy right after a look, and another writer change the model.
func TestIllnessIsSeenWhileReadying(t *testing.T) {
	metric.Fault(t, 19)
	for name, happens := range map[string]func(w *simworld.World){
		"the instance becomes unhealthy": func(w *simworld.World) { w.Instances[0].Health = rollout.False },
		"a user changes the model":       func(w *simworld.World) { w.Edit(func(c *simworld.Content) { c.Image.ID = "/images/theirs" }) },
	} {
		s := ripening(t, 10*time.Minute)
		s.World.Advance(s.Recheck)
		s.Round()
		said, at := s.Last.Explanation, s.World.Now
		happens(s.World)
		for s.Last.Explanation == said && s.World.Now.Sub(at) < time.Hour {
			s.World.Advance(s.Recheck)
			s.Round()
		}
		if late := s.World.Now.Sub(at); late > 30*time.Second {
			t.Errorf("%s: said %s later: %v", name, late, s.Last.Explanation)
		}
	}
}
