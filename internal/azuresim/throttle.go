package azuresim

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// bucketPolicy is a policy of the compute provider's throttling (azure-facts
// §3.2); the numbers are per minute: refill and bucket, for one resource and
// for all of a subscription in a region. Zero: no such bucket.
type bucketPolicy struct {
	name                                                   string
	resourceRefill, resourceSize, regionRefill, regionSize float64
	oldPolicy                                              string // name in x-ms-ratelimit-remaining-resource
	oldLimit3Min, oldLimit30Min                            int
}

var (
	setCreate   = bucketPolicy{"CreateVMScaleSet", 4, 12, 125, 375, "CreateVMScaleSet", 60, 300}
	setUpdate   = bucketPolicy{"UpdateVMScaleSet", 4, 12, 500, 1500, "VMScaleSetActions", 240, 1200}
	setDelete   = bucketPolicy{"DeleteVMScaleSet", 4, 12, 175, 525, "DeleteVMScaleSet", 80, 400}
	setLowCost  = bucketPolicy{"LowCostGetVMScaleSet", 12, 36, 800, 2400, "GetVMScaleSet", 400, 2600}
	setHighCost = bucketPolicy{"HighCostGetVMScaleSet", 10, 30, 360, 1080, "HighCostGetVMScaleSet", 180, 900}
	vmUpdate    = bucketPolicy{"UpdateVMScaleSetVM", 4, 12, 500, 1500, "VMScaleSetVMActions", 200, 1000}
	vmDelete    = bucketPolicy{"DeleteVMScaleSetVM", 4, 12, 500, 1500, "DeleteVMScaleSetVM", 240, 1200}
	vmGet       = bucketPolicy{"GetVMScaleSetVM", 12, 36, 2000, 6000, "GetVMScaleSetVM", 1000, 5000}
	vmHighCost  = bucketPolicy{"HighCostGetVM", 0, 0, 300, 900, "HighCostGet", 180, 900}
	operationsG = bucketPolicy{"GetOperation", 15, 45, 5000, 15000, "GetOperation", 15000, 30000}
	unlimited   = bucketPolicy{}
)

// throttle holds the token buckets.
type throttle struct{ buckets map[string]*bucket }

type bucket struct {
	tokens float64
	at     time.Time
}

func newThrottle() *throttle { return &throttle{buckets: map[string]*bucket{}} }

// take takes a token; wait is how long there is none.
func (t *throttle) take(key string, refill, size float64, now time.Time) (wait time.Duration) {
	if size == 0 {
		return 0
	}
	b := t.buckets[key]
	if b == nil {
		b = &bucket{tokens: size, at: now}
		t.buckets[key] = b
	}
	b.tokens = min(size, b.tokens+now.Sub(b.at).Minutes()*refill)
	b.at = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / refill * float64(time.Minute))
	}
	b.tokens--
	return 0
}

// checkRate refuses what comes too often, where throttling is on.
func (s *Server) checkRate(r *request) *armError {
	if s.throttle == nil || r.route.bucket == unlimited {
		return nil
	}
	p := r.route.bucket
	if set := s.sets[r.setKey()]; p == setCreate && set != nil {
		p = setUpdate // PUT of one that exists
	}
	subscription := strings.ToLower(r.args["sub"])
	if wait := s.throttle.take(p.name+" "+subscription, p.regionRefill, p.regionSize, s.now); wait > 0 {
		return tooMany(p, p.regionSize, s.now, wait)
	}
	resource := strings.ToLower(r.setKey() + "/" + r.args["vm"] + r.args["operation"])
	if wait := s.throttle.take(p.name+" "+resource, p.resourceRefill, p.resourceSize, s.now); wait > 0 {
		return tooMany(p, p.resourceSize, s.now, wait)
	}
	return nil
}

// tooMany is the compute provider's 429, which is not wrapped in "error" (azure-facts §3.3).
func tooMany(p bucketPolicy, allowed float64, now time.Time, wait time.Duration) *armError {
	detail := toCompactJSON(members{
		{"operationGroup", p.name}, {"startTime", armTime(now.Add(-time.Minute))}, {"endTime", armTime(now)},
		{"allowedRequestCount", int(allowed)}, {"measuredRequestCount", int(allowed) + 1},
	})
	e := refuse(http.StatusTooManyRequests, "OperationNotAllowed",
		"The server rejected the request because too many requests have been received for this subscription.")
	e.bare, e.retryAfter = true, wait
	e.details = []armError{{code: "TooManyRequests", target: p.name, message: string(detail)}}
	return e
}

// showRate says how much is left, in the headers that clients read (azure-facts §3.1, §3.3).
func (s *Server) showRate(r *request, res *response) {
	kind, left, global := "reads", "11999", "16499"
	switch {
	case r.method == http.MethodDelete:
		kind, left, global = "deletes", "14999", "11999"
	case r.route.kind == kindWrite:
		kind, left, global = "writes", "1199", "11999"
	}
	if r.version.since("2024-03-01") {
		res.header.Set("X-Ms-Ratelimit-Remaining-Subscription-Global-"+strings.ToUpper(kind[:1])+kind[1:], global)
	}
	res.header.Set("X-Ms-Ratelimit-Remaining-Subscription-"+strings.ToUpper(kind[:1])+kind[1:], left)
	if p := r.route.bucket; p != unlimited && !isGateway(res) {
		name := "Microsoft.Compute/" + p.oldPolicy
		res.header.Set("X-Ms-Ratelimit-Remaining-Resource",
			name+"3Min;"+strconv.Itoa(p.oldLimit3Min-1)+","+name+"30Min;"+strconv.Itoa(p.oldLimit30Min-1))
	}
}

func isGateway(res *response) bool { return res.header.Get("X-Ms-Failure-Cause") == "gateway" }
