package throttle

import (
	"fmt"
	"reflect"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
)

// PerMinuteChoices selects behaviour of the policies a minute that differs between recordings.
type PerMinuteChoices struct {
	// Names selects whether x-ms-ratelimit-remaining-resource shows what is left of the buckets: recordings of 2024 have it, those of 2026 do
	// not.
	Names kernel.Choice `json:"names" choices:"show hide" fact:"§8"`
}

// withDefaults sets each choice that is empty to its default, and refuses a value that is not a choice.
func (o Options) withDefaults() (Options, error) {
	if o.Compute != "" && o.Compute != ComputePerMinute && o.Compute != ComputeWindows {
		return o, fmt.Errorf("compute %q is none of %q, %q and empty", o.Compute, ComputePerMinute, ComputeWindows)
	}
	if err := kernel.SettleChoices(reflect.ValueOf(&o.PerMinute).Elem()); err != nil {
		return o, fmt.Errorf("throttling by the minute: %w", err)
	}
	return o, nil
}

// Check returns an error if an option has a value that cannot be chosen.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

// drawn is the policy that a call draws from, and whether the bucket of its resource counts it.
type drawn struct {
	ratelimit.Policy
	ofResource bool
}

// known holds the facts of a scale set that buckets depend on.
type known struct{ exists, flexible bool }

// drawnBy returns what a call draws under the policies a minute. A PUT draws from that of creations, of a set that exists, too.
func drawnBy(r *arm.Request, set known) drawn {
	if r.Route.Name == arm.OpListVMs && set.exists && set.flexible {
		return drawn{ratelimit.VMHighCost, true}
	}
	return drawn{r.Route.Bucket, !withoutResource[r.Route.Name]}
}

// perMinute are the buckets that a call draws from.
func perMinute(r *arm.Request, set known, region string) []ratelimit.Limit {
	d := drawnBy(r, set)
	if d.Policy == ratelimit.Unlimited {
		return nil
	}
	bucket := func(name, whose string, size, refill float64, counts ratelimit.Counted) ratelimit.Limit {
		return ratelimit.Limit{Policy: name, ShownAs: name, Whose: whose, Size: size, Refill: refill, Counts: counts}
	}
	limits := []ratelimit.Limit{bucket(d.Name+"SubscriptionMaximum", region, d.RegionSize, d.RegionRefill, ratelimit.Calls)}
	if d.ResourceSize > 0 && d.ofResource {
		limits = append(limits, bucket(d.Name+"Resource", resourceOf(r), d.ResourceSize, d.ResourceRefill, ratelimit.Calls))
	}
	if d.Changes && !set.flexible {
		limits = append(limits, bucket("VMScaleSetBatchedVMRequestsSubscriptionMaximum", region, batchedSize, batchedRefill, ratelimit.Instances))
	}
	if d.Policy == ratelimit.VMGet || r.Route.Name == arm.OpListVMs {
		limits = append(limits, bucket("VMScaleSetVMViewsSubscriptionMaximum", region, viewsSize, viewsRefill, ratelimit.Instances))
	}
	return limits
}

// The buckets that count instances. Their sizes were recorded; that a third flows in each minute, as with all others, was not.
const (
	batchedSize, batchedRefill = 6000, 2000
	viewsSize, viewsRefill     = 30000, 10000
)
