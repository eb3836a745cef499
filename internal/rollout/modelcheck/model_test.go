package modelcheck

import (
	"flag"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/figure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

var (
	only   = flag.String("config", "", "check only the configuration of this name")
	states = flag.Int("states", 0, "visit at most so many states of each configuration, and a quarter as many by walks")
)

// most is how many states of each configuration are visited.
func most() int {
	switch {
	case *states > 0:
		return *states
	case testing.Short() || raceEnabled:
		return 5_000
	default:
		return 55_000
	}
}

// TestModel visits the states of all configurations and holds every decision against the invariants of design §6. Every finding is
// told with the shortest way to it that the search knows.
func TestModel(t *testing.T) {
	visited, violations := 0, 0
	for n, c := range configs() {
		if *only != "" && *only != c.name {
			continue
		}
		every := 50
		if n == 0 {
			every = 1 // the smallest is brought to rest from everywhere
		}
		began := time.Now()
		s := c.run(most(), every, nil)
		s.wander(most() / 4)
		visited, violations = visited+s.visited, violations+len(s.found)
		t.Logf("%-30s %7d states, by disturbances %v, by walks %d, whole %v, brought to rest %d, %v",
			c.name, s.visited, s.by, s.wandered, !s.cut, s.closures, time.Since(began).Round(time.Millisecond))
		for _, f := range s.found {
			t.Errorf("%s: %s\n%s", c.name, f.what, c.tell(f.trace))
		}
	}
	figure.Record(t, "model_states", visited)
	figure.Record(t, "model_violations", violations)
}

// TestVisit is the test of what other tests rely on: that decisions of many kinds are seen.
func TestVisit(t *testing.T) {
	seen := map[rollout.Reason]int{}
	Visit(t, 40_000, func(_ rollout.Spec, _ rollout.Memory, d rollout.Decision) { seen[d.Because.Reason]++ })
	for _, reason := range []rollout.Reason{rollout.ReasonProgressing, rollout.ReasonWaitingForHealth, rollout.ReasonSoaking, rollout.ReasonPlanned, rollout.ReasonPaused,
		rollout.ReasonOutsideWindow, rollout.ReasonCanaryReached, rollout.ReasonCompleted, rollout.ReasonAwaitingApproval, rollout.ReasonRollingBack, rollout.ReasonAborting,
		rollout.ReasonRolledBack, rollout.ReasonAborted, rollout.ReasonNotRollbackable, rollout.ReasonFailed, rollout.ReasonDrifted, rollout.ReasonNoEligibleInstances} {
		if seen[reason] == 0 {
			t.Errorf("no decision is %s: %v", reason, seen)
		}
	}
}
