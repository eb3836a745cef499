package modelcheck

import (
	"flag"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

var (
	only   = flag.String("config", "", "check only the configuration of this name")
	states = flag.Int("states", 0, "visit at most so many states of each configuration, and a quarter as many by walks")
)

// maxStates is how many states of a configuration are visited. One that is to be visited whole has all that it has, and room to spare.
func (c *config) maxStates() int {
	switch {
	case *states > 0:
		return *states
	case testing.Short() || raceEnabled:
		return 4_000
	case c.isWhole() && metric.Deep():
		return 400_000
	case c.states > 0 && metric.Deep():
		return c.states
	case metric.Deep():
		return 22_000
	default:
		return 8_000
	}
}

// inFull returns whether as many states are visited as there are, or as many as are asked for.
func inFull() bool { return *states == 0 && !testing.Short() && !raceEnabled && metric.Deep() }

// TestModel visits the states of all configurations and holds every decision against the invariants of docs/invariants.md; from every state
// it looks for the ways to rest, and for the rollback. Every finding is told with the shortest way to it that the search knows.
func TestModel(t *testing.T) {
	var visited, violations atomic.Int64
	t.Run("configurations", func(t *testing.T) {
		for _, c := range configs() {
			if *only == "" || *only == c.name {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					s := c.checked(t)
					visited.Add(int64(s.visited))
					violations.Add(int64(len(s.found)))
				})
			}
		}
	})
	metric.Record(t, "model_states", int(visited.Load()))
	metric.Record(t, "model_violations", int(violations.Load()))
	if n := visited.Load(); n < minStates && inFull() && *only == "" {
		t.Errorf("%d states were visited, fewer than %d", n, minStates)
	}
}

// minStates is how many states all configurations together are to have.
const minStates = 1_500_000

// checked checks one configuration.
func (c *config) checked(t *testing.T) *search {
	began := time.Now()
	s := c.run(c.maxStates(), 1, nil)
	s.wander(c.maxStates() / 4)
	t.Logf("%d states, by disturbances %v, by walks %d, whole %v, brought to rest %d, %v",
		s.visited, s.by, s.wandered, !s.cut, s.closures, time.Since(began).Round(time.Millisecond))
	if c.isWhole() && s.cut && inFull() {
		t.Errorf("there are more states than %d, and not all of them were visited", c.maxStates())
	}
	for _, f := range s.found {
		t.Errorf("%s\n%s", f.what, c.tell(f.trace))
	}
	return s
}

// TestVisit is the test of what other tests rely on: that decisions of many kinds are seen.
func TestVisit(t *testing.T) {
	seen := map[rollout.Reason]int{}
	Visit(t, 40_000, func(_ rollout.Spec, _ rollout.State, d rollout.Decision) { seen[d.Explanation.Reason]++ })
	for _, reason := range []rollout.Reason{rollout.ReasonProgressing, rollout.ReasonWaitingForHealth, rollout.ReasonSoaking,
		rollout.ReasonPlanned, rollout.ReasonPaused,
		rollout.ReasonOutsideWindow, rollout.ReasonCanaryReached, rollout.ReasonCompleted, rollout.ReasonAwaitingApproval,
		rollout.ReasonRollingBack, rollout.ReasonAborting,
		rollout.ReasonRolledBack, rollout.ReasonAborted, rollout.ReasonNotRollbackable, rollout.ReasonFailed, rollout.ReasonDrifted,
		rollout.ReasonNoEligibleInstances} {
		if seen[reason] == 0 {
			t.Errorf("no decision is %s: %v", reason, seen)
		}
	}
}
