package modelcheck

import (
	"fmt"
	"reflect"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

const (
	// minBetweenLooks is how far apart looks at Azure are that no event hurries.
	minBetweenLooks = 10 * time.Second
	// pacedEvery is how many states share one that is held.
	pacedEvery = 32
	// pacedRounds is how many rounds a world is held for: what spins shows itself in fewer.
	pacedRounds = 25
	// atOnce is how many calls a rollout may make that goes straight on; maxCallsAnHour is the limit as long as nothing goes on.
	atOnce, maxCallsAnHour = 40, 360
)

// paced holds the world as it is, whatever is running, and lets each effect end in one way. The rollout, which no user hurries, may not
// spin.
func (c *config) paced(s state) []string {
	var broken []string
	for _, how := range []way{taken, refused, outrun} {
		if calls, took := c.hold(s, how); calls > atOnce+int(took*maxCallsAnHour/time.Hour) {
			broken = append(broken, fmt.Sprintf("I10: it spins: %d calls to Azure in %s", calls, took))
		}
	}
	return broken
}

// hold counts the calls of some rounds, each as late as the one before allows.
func (c *config) hold(s state, how way) (calls int, took time.Duration) {
	for range pacedRounds {
		r := c.plan(&s, false)
		if r.panicked != nil || s.released {
			break
		}
		calls += r.reads()
		recheck := r.d.Recheck
		if r.d.Step.Operation() == "" {
			s.carryOut(r, how, lives)
		} else {
			calls++
			recheck = s.act(r, how)
		}
		s.world.now += recheck
		took += recheck
	}
	return calls, took
}

// act carries out an effect and returns when the rollout wants to look again.
func (s *state) act(r round, how way) time.Duration {
	s.store(r.d.SaveRevisions)
	s.remember(r.d)
	after := planner.HandleResult(r.spec, r.d, s.world.do(r.d.Step, how))
	s.remember(after)
	s.answer(after)
	return after.Recheck
}

// reads counts what the round read from Azure.
func (r round) reads() int {
	n := 0
	for _, made := range []bool{
		r.obs.Operation.State != rollout.NotRead, r.obs.Instances.State != rollout.NotRead, r.obs.Model.State != rollout.NotRead,
	} {
		if made {
			n++
		}
	}
	return n
}

// unhurried checks that a round which looked and waits is followed by no other look too soon, unless it has moved on.
func (j *judge) unhurried() {
	obs := j.r.obs
	looked := obs.Instances.State != rollout.NotRead || obs.Model.State != rollout.NotRead
	if j.r.d.Step.Operation() != "" || !looked || j.r.d.Recheck >= minBetweenLooks {
		return
	}
	if reflect.DeepEqual(j.m, obs.State) {
		j.breaks("I10: the next look comes after %s, and nothing has moved: %v", j.r.d.Recheck, j.r.d.Explanation)
	}
}
