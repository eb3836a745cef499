package azuresim

import (
	"fmt"
	"reflect"
)

// PerMinuteChoices is what Azure's tables of the policies a minute leave open (azure-facts §3.2, §7.4). Each may stand as its tags say,
// the default first; buckets go by the names that headers and errors have. What was recorded of the older policies leaves nothing open.
type PerMinuteChoices struct {
	// ManualUpgrade is what manualupgrade draws from: as a write of its scale set, which the older policies made of it; as a reimage
	// or a start of all of it, which only the subscription's bucket counts; one for each machine that it touches; or nothing.
	ManualUpgrade Choice `json:"manualUpgrade" choices:"UpdateVMScaleSet UpdateVMScaleSetSubscription UpdateVMScaleSetVM none" fact:"§7.4"`
	// VMList is what a list of instances of a Uniform set draws from: as its instance view; as lists of scale sets, which only the
	// subscription's bucket counts; as a GET of the scale set; one for each machine that it shows; or nothing.
	VMList Choice `json:"vmList" choices:"HighCostGetVMScaleSet HighCostGetVMScaleSetSubscription LowCostGetVMScaleSet GetVMScaleSetVM none" fact:"§7.4"`
	// Names is how x-ms-ratelimit-remaining-resource calls the buckets: as we do, as was recorded of the older policies (3Min is the
	// resource's, 30Min the subscription's), or not at all, since it is not there.
	Names Choice `json:"names" choices:"policies recorded hide" fact:"§7.4"`
}

// withDefaults puts what is not chosen at its default, and refuses what is no choice.
func (o Throttling) withDefaults() (Throttling, error) {
	if o.Compute != "" && o.Compute != ComputePerMinute && o.Compute != ComputeWindows {
		return o, fmt.Errorf("compute %q is none of %q, %q and empty", o.Compute, ComputePerMinute, ComputeWindows)
	}
	if err := settleChoices(reflect.ValueOf(&o.PerMinute).Elem()); err != nil {
		return o, fmt.Errorf("throttling by the minute: %w", err)
	}
	return o, nil
}

// Check says what cannot be chosen.
func (o Throttling) Check() error {
	_, err := o.withDefaults()
	return err
}

// share is which of a policy's two buckets a call draws from, and how much.
type share uint8

const (
	ofBoth         share = iota // one from each
	ofSubscription              // one, from the subscription's
	byMachine                   // from the subscription's, one for each machine that the call is about
)

// drawn is what a call draws from.
type drawn struct {
	bucketPolicy
	share
}

var manualUpgradeBuckets = map[Choice]drawn{
	"UpdateVMScaleSet": {setUpdate, ofBoth}, "UpdateVMScaleSetSubscription": {setUpdate, ofSubscription},
	"UpdateVMScaleSetVM": {vmUpdate, byMachine}, "none": {unlimited, ofBoth},
}

var vmListBuckets = map[Choice]drawn{
	"HighCostGetVMScaleSet": {setHighCost, ofBoth}, "HighCostGetVMScaleSetSubscription": {setHighCost, ofSubscription},
	"LowCostGetVMScaleSet": {setLowCost, ofBoth}, "GetVMScaleSetVM": {vmGet, byMachine}, "none": {unlimited, ofBoth},
}

// known is what buckets ask of a scale set.
type known struct{ exists, flexible bool }

// drawnBy is what a call draws from under the policies a minute.
func (t *throttle) drawnBy(r *request, set known) drawn {
	switch name := r.route.name; {
	case name == opUpdateInstances:
		return manualUpgradeBuckets[t.PerMinute.ManualUpgrade]
	case name == opListVMs && set.exists && set.flexible:
		return drawn{vmHighCost, ofBoth} // which is documented
	case name == opListVMs:
		return vmListBuckets[t.PerMinute.VMList]
	case r.route.bucket == setCreate && set.exists:
		return drawn{setUpdate, ofBoth} // PUT of one that exists
	case withoutResource[name]:
		return drawn{r.route.bucket, ofSubscription}
	}
	return drawn{r.route.bucket, ofBoth}
}

// perMinute are the buckets that a call draws from.
func (t *throttle) perMinute(r *request, set known, region string) []limit {
	d := t.drawnBy(r, set)
	if d.bucketPolicy == unlimited {
		return nil
	}
	subscription := limit{policy: d.name + "Subscription", shownAs: d.oldPolicy + "30Min", whose: region, size: d.regionSize, refill: d.regionRefill}
	if d.share == byMachine {
		subscription.counts = machines
	}
	limits := []limit{subscription}
	if d.resourceSize > 0 && d.share == ofBoth {
		limits = append(limits, limit{policy: d.name + "Resource", shownAs: d.oldPolicy + "3Min", whose: resourceOf(r), size: d.resourceSize, refill: d.resourceRefill})
	}
	if t.PerMinute.Names != "recorded" {
		for i := range limits {
			limits[i].shownAs = limits[i].policy
		}
	}
	return limits
}
