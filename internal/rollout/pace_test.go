package rollout_test

import (
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// TestLongWaits lives through waits that outlast the health timeout, and counts the reads of every hour in which no event hurries the
// rollout.
func TestLongWaits(t *testing.T) {
	metric.Fault(t, 18)
	for name, tc := range map[string]struct {
		health  rollout.Health
		checks  []rollout.Check
		wellAt  time.Duration // after the start
		verdict time.Duration // after the check began
	}{
		"an instance is well 14 minutes after": {health: rollout.Health{MinReady: 10 * time.Minute, Timeout: 15 * time.Minute},
			wellAt: 16 * time.Minute},
		"a check runs for 40 minutes": {health: rollout.Health{Timeout: 15 * time.Minute},
			checks: []rollout.Check{{Name: "page", Scope: rollout.CheckInstance}}, verdict: 40 * time.Minute},
		"an instance has to be well for an hour":    {health: rollout.Health{MinReady: time.Hour, Timeout: 2 * time.Hour}},
		"and the time for that is over in a minute": {health: rollout.Health{MinReady: time.Hour, Timeout: time.Minute}},
		"a hundred readings have to be good":        {health: rollout.Health{Timeout: 5 * time.Minute, SuccessThreshold: 100}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.health.Source = rollout.HealthApplication
			w := newLongWait(canary(v2, 100, func(s *rollout.Spec) { s.Health, s.Tasks.Checks = tc.health, tc.checks }), tc.wellAt, tc.verdict)
			for hour, calls := range w.live() {
				if calls > maxCallsAnHour {
					t.Errorf("%d calls in hour %d", calls, hour)
				}
			}
			if because := w.shell.Last.Explanation; because.Reason != rollout.ReasonCompleted {
				t.Errorf("ends with %v", because)
			}
		})
	}
}

// longWait is a rollout over two instances of which one thing takes long.
type longWait struct {
	world  *simworld.World
	shell  *simworld.Shell
	wellAt time.Duration
	slow   time.Duration
	begun  map[rollout.CheckKey]time.Time
}

func newLongWait(spec rollout.Spec, wellAt, slow time.Duration) *longWait {
	w := &longWait{world: simworld.New(func(n int) int { return n / 2 }, 2, nil, v1), wellAt: wellAt, slow: slow,
		begun: map[rollout.CheckKey]time.Time{}}
	w.shell = &simworld.Shell{World: w.world, Spec: spec, Verify: w.verify}
	if wellAt > 0 {
		w.world.Faults.Unhealthy = 1
	}
	return w
}

// verify lets a check pass when it has run for long enough.
func (w *longWait) verify(run rollout.CheckRun) rollout.CheckResult {
	if w.begun[run.Key].IsZero() {
		w.begun[run.Key] = w.world.Now
	}
	if w.world.Now.Sub(w.begun[run.Key]) < w.slow {
		return rollout.CheckResult{}
	}
	return rollout.CheckResult{State: rollout.CheckPassed}
}

// live follows Decision.Recheck until the rollout is completed, for 6 hours at most. It counts the calls to Azure by the hour.
func (w *longWait) live() map[int]int {
	start, hours := w.world.Now, map[int]int{}
	for w.world.Now.Before(start.Add(6*time.Hour)) && w.shell.Last.Explanation.Reason != rollout.ReasonCompleted {
		before := w.shell.Reads + w.shell.Effects
		w.shell.Round()
		hours[int(w.world.Now.Sub(start).Hours())] += w.shell.Reads + w.shell.Effects - before
		w.world.Advance(w.shell.Recheck)
		if w.wellAt > 0 && !w.world.Now.Before(start.Add(w.wellAt)) {
			w.world.Faults.Unhealthy = 0
			for _, m := range w.world.Instances {
				m.Health = rollout.True
			}
		}
	}
	return hours
}
