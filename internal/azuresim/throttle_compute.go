package azuresim

import (
	"strings"
	"time"
)

// bucketPolicy is a policy of the compute provider's throttling. The numbers of azure-facts §3.2 are per minute: refill and bucket,
// for one resource and for all of a subscription in a region. Zero: no such bucket. Those of §3.3 are for 3 and for 30 minutes.
type bucketPolicy struct {
	name                                                   string
	resourceRefill, resourceSize, regionRefill, regionSize float64
	oldPolicy                                              string // name in x-ms-ratelimit-remaining-resource
	oldLimit3Min, oldLimit30Min                            int
	changes                                                bool // machines, which the old policies counted
}

var (
	setCreate   = bucketPolicy{"CreateVMScaleSet", 4, 12, 125, 375, "CreateVMScaleSet", 60, 300, true}
	setUpdate   = bucketPolicy{"UpdateVMScaleSet", 4, 12, 500, 1500, "VMScaleSetActions", 240, 1200, true}
	setDelete   = bucketPolicy{"DeleteVMScaleSet", 4, 12, 175, 525, "DeleteVMScaleSet", 80, 400, true}
	setLowCost  = bucketPolicy{"LowCostGetVMScaleSet", 12, 36, 800, 2400, "GetVMScaleSet", 400, 2600, false}
	setHighCost = bucketPolicy{"HighCostGetVMScaleSet", 10, 30, 360, 1080, "HighCostGetVMScaleSet", 180, 900, false}
	vmUpdate    = bucketPolicy{"UpdateVMScaleSetVM", 4, 12, 500, 1500, "VMScaleSetActions", 240, 1200, true}
	vmDelete    = bucketPolicy{"DeleteVMScaleSetVM", 4, 12, 500, 1500, "DeleteVMScaleSetVM", 240, 1200, true}
	vmGet       = bucketPolicy{"GetVMScaleSetVM", 12, 36, 2000, 6000, "GetVMScaleSetVM", 1000, 5000, false}
	// machineUpdate is of machines by their own path; what it allows a minute is as of instances [U].
	machineUpdate = bucketPolicy{"UpdateVM", 4, 12, 500, 1500, "UpdateVM", 240, 1200, false}
	vmHighCost    = bucketPolicy{"HighCostGetVM", 0, 0, 300, 900, "HighCostGetVMScaleSet", 180, 900, false}
	operationsG   = bucketPolicy{"GetOperation", 15, 45, 5000, 15000, "GetOperation", 15000, 30000, false}
	unlimited     = bucketPolicy{}
)

// withoutResource are the operations that only the subscription's bucket counts (azure-facts §3.2).
var withoutResource = map[string]bool{
	"Start": true, "Restart": true, "Redeploy": true, "Reimage": true, "ReimageAll": true,
	"List": true, "ListAll": true, "ListByLocation": true,
}

// computeLimits are those that a call meets at the compute provider.
func (s *Server) computeLimits(r *request) []limit {
	set := s.sets[r.setKey()]
	region := strings.ToLower(r.args["sub"]) + " " + normalLocation(r.region(set))
	if s.throttle.Compute == ComputeWindows {
		return s.windows(r, region)
	}
	return s.throttle.perMinute(r, set, region)
}

// resource is what a bucket of a resource belongs to: a scale set, an instance, or an operation.
func (r *request) resource() string {
	return strings.ToLower(r.setKey() + "/" + r.args["vm"] + r.args["operation"])
}

// region is where a call's resource is, or will be.
func (r *request) region(set *scaleSet) string {
	if set != nil {
		return set.location
	}
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
func (s *Server) windows(r *request, region string) []limit {
	p := r.route.bucket
	window := func(policy string, size, minutes int, counts counted) limit {
		return limit{policy: policy, shownAs: policy, whose: region, size: float64(size), window: time.Duration(minutes) * time.Minute, counts: counts}
	}
	limits := []limit{window(p.oldPolicy+"3Min", p.oldLimit3Min, 3, calls), window(p.oldPolicy+"30Min", p.oldLimit30Min, 30, calls)}
	if r.route.name == "VMs.Reimage" { // recorded to count twice
		limits = append(limits, window("VMScaleSetVMActions3Min", 200, 3, calls), window("VMScaleSetVMActions30Min", 1000, 30, calls))
	}
	if p.changes {
		queued := limit{policy: "VmssQueuedVMOperations", shownAs: "VmssQueuedVMOperations", whose: region, size: queuedLimit, counts: queue, queued: s.queuedIn(region)}
		limits = append(limits, window("VMScaleSetBatchedVMRequests5Min", batchedLimit, 5, machines), queued)
	}
	if p == vmGet || r.route.name == opListVMs {
		limits = append(limits, window("VMScaleSetVMViews3Min", viewsLimit, 3, machines))
	}
	return limits
}

// queuedIn is how many machines of a subscription are being worked on in a region.
func (s *Server) queuedIn(region string) int {
	n := 0
	for _, set := range s.sets {
		if strings.ToLower(set.subscription)+" "+normalLocation(set.location) != region {
			continue
		}
		for _, op := range set.operations {
			n += op.open
		}
	}
	return n
}
