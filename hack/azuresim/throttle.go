package main

import (
	"flag"
	"fmt"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
)

// throttling are the flags that say which requests are refused for coming too often.
type throttling struct {
	arm     bool
	compute string
	wrapped bool
	penalty time.Duration
}

func (t *throttling) register(flags *flag.FlagSet) {
	flags.BoolVar(&t.arm, "throttle-arm", false, "limit what clients ask of a subscription and of the tenant, as ARM does")
	flags.StringVar(&t.compute, "throttle-compute", "", "limit as the compute provider does: perMinute (now; --throttle means it), or windows (of 3 and 30 minutes, until 2022)")
	flags.BoolVar(&t.wrapped, "throttle-wrapped", false, `wrap the compute provider's 429 in "error"`)
	flags.DurationVar(&t.penalty, "throttle-penalty", 0, "how much longer a client waits for each call that it makes while it is throttled")
}

func (t *throttling) check() error {
	switch azuresim.ComputePolicies(t.compute) {
	case "", azuresim.ComputePerMinute, azuresim.ComputeWindows:
		return nil
	}
	return fmt.Errorf("--throttle-compute %q is neither %s nor %s", t.compute, azuresim.ComputePerMinute, azuresim.ComputeWindows)
}

func (t *throttling) options() azuresim.Throttling {
	return azuresim.Throttling{ARM: t.arm, Compute: azuresim.ComputePolicies(t.compute), Wrapped: t.wrapped, Penalty: t.penalty}
}
