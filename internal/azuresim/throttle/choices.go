package throttle

import (
	"fmt"
	"reflect"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
)

// PerMinuteChoices selects behaviour that Azure's tables of the policies a minute leave open (docs/azure.md §3.2, §7.4). The tags or
// Choices list the choices of each, the default first; buckets have the names that headers and errors give them. The recordings of the
// older policies leave nothing open.
type PerMinuteChoices struct {
	// ManualUpgrade selects the buckets that manualupgrade draws from: those of a write of its scale set, as under the older policies; those
	// of a reimage or a start of the whole set, which only the subscription's bucket counts; one for each instance that it touches; or none.
	ManualUpgrade kernel.Choice `json:"manualUpgrade" fact:"§7.4"`
	// VMList selects the buckets that a list of instances of a Uniform set draws from: those of its instance view; those of lists of scale
	// sets, which only the subscription's bucket counts; those of a GET of the scale set; one for each instance that it shows; or none.
	VMList kernel.Choice `json:"vmList" fact:"§7.4"`
	// Names is how x-ms-ratelimit-remaining-resource calls the buckets: as we do, as was recorded of the older policies (3Min is the
	// resource's, 30Min the subscription's), or not at all, since it is not there.
	Names kernel.Choice `json:"names" choices:"policies recorded hide" fact:"§7.4"`
}

// Choices lists what ManualUpgrade and VMList may stand at, the default first.
func (PerMinuteChoices) Choices(field string) []string {
	return map[string][]string{
		"ManualUpgrade": {"UpdateVMScaleSet", "UpdateVMScaleSetSubscription", "UpdateVMScaleSetVM", "none"},
		"VMList": {"HighCostGetVMScaleSet", "HighCostGetVMScaleSetSubscription", "LowCostGetVMScaleSet", "GetVMScaleSetVM",
			"none"},
	}[field]
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

// share is which of a policy's two buckets a call draws from, and how much.
type share uint8

const (
	ofBoth         share = iota // one from each
	ofSubscription              // one, from the subscription's
	byInstance                  // from the subscription's, one for each instance that the call is about
)

// drawn is the policy and the share of its buckets that a call draws from.
type drawn struct {
	ratelimit.Policy
	share
}

var manualUpgradeBuckets = map[kernel.Choice]drawn{
	"UpdateVMScaleSet": {ratelimit.SetUpdate, ofBoth}, "UpdateVMScaleSetSubscription": {ratelimit.SetUpdate, ofSubscription},
	"UpdateVMScaleSetVM": {ratelimit.VMUpdate, byInstance}, "none": {ratelimit.Unlimited, ofBoth},
}

var vmListBuckets = map[kernel.Choice]drawn{
	"HighCostGetVMScaleSet": {ratelimit.SetHighCost, ofBoth}, "HighCostGetVMScaleSetSubscription": {ratelimit.SetHighCost, ofSubscription},
	"LowCostGetVMScaleSet": {ratelimit.SetLowCost, ofBoth}, "GetVMScaleSetVM": {ratelimit.VMGet, byInstance}, "none": {ratelimit.Unlimited,
		ofBoth},
}

// known holds the facts of a scale set that buckets depend on.
type known struct{ exists, flexible bool }

// drawnBy returns what a call draws under the policies a minute.
func (t *Buckets) drawnBy(r *arm.Request, set known) drawn {
	switch name := r.Route.Name; {
	case name == arm.OpUpdateInstances:
		return manualUpgradeBuckets[t.PerMinute.ManualUpgrade]
	case name == arm.OpListVMs && set.exists && set.flexible:
		return drawn{ratelimit.VMHighCost, ofBoth} // which is documented
	case name == arm.OpListVMs:
		return vmListBuckets[t.PerMinute.VMList]
	case r.Route.Bucket == ratelimit.SetCreate && set.exists:
		return drawn{ratelimit.SetUpdate, ofBoth} // PUT of one that exists
	case withoutResource[name]:
		return drawn{r.Route.Bucket, ofSubscription}
	}
	return drawn{r.Route.Bucket, ofBoth}
}

// perMinute are the buckets that a call draws from.
func (t *Buckets) perMinute(r *arm.Request, set known, region string) []ratelimit.Limit {
	d := t.drawnBy(r, set)
	if d.Policy == ratelimit.Unlimited {
		return nil
	}
	subscription := ratelimit.Limit{Policy: d.Name + "Subscription", ShownAs: d.OldPolicy + "30Min", Whose: region, Size: d.RegionSize,
		Refill: d.RegionRefill}
	if d.share == byInstance {
		subscription.Counts = ratelimit.Instances
	}
	limits := []ratelimit.Limit{subscription}
	if d.ResourceSize > 0 && d.share == ofBoth {
		limits = append(limits, ratelimit.Limit{Policy: d.Name + "Resource", ShownAs: d.OldPolicy + "3Min", Whose: resourceOf(r),
			Size: d.ResourceSize, Refill: d.ResourceRefill})
	}
	if t.PerMinute.Names != "recorded" {
		for i := range limits {
			limits[i].ShownAs = limits[i].Policy
		}
	}
	return limits
}
