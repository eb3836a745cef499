package azuresim

import (
	"strings"
	"time"
)

// withoutResource are the operations that only the subscription's bucket counts (azure-facts §3.2).
var withoutResource = map[string]bool{
	"Start": true, "Restart": true, "Redeploy": true, "Reimage": true, "ReimageAll": true,
	"List": true, "ListAll": true, "ListByLocation": true,
}

// computeLimits are those that a call meets at the compute provider.
func (s *throttler) computeLimits(r *request) []limit {
	location, flexible, exists := s.sets.place(r.setKey())
	if !exists {
		location = regionOf(r)
	}
	region := strings.ToLower(r.args["sub"]) + " " + normalLocation(location)
	if s.throttle.Compute == ComputeWindows {
		return s.windows(r, region)
	}
	return s.throttle.perMinute(r, known{exists, flexible}, region)
}

// resource is what a bucket of a resource belongs to: a scale set, an instance, or an operation.
func resourceOf(r *request) string {
	return strings.ToLower(r.setKey() + "/" + r.args["vm"] + r.args["operation"])
}

// region is where a call's resource is, or will be.
func regionOf(r *request) string {
	if location := r.args["location"]; location != "" || r.route.bucket != setCreate {
		return location
	}
	body, err := parseObject(r.body)
	if err != nil {
		return ""
	}
	return stringAt(body, "location")
}

// The old policies that are not about calls (azure-facts §3.3).
const (
	batchedLimit = 1200
	viewsLimit   = 5000
	queuedLimit  = 4800
)

// windows are the limits of azure-facts §3.3, which counted what comes to a subscription in a region.
func (s *throttler) windows(r *request, region string) []limit {
	p := r.route.bucket
	window := func(policy string, size, minutes int, counts counted) limit {
		return limit{policy: policy, shownAs: policy, whose: region, size: float64(size), window: time.Duration(minutes) * time.Minute, counts: counts}
	}
	limits := []limit{window(p.oldPolicy+"3Min", p.oldLimit3Min, 3, calls), window(p.oldPolicy+"30Min", p.oldLimit30Min, 30, calls)}
	if r.route.name == "VMs.Reimage" { // recorded to count twice
		limits = append(limits, window("VMScaleSetVMActions3Min", 200, 3, calls), window("VMScaleSetVMActions30Min", 1000, 30, calls))
	}
	if p.changes {
		queued := limit{policy: "VmssQueuedVMOperations", shownAs: "VmssQueuedVMOperations", whose: region, size: queuedLimit, counts: queue, queued: s.sets.queuedIn(region)}
		limits = append(limits, window("VMScaleSetBatchedVMRequests5Min", batchedLimit, 5, machines), queued)
	}
	if p == vmGet || r.route.name == opListVMs {
		limits = append(limits, window("VMScaleSetVMViews3Min", viewsLimit, 3, machines))
	}
	return limits
}
