package rollout_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

const (
	// maxCallsAnHour bounds what a rollout asks of Azure in any hour in which no event hurries it.
	maxCallsAnHour = 360
	// pacedHours is how long each world is held.
	pacedHours = 3
)

// TestPace drops random worlds, in whatever state chaos left them, into one trouble that lasts, and follows Decision.Recheck alone: in no
// hour may the rollout make more calls than Azure has room for.
func TestPace(t *testing.T) {
	metric.Fault(t, 18)
	worlds, base := int64(600), *from
	if testing.Short() || raceEnabled {
		worlds = 150
	}
	if *many > 0 {
		worlds = *many
	}
	var next, failed, worst atomic.Int64
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for n := next.Add(1) - 1; n < worlds && failed.Load() < 5; n = next.Add(1) - 1 {
				p := newPaced(base + n)
				calls, told := p.run()
				if calls > maxCallsAnHour {
					failed.Add(1)
					t.Errorf("seed %d (%s): %d calls in an hour\n%s", base+n, p.trouble, calls, told)
				}
				for is := worst.Load(); int64(calls) > is && !worst.CompareAndSwap(is, int64(calls)); is = worst.Load() {
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d worlds from seed %d, at most %d calls in an hour", worlds, base, worst.Load())
}

// troubles are the conditions that may last. Each is a fault that strikes every time, or a program that does not answer.
var troubles = []struct {
	name  string
	begin func(*paced)
}{
	{"nothing", func(*paced) {}},
	{"no read works", func(p *paced) { p.world.Faults.ReadFails = 1 }},
	{"every effect is refused", func(p *paced) { p.world.Faults.Refused = 1 }},
	{"it is unknown what began", func(p *paced) { p.world.Faults.Ambiguous = 1 }},
	{"tokens are lost", func(p *paced) { p.world.Faults.TokenLost = 1 }},
	{"operations hang", func(p *paced) { p.world.Faults.Hangs = 1 }},
	{"operations fail", func(p *paced) { p.world.Faults.OperationFails = 1 }},
	{"operations are preempted", func(p *paced) { p.world.Faults.Preempted = 1 }},
	{"operations change nothing", func(p *paced) { p.world.Faults.NotApplied = 1 }},
	{"instances stick", func(p *paced) { p.world.Faults.Sticks = 1 }},
	{"writes fail", func(p *paced) { p.world.Faults.WriteFails = 1 }},
	{"writes are lost", func(p *paced) { p.world.Faults.WriteLost = 1 }},
	{"scripts fail", func(p *paced) { p.world.Faults.ScriptFails = 1 }},
	{"lists lag", func(p *paced) { p.world.Faults.ListLags, p.world.Faults.Lag = 1, 2*time.Minute }},
	{"health is not known", func(p *paced) { p.world.Faults.HealthUnknown = 1 }},
	{"instances are unhealthy", func(p *paced) { p.world.Faults.Unhealthy = 1 }},
	{"instances become well late", func(p *paced) { p.world.Faults.Unhealthy, p.wellAt = 1, p.world.Now.Add(14*time.Minute) }},
	{"checks take long", func(p *paced) { p.slow = 40 * time.Minute }},
	{"no hook answers", func(p *paced) { p.shell.Call = nil }},
	{"no node gets empty", func(p *paced) { p.shell.Node = nil }},
	{"paused", func(p *paced) { p.shell.Spec.Paused = true }},
	{"the window is closed", func(p *paced) {
		p.shell.Window = rollout.Window{Closed: true, NextChange: p.world.Now.Add(3 * time.Hour)}
	}},
	{"the window opened long ago", func(p *paced) { p.shell.Window = rollout.Window{Closed: true, NextChange: p.world.Now.Add(-time.Hour)} }},
	{"another rollout ends", func(p *paced) { p.shell.Claim = rollout.Ownership{Owner: "shop/younger", Releasing: true} }},
	{"the model moves", func(p *paced) { p.shell.OnEffect = func(rollout.Observation, rollout.Decision) { p.moveModel() } }},
	{"chosen instances are gone", func(p *paced) { p.shell.OnEffect = func(_ rollout.Observation, d rollout.Decision) { p.replace(d) } }},
	{"records are lost", func(p *paced) {
		p.shell.OnPlan = func(rollout.Spec, rollout.Observation, rollout.Decision) { clear(p.shell.Records) }
	}},
	{"going back", func(p *paced) { p.goBack() }},
	{"going back with unhealthy instances", func(p *paced) { p.world.Faults.Unhealthy = 1; p.goBack() }},
	{"going back while effects are refused", func(p *paced) { p.world.Faults.Refused = 1; p.goBack() }},
	{"going back while operations hang", func(p *paced) { p.world.Faults.Hangs = 1; p.goBack() }},
	{"deleted", func(p *paced) { p.shell.Spec.Deletion = rollout.DeletionRollback }},
	{"deleted while effects are refused", func(p *paced) { p.shell.Spec.Deletion, p.world.Faults.Refused = rollout.DeletionRollback, 1 }},
}

// goBack asks for a rollback.
func (p *paced) goBack() {
	p.ask(rollout.Action{Verb: rollout.VerbRollback, Run: p.shell.State.Run.Number})
}

// paced is one world that is held in one trouble.
type paced struct {
	*life
	trouble string
	wellAt  time.Time                      // from when on every instance is well; zero: that is left to the world
	since   map[rollout.CheckKey]time.Time // when each check began
	slow    time.Duration                  // how long a check runs
	calls   []time.Time                    // to Azure
	told    []string                       // the last rounds
}

// newPaced draws a world, waits of all lengths, some rounds of chaos, and the trouble that lasts.
func newPaced(seed int64) *paced {
	p := &paced{life: newLife(seed, nil), since: map[rollout.CheckKey]time.Time{}}
	s := p.shell
	h, pick := &s.Spec.Health, func(d ...time.Duration) time.Duration { return d[p.dice(len(d))] }
	h.Timeout = pick(time.Minute, 5*time.Minute, 15*time.Minute, 2*time.Hour)
	h.MinReady = min(pick(0, 0, 5*time.Second, 31*time.Second, time.Minute, 10*time.Minute, time.Hour), h.Timeout-time.Second)
	h.SuccessThreshold = []int{0, 0, 2, 3, 100}[p.dice(5)]
	s.Spec.Batch.Pause = pick(0, 0, 3*time.Second, time.Minute, time.Hour)
	s.Spec.Canary.Bake = pick(0, 0, time.Second, time.Hour)
	s.OnPlan, s.OnEffect = nil, nil
	p.round()
	for range p.dice(chaosRounds) {
		p.round()
		p.changeMind()
		p.world.Misbehave(p.zones)
		p.world.Advance(p.pass())
	}
	p.world.Faults, s.CrashIn, s.Verify = simworld.Faults{}, nil, p.verifyInTime
	p.slow = pick(0, 0, 40*time.Minute)
	t := troubles[p.dice(len(troubles))]
	p.trouble = t.name
	t.begin(p)
	return p
}

// verifyInTime lets checks pass when they have run for long enough.
func (p *paced) verifyInTime(run rollout.CheckRun) rollout.CheckResult {
	began, known := p.since[run.Key]
	if !known {
		p.since[run.Key], began = p.world.Now, p.world.Now
	}
	if p.world.Now.Sub(began) < p.slow {
		return rollout.CheckResult{Message: "so far so good"}
	}
	return rollout.CheckResult{State: rollout.CheckPassed}
}

// run follows Decision.Recheck for some hours and returns the most calls of any hour.
func (p *paced) run() (most int, told string) {
	for end := p.world.Now.Add(pacedHours * time.Hour); p.world.Now.Before(end); {
		before := p.shell.Reads + p.shell.Effects
		p.round()
		for range p.shell.Reads + p.shell.Effects - before {
			p.calls = append(p.calls, p.world.Now)
		}
		p.told = append(p.told[max(0, len(p.told)-19):], fmt.Sprintf("%s %d calls, %s: %s: %s, then %s", p.world.Now.Format(time.TimeOnly),
			p.shell.Reads+p.shell.Effects-before, doing(p.shell.State.Operation), p.shell.Last.Explanation.Reason, p.shell.Last.Explanation.Message,
			p.shell.Recheck))
		p.world.Advance(p.shell.Recheck)
		p.become()
		if most = max(most, p.lastHour()); most > maxCallsAnHour || p.shell.Released {
			break
		}
	}
	return most, strings.Join(p.told, "\n")
}

// become makes instances well when it is time.
func (p *paced) become() {
	if p.wellAt.IsZero() || p.world.Now.Before(p.wellAt) {
		return
	}
	for _, m := range p.world.Instances {
		m.Health = rollout.True
	}
}

// lastHour counts the calls of the hour that ends now.
func (p *paced) lastHour() int {
	from := p.world.Now.Add(-time.Hour)
	for len(p.calls) > 0 && !p.calls[0].After(from) {
		p.calls = p.calls[1:]
	}
	return len(p.calls)
}

// moveModel is another writer's edit right before an effect.
func (p *paced) moveModel() {
	p.world.Edit(func(c *simworld.Content) { c.Other++ })
}

// replace has other instances in the place of those that an effect names.
func (p *paced) replace(d rollout.Decision) {
	for _, ref := range rollout.InstancesOf(d.Step) {
		for _, m := range p.world.Instances {
			if m.ID == ref.ID {
				p.world.Remove(m)
				p.world.ScaleOut(1, p.zones)
				break
			}
		}
	}
}

// doing says in a word what is in flight.
func doing(op *rollout.Operation) string {
	if op == nil {
		return "nothing in flight"
	}
	return string(op.Kind)
}
