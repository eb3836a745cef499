// Package azuresim simulates the part of Azure Resource Manager that scale sets need, so closely that real clients cannot tell the
// difference. It knows nothing of the controller that is developed with it. See docs/simulator.md.
package azuresim

import (
	"log/slog"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle"
)

// Options configures the simulated Azure. The zero value is usable.
type Options struct {
	// Clock is the time the simulation lives in; nil: the wall clock.
	Clock kernel.Clock
	// Rate is the speed of the simulation's time as a multiple of the wall clock's, if Clock is nil; 0: 1.
	Rate float64
	// ClockOffset is how far the simulation's time is ahead of the wall clock where Clock is nil; negative: behind.
	ClockOffset time.Duration
	// Seed decides jitter, ids, and in which case ids are returned.
	Seed int64
	// PageSize is the number of instances in a list page; 0: 100.
	PageSize int
	// Durations sets how long operations take.
	Durations kernel.Durations
	// RetryAfter is the header on begun operations; 0: 10 s; never below 1 s on the wire.
	RetryAfter time.Duration
	// Fleet runs the instances; nil: they are bookkeeping only.
	Fleet guest.Fleet
	// PublicURL is the base of Azure-AsyncOperation, Location and nextLink;
	// empty: taken from the request's Host and scheme.
	PublicURL string
	// Logger receives the simulator's log; nil: discard.
	Logger *slog.Logger
	// Switches select behaviour of Azure that is not known; New panics if a switch has no valid choice.
	Switches kernel.Switches
	// Throttle turns on the compute provider's token buckets (docs/azure.md §3.2), where Throttling selects none of its policies.
	Throttle bool
	// Throttling selects which requests are refused for coming too often.
	Throttling throttle.Options
}

func (o Options) kernel() kernel.Options {
	return kernel.Options{
		Clock: o.Clock, Rate: o.Rate, ClockOffset: o.ClockOffset, Seed: o.Seed, Durations: o.Durations, Fleet: o.Fleet, Switches: o.Switches,
		Logger: o.Logger,
	}
}
