package azuresim

import (
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// kernel is what drives a simulation: its lock, clock, events and randomness, and what was chosen for it. All providers share one; state moves only
// under its lock.
type kernel struct {
	clock     Clock
	seed      int64
	durations Durations
	switches  Switches
	fleet     Fleet // nil: instances are bookkeeping only
	log       *slog.Logger

	mu     sync.Mutex
	closed bool
	now    time.Time // when what is happening happens
	seq    int
	events eventQueue
	random *rand.Rand
}

func newKernel(o Options) *kernel {
	k := &kernel{
		clock: o.Clock, seed: o.Seed, durations: o.Durations.withDefaults(), switches: mustSwitches(o.Switches), fleet: o.Fleet, log: o.Logger,
		random: newRandom(o.Seed),
	}
	if k.clock == nil {
		wall := newScaledClock()
		wall.base = wall.base.Add(o.ClockOffset)
		if o.Rate > 0 {
			wall.setRate(o.Rate)
		}
		k.clock = wall
	}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	k.now = k.clock.Now()
	return k
}
