// Package kernel drives a simulation. It holds its lock, clock, events and randomness, and its options.
package kernel

import (
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

// Kernel drives a simulation. It holds its lock, clock, events and randomness, and its options. All providers share one; state changes only
// under its lock.
type Kernel struct {
	Clock     Clock
	Seed      int64
	Durations Durations
	Switches  Switches
	Fleet     guest.Fleet // nil: instances are bookkeeping only
	Log       *slog.Logger

	mu     sync.Mutex
	Closed bool
	Now    time.Time // time of the current event
	seq    int
	Events eventQueue
	Random *rand.Rand
}

// New is a simulation in which nothing happened yet.
func New(o Options) *Kernel {
	k := &Kernel{
		Clock: o.Clock, Seed: o.Seed, Durations: o.Durations.WithDefaults(), Switches: mustSwitches(o.Switches), Fleet: o.Fleet, Log: o.Logger,
		Random: newRandom(o.Seed),
	}
	if k.Clock == nil {
		wall := NewScaledClock()
		wall.Base = wall.Base.Add(o.ClockOffset)
		if o.Rate > 0 {
			wall.SetRate(o.Rate)
		}
		k.Clock = wall
	}
	if k.Log == nil {
		k.Log = slog.New(slog.DiscardHandler)
	}
	k.Now = k.Clock.Now()
	return k
}

// Lock and unlock guard all of a simulation.
func (k *Kernel) Lock() { k.mu.Lock() }

// Unlock ends what Lock began.
func (k *Kernel) Unlock() { k.mu.Unlock() }

// End ends the simulation: planned events do not happen any more.
func (k *Kernel) End() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.Closed, k.Events = true, nil
}

// Options configure a kernel.
type Options struct {
	Clock       Clock
	Rate        float64
	ClockOffset time.Duration
	Seed        int64
	Durations   Durations
	Fleet       guest.Fleet
	Switches    Switches
	Logger      *slog.Logger
}
