package throttle

import (
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// withoutResource are the operations that only the subscription's bucket counts (docs/azure.md §3.2, §8).
var withoutResource = map[string]bool{
	"Start": true, "Restart": true, "Redeploy": true, "Reimage": true, "ReimageAll": true,
	arm.OpUpdateInstances: true, "DeleteInstances": true, "Deallocate": true, "PowerOff": true,
	"List": true, "ListAll": true, "ListByLocation": true,
}

// computeLimits are those that a call meets at the compute provider.
func (s *Gate) computeLimits(r *arm.Request) []ratelimit.Limit {
	location, flexible, exists := s.Sets.Place(r.SetKey())
	if !exists {
		location = regionOf(r)
	}
	region := strings.ToLower(r.Args["sub"]) + " " + arm.NormalLocation(location)
	if s.Throttle.Compute == ComputeWindows {
		return s.windows(r, region)
	}
	return perMinute(r, known{exists, flexible}, region)
}

// resourceOf returns the resource that a bucket belongs to: a scale set, an instance, or an operation.
func resourceOf(r *arm.Request) string {
	return strings.ToLower(r.SetKey() + "/" + r.Args["vm"] + r.Args["operation"])
}

// regionOf is where a call's resource is, or will be.
func regionOf(r *arm.Request) string {
	if location := r.Args["location"]; location != "" || r.Route.Bucket != ratelimit.SetCreate {
		return location
	}
	body, err := tree.ParseObject(r.Body)
	if err != nil {
		return ""
	}
	return tree.StringAt(body, "location")
}

// The old policies that are not about calls (docs/azure.md §3.3).
const (
	batchedLimit = 1200
	viewsLimit   = 5000
	queuedLimit  = 4800
)

// windows returns the limits of docs/azure.md §3.3, which count the calls to a subscription in a region.
func (s *Gate) windows(r *arm.Request, region string) []ratelimit.Limit {
	p := r.Route.Bucket
	window := func(policy string, size, minutes int, counts ratelimit.Counted) ratelimit.Limit {
		return ratelimit.Limit{Policy: policy, ShownAs: policy, Whose: region, Size: float64(size),
			Window: time.Duration(minutes) * time.Minute, Counts: counts}
	}
	limits := []ratelimit.Limit{window(p.OldPolicy+"3Min", p.OldLimit3Min, 3, ratelimit.Calls),
		window(p.OldPolicy+"30Min", p.OldLimit30Min, 30, ratelimit.Calls)}
	if r.Route.Name == "VMs.Reimage" { // recorded to count twice
		limits = append(limits, window("VMScaleSetVMActions3Min", 200, 3, ratelimit.Calls),
			window("VMScaleSetVMActions30Min", 1000, 30, ratelimit.Calls))
	}
	if p.Changes {
		queued := ratelimit.Limit{Policy: "VmssQueuedVMOperations", ShownAs: "VmssQueuedVMOperations", Whose: region, Size: queuedLimit,
			Counts: ratelimit.Queue, Queued: s.Sets.QueuedIn(region)}
		limits = append(limits, window("VMScaleSetBatchedVMRequests5Min", batchedLimit, 5, ratelimit.Instances), queued)
	}
	if p == ratelimit.VMGet || r.Route.Name == arm.OpListVMs {
		limits = append(limits, window("VMScaleSetVMViews3Min", viewsLimit, 3, ratelimit.Instances))
	}
	return limits
}
