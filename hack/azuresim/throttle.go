package main

import (
	"flag"
	"fmt"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle"
)

// throttling holds the flags that select which requests are refused for coming too often.
type throttling struct {
	arm     bool
	compute string
	wrapped bool
	penalty time.Duration

	names string
}

func (t *throttling) register(flags *flag.FlagSet) {
	flags.BoolVar(&t.arm, "throttle-arm", false, "limit what clients ask of a subscription and of the tenant, as ARM does")
	flags.StringVar(&t.compute, "throttle-compute", "",
		"limit as the compute provider does: perMinute (now; --throttle means it), or windows (of 3 and 30 minutes, until 2022)")
	flags.BoolVar(&t.wrapped, "throttle-wrapped", false, `wrap the compute provider's 429 in "error"`)
	flags.DurationVar(&t.penalty, "throttle-penalty", 0, "how much longer a client waits for each call that it makes while it is throttled")
	flags.StringVar(&t.names, "throttle-names", "",
		"whether headers show what is left of the buckets, perMinute: show (default) or hide")
}

func (t *throttling) check() error {
	if err := t.options().Check(); err != nil {
		return fmt.Errorf("reading --throttle-…: %w", err)
	}
	return nil
}

func (t *throttling) options() throttle.Options {
	return throttle.Options{
		ARM: t.arm, Compute: throttle.ComputePolicies(t.compute), Wrapped: t.wrapped, Penalty: t.penalty,
		PerMinute: throttle.PerMinuteChoices{Names: kernel.Choice(t.names)},
	}
}
