package azuresim

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// call is one that a limit is tried with.
type call struct {
	method, path string
	body         any
}

func (s *sim) try(c call) reply {
	s.t.Helper()
	r, err := s.send(c.method, c.path, c.body)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// exhaust calls until it is refused and returns how often it was not.
func (s *sim) exhaust(c call) (n int, refused reply) {
	s.t.Helper()
	for ; n < 100_000; n++ {
		if r := s.try(c); r.status == http.StatusTooManyRequests {
			return n, r
		}
	}
	s.t.Fatal("it is never refused")
	return 0, reply{}
}

const unbounded = 1e9

var (
	testCompute   = testSet[:strings.Index(testSet, "/resourceGroups")] + "/providers/Microsoft.Compute"
	testOperation = testCompute + "/locations/eastus/operations/22222222-2222-2222-2222-222222222222"
)

// each is a call of each policy of docs/azure.md §3.2, with the refill a minute and the size of its two buckets.
var perMinute = map[string]struct {
	call
	resourceRefill, resourceSize, regionRefill, regionSize int // no resource: 0
}{
	"CreateVMScaleSet":        {call{"PUT", testSet + "-new", tree.Members{{"location", "eastus"}}}, 4, 12, 125, 375},
	"VMScaleSetActions":       {call{"PATCH", testSet, tree.Members{}}, 4, 12, 500, 1500},
	"CreateVMScaleSet by PUT": {call{"PUT", testSet, tree.Members{{"sku", tree.Members{{"capacity", -1}}}}}, 4, 12, 125, 375},
	"VMScaleSetActions by manualupgrade": {call{"POST", testSet + "/manualupgrade", tree.Members{{"instanceIds", []string{"7"}}}}, 0, 0, 500,
		1500},
	"VMScaleSetActions by extension": {call{"DELETE", testSet + "/extensions/x", nil}, 4, 12, 500, 1500},
	"VMScaleSetActions by cancel":    {call{"POST", testSet + "/rollingUpgrades/cancel", nil}, 4, 12, 500, 1500},
	"VMScaleSetActions by reimage":   {call{"POST", testSet + "/reimage", tree.Members{{"instanceIds", []string{"7"}}}}, 0, 0, 500, 1500},
	"VMScaleSetActions by repairs": {call{"POST", testSet + "/setOrchestrationServiceState", tree.Members{{"action", "none"}}}, 4, 12,
		500, 1500},
	"VMScaleSetActions by reimageAll": {call{"POST", testSet + "/reimageAll", tree.Members{{"instanceIds", []string{"7"}}}}, 0, 0, 500,
		1500},
	"VMScaleSetActions by start":    {call{"POST", testSet + "/start", tree.Members{{"instanceIds", []string{"7"}}}}, 0, 0, 500, 1500},
	"VMScaleSetActions by redeploy": {call{"POST", testSet + "/redeploy", tree.Members{{"instanceIds", []string{"7"}}}}, 0, 0, 500, 1500},
	"VMScaleSetActions by restart":  {call{"POST", testSet + "/restart", tree.Members{{"instanceIds", []string{"7"}}}}, 0, 0, 500, 1500},
	"DeleteVMScaleSet":              {call{"DELETE", testSet + "-none", nil}, 4, 12, 175, 525},
	"DeleteVMScaleSet by deallocate": {call{"POST", testSet + "/deallocate", tree.Members{{"instanceIds", []string{"7"}}}}, 0, 0, 175,
		525},
	"GetVMScaleSet":                      {call{"GET", testSet, nil}, 12, 36, 800, 2400},
	"GetVMScaleSet of upgrade":           {call{"GET", testSet + "/rollingUpgrades/latest", nil}, 12, 36, 800, 2400},
	"GetVMScaleSet of sizes":             {call{"GET", testSet + "/skus", nil}, 12, 36, 800, 2400},
	"GetVMScaleSet of history":           {call{"GET", testSet + "/osUpgradeHistory", nil}, 12, 36, 800, 2400},
	"HighCostGetVMScaleSet":              {call{"GET", testSet + "/instanceView", nil}, 10, 30, 360, 1080},
	"HighCostGetVMScaleSet of instances": {call{"GET", testSet + "/virtualMachines", nil}, 10, 30, 360, 1080},
	"HighCostGetVMScaleSet of sets":      {call{"GET", strings.TrimSuffix(testSet, "/web"), nil}, 0, 0, 360, 1080},
	"HighCostGetVMScaleSet of all sets":  {call{"GET", testCompute + "/virtualMachineScaleSets", nil}, 0, 0, 360, 1080},
	"HighCostGetVMScaleSet of a region":  {call{"GET", testCompute + "/locations/eastus/virtualMachineScaleSets", nil}, 0, 0, 360, 1080},
	"HighCostGet":                        {call{"GET", testSet + "-flex/virtualMachines", nil}, 0, 0, 300, 900},
	"HighCostGet of all instances":       {call{"GET", testCompute + "/virtualMachines", nil}, 0, 0, 300, 900},
	"VMScaleSetVMActions":                {call{"POST", testSet + "/virtualMachines/7/restart", nil}, 4, 12, 667, 2000},
	"VMScaleSetVMActions by start":       {call{"POST", testSet + "/virtualMachines/7/start", nil}, 4, 12, 667, 2000},
	"VMScaleSetVMActions by reimage":     {call{"POST", testSet + "/virtualMachines/7/reimage", nil}, 4, 12, 667, 2000},
	"VMScaleSetVMActions by reimageAll":  {call{"POST", testSet + "/virtualMachines/7/reimageall", nil}, 4, 12, 667, 2000},
	"VMScaleSetVMActions by PUT": {call{"PUT", testSet + "/virtualMachines/7", tree.Members{{"location", "eastus"}}}, 4, 12, 667,
		2000},
	"VMScaleSetVMActions by run command": {call{"POST", testSet + "/virtualMachines/7/runCommand", tree.Members{}}, 4, 12, 667, 2000},
	"DeleteVMScaleSetVM by DELETE":       {call{"DELETE", testSet + "/virtualMachines/7", nil}, 4, 12, 667, 2000},
	"DeleteVMScaleSetVM by deallocate":   {call{"POST", testSet + "/virtualMachines/7/deallocate", nil}, 4, 12, 667, 2000},
	"GetVMScaleSetVM itself":             {call{"GET", testSet + "/virtualMachines/7", nil}, 12, 36, 2000, 6000},
	"DeleteVMScaleSet by poweroff":       {call{"POST", testSet + "/poweroff", tree.Members{{"instanceIds", []string{"7"}}}}, 0, 0, 175, 525},
	"DeleteVMScaleSetVM":                 {call{"POST", testSet + "/virtualMachines/7/poweroff", nil}, 4, 12, 667, 2000},
	"GetVMScaleSetVM":                    {call{"GET", testSet + "/virtualMachines/7/instanceView", nil}, 12, 36, 2000, 6000},
	"GetOperation":                       {call{"GET", testOperation, nil}, 15, 45, 5000, 15000},
}

// Every bucket of docs/azure.md §3.2 holds what it should, is refilled as fast as it should be, and is named when it is empty.
func TestPerMinuteBuckets(t *testing.T) {
	for name, tc := range perMinute {
		policy, _, _ := strings.Cut(name, " ")
		for level, want := range map[string]struct{ refill, size int }{
			policy + "Resource": {tc.resourceRefill, tc.resourceSize}, policy + "SubscriptionMaximum": {tc.regionRefill, tc.regionSize},
		} {
			if want.size == 0 {
				continue
			}
			t.Run(name+" "+level, func(t *testing.T) {
				limits := map[string]throttle.Limit{policy + "Resource": {Size: unbounded}, policy + "SubscriptionMaximum": {Size: unbounded}}
				delete(limits, level)
				s := newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputePerMinute, Limits: limits}})
				s.stage(1)
				s.control("PUT", "/scalesets", tree.Members{{"scaleSet", testSet + "-flex"}, {"capacity", 1}, {"orchestration", vmprofile.Flexible}})
				first := s.try(tc.call)
				mustEqual(t, "left", leftOf(first, level), want.size-1)
				mustEqual(t, "has a resource's bucket", strings.Contains(first.header.Get("X-Ms-Ratelimit-Remaining-Resource"), "Resource;"),
					tc.resourceSize > 0)
				n, refused := s.drain(tc.call, level)
				mustEqual(t, "bucket", n, want.size-1)
				mustEqual(t, "Retry-After", refused.header.Get("Retry-After"), strconv.Itoa(arm.WholeSeconds(time.Minute/time.Duration(want.refill))))
				mustEqual(t, "target", text(tree.At(tree.ArrayAt(refused.body, "details")[0], "target")), level)
				s.clock.Advance(time.Minute)
				mustEqual(t, "left a minute later", leftOf(s.try(tc.call), level), want.refill-1)
			})
		}
	}
}

// leftOf returns how much an answer shows as left under a policy of the compute provider.
func leftOf(r reply, policy string) int {
	_, rest, found := strings.Cut(r.header.Get("X-Ms-Ratelimit-Remaining-Resource"), "Microsoft.Compute/"+policy+";")
	left, err := strconv.Atoi(strings.Split(rest, ",")[0])
	if !found || err != nil {
		return -1
	}
	return left
}

// drain exhausts a policy; a large one is emptied but for its last calls, since each takes its time.
func (s *sim) drain(c call, policy string) (n int, refused reply) {
	s.t.Helper()
	const few = 20
	skipped := 0
	for key, a := range s.server.throttler.Throttle.Accounts {
		if key.Policy == policy && a.Left > few {
			skipped = int(a.Left) - few
			a.Left -= float64(skipped)
		}
	}
	n, refused = s.exhaust(c)
	return n + skipped, refused
}

// Buckets belong to one resource, and to one region (docs/azure.md §3.2).
func TestBucketsAreApart(t *testing.T) {
	s := newSim(t, Options{Throttle: true})
	s.stage(2)
	s.exhaust(call{"GET", testSet + "/virtualMachines/0", nil})
	s.do(http.StatusOK, "GET", testSet+"/virtualMachines/1", nil)
	other := strings.Replace(testSet, "web", "other", 1)
	s.control("PUT", "/scalesets", tree.Members{{"scaleSet", other}, {"location", "westus"}})
	s.control("PUT", "/throttle", tree.Members{{"compute", "perMinute"},
		{"limits", tree.Members{{"GetVMScaleSetSubscriptionMaximum", tree.Members{{"size", 1}, {"perMinute", 1}}}}}})
	s.do(http.StatusOK, "GET", testSet, nil)
	s.do(http.StatusTooManyRequests, "GET", testSet, nil)
	s.do(http.StatusOK, "GET", other, nil)
	s.control("DELETE", "/throttle", nil)
	s.do(http.StatusOK, "GET", testSet, nil)
}

// The 429 of the compute provider is not wrapped, unless that is asked for (docs/azure.md §3.3).
func TestThrottledBodies(t *testing.T) {
	for _, wrapped := range []bool{false, true} {
		s := newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputeWindows, Wrapped: wrapped}})
		s.stage(1)
		n, r := s.exhaust(call{"GET", testSet + "/instanceView", nil})
		mustEqual(t, "let through", n, 180)
		e := r.body
		if wrapped {
			e = tree.ObjectAt(r.body, "error")
		}
		mustEqual(t, "code", tree.StringAt(e, "code"), "OperationNotAllowed")
		mustEqual(t, "message", tree.StringAt(e, "message"),
			"The server rejected the request because too many requests have been received for this subscription.")
		detail, _ := tree.ArrayAt(e, "details")[0].(tree.Object)
		mustEqual(t, "detail", tree.StringAt(detail, "code"), "TooManyRequests")
		mustEqual(t, "target", tree.StringAt(detail, "target"), "HighCostGetVMScaleSet3Min")
		mustEqual(t, "what it says", tree.StringAt(detail, "message"),
			`{"operationGroup":"HighCostGetVMScaleSet3Min","startTime":"2026-01-02T03:04:05+00:00",`+
				`"endTime":"2026-01-02T03:04:05+00:00","allowedRequestCount":180,"measuredRequestCount":181}`)
		mustEqual(t, "Retry-After", r.header.Get("Retry-After"), "180")
	}
}

// Every window of docs/azure.md §3.3 allows the recorded number, and all of it again once it is over.
func TestWindows(t *testing.T) {
	for policy, tc := range map[string]struct {
		call
		n, longer int // of the window of 30 minutes
	}{
		"VMScaleSetActions":     {call{"PATCH", testSet, tree.Members{}}, 240, 1200},
		"CreateVMScaleSet":      {call{"PUT", testSet, tree.Members{{"sku", tree.Members{{"capacity", -1}}}}}, 60, 300},
		"DeleteVMScaleSet":      {call{"POST", testSet + "/poweroff", tree.Members{{"instanceIds", []string{"7"}}}}, 80, 400},
		"VMScaleSetVMActions":   {call{"POST", testSet + "/virtualMachines/7/reimage", nil}, 200, 1000},
		"DeleteVMScaleSetVM":    {call{"POST", testSet + "/virtualMachines/7/deallocate", nil}, 240, 1200},
		"GetVMScaleSet":         {call{"GET", testSet, nil}, 400, 2600},
		"HighCostGetVMScaleSet": {call{"GET", testSet + "/instanceView", nil}, 180, 900},
		"GetVMScaleSetVM":       {call{"GET", testSet + "/virtualMachines/7", nil}, 1000, 5000},
		"GetOperation":          {call{"GET", testOperation, nil}, 15000, 30000},
	} {
		t.Run(policy, func(t *testing.T) {
			s := newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputeWindows}})
			s.stage(1)
			first := s.try(tc.call)
			mustEqual(t, "left in 3 minutes", leftOf(first, policy+"3Min"), tc.n-1)
			mustEqual(t, "left in 30 minutes", leftOf(first, policy+"30Min"), tc.longer-1)
			n, refused := s.drain(tc.call, policy+"3Min")
			mustEqual(t, "let through", n, tc.n-1)
			mustEqual(t, "target", tree.StringAt(tree.ArrayAt(refused.body, "details")[0], "target"), policy+"3Min")
			s.clock.Advance(3*time.Minute - time.Second)
			mustEqual(t, "Retry-After", s.try(tc.call).header.Get("Retry-After"), "1")
			s.clock.Advance(time.Second)
			mustEqual(t, "left after it", leftOf(s.try(tc.call), policy+"3Min"), tc.n-1)
			_, refused = s.drain(tc.call, policy+"30Min")
			mustEqual(t, "target", tree.StringAt(tree.ArrayAt(refused.body, "details")[0], "target"), policy+"30Min")
			mustEqual(t, "Retry-After", refused.header.Get("Retry-After"), strconv.Itoa(27*60))
			s.clock.Advance(27 * time.Minute)
			last := s.try(tc.call)
			mustEqual(t, "left after half an hour", leftOf(last, policy+"3Min"), tc.n-1)
			mustEqual(t, "left after half an hour", leftOf(last, policy+"30Min"), tc.longer-1)
		})
	}
}

// Some of the old policies counted instances: those touched, those shown, those with an operation at work on them (docs/azure.md §3.3).
func TestWindowsCountInstances(t *testing.T) {
	s := newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputeWindows}, PageSize: 1000})
	s.stage(600)
	r := s.do(http.StatusAccepted, "POST", testSet+"/restart", nil)
	mustEqual(t, "left", r.header.Get("X-Ms-Ratelimit-Remaining-Resource"), "Microsoft.Compute/VMScaleSetActions3Min;239,"+
		"Microsoft.Compute/VMScaleSetActions30Min;1199,"+
		""+
		""+
		"Microsoft.Compute/VMScaleSetBatchedVMRequests5Min;600,Microsoft.Compute/VmssQueuedVMOperations;4800")
	mustEqual(t, "charge", r.header.Get("X-Ms-Request-Charge"), "600")
	r = s.do(http.StatusAccepted, "POST", testSet+"/start", tree.Members{{"instanceIds", []string{"0"}}})
	if left := r.header.Get("X-Ms-Ratelimit-Remaining-Resource"); !strings.Contains(left, "VmssQueuedVMOperations;4200") {
		t.Fatalf("600 are in work: %s", left)
	}
	s.clock.Advance(5 * time.Minute)
	for range 2 {
		s.finish(s.do(http.StatusAccepted, "POST", testSet+"/restart", nil))
	}
	r = s.do(http.StatusTooManyRequests, "POST", testSet+"/restart", tree.Members{{"instanceIds", []string{"0"}}})
	mustEqual(t, "target", tree.StringAt(tree.ArrayAt(r.body, "details")[0], "target"), "VMScaleSetBatchedVMRequests5Min")
	n, r := s.exhaust(call{"GET", testSet + "/virtualMachines", nil})
	mustEqual(t, "lists of 600 while views are left", n, 9)
	mustEqual(t, "target", tree.StringAt(tree.ArrayAt(r.body, "details")[0], "target"), "VMScaleSetVMViews3Min")
	s.do(http.StatusTooManyRequests, "GET", testSet+"/virtualMachines/0", nil)
}

// Calls made while throttled make it last longer, where that is asked for.
func TestPenalty(t *testing.T) {
	s := newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputePerMinute, Penalty: time.Minute}})
	s.stage(1)
	get := call{"GET", testSet, nil}
	_, r := s.exhaust(get)
	for _, want := range []string{"5", "65", "125", "185"} {
		mustEqual(t, "Retry-After", r.header.Get("Retry-After"), want)
		r = s.try(get)
	}
	for range 30 {
		r = s.try(get)
	}
	mustEqual(t, "at most", r.header.Get("Retry-After"), "1200")
	s.clock.Advance(20*time.Minute - time.Second)
	mustEqual(t, "before it is over", s.try(get).status, http.StatusTooManyRequests)
	s.clock.Advance(time.Minute + time.Second)
	mustEqual(t, "after", s.try(get).status, http.StatusOK)
}

// The resource manager counts the calls of each client in a subscription, and its calls outside of one (docs/azure.md §3.1).
func TestARMBuckets(t *testing.T) {
	for policy, tc := range map[string]struct {
		call
		size, refill int // a second
		code         string
	}{
		"Subscription-Reads":   {call{"GET", testGroup, nil}, 250, 25, "SubscriptionRequestsThrottled"},
		"Subscription-Deletes": {call{"DELETE", testSet, nil}, 200, 10, "SubscriptionRequestsThrottled"},
		"Subscription-Writes":  {call{"POST", testSet + "/start", nil}, 200, 10, "SubscriptionRequestsThrottled"},
		"Tenant-Reads":         {call{"GET", "/tenants", nil}, 250, 25, "TenantRequestsThrottled"},
	} {
		t.Run(policy, func(t *testing.T) {
			s := newSim(t, Options{Throttling: throttle.Options{ARM: true}})
			first := s.try(tc.call)
			mustEqual(t, "left", first.header.Get("X-Ms-Ratelimit-Remaining-"+policy), strconv.Itoa(tc.size-1))
			scope, kind, _ := strings.Cut(policy, "-")
			if scope == "Subscription" { // 15 times as much for all clients
				mustEqual(t, "left for all", first.header.Get("X-Ms-Ratelimit-Remaining-Subscription-Global-"+kind), strconv.Itoa(15*tc.size-1))
			}
			n, refused := s.exhaust(tc.call)
			mustEqual(t, "bucket", n, tc.size-1)
			mustEqual(t, "code", refused.code(), tc.code)
			mustEqual(t, "left", refused.header.Get("X-Ms-Ratelimit-Remaining-"+policy), "0")
			mustEqual(t, "Retry-After", refused.header.Get("Retry-After"), "1")
			s.clock.Advance(time.Second)
			n, _ = s.exhaust(tc.call)
			mustEqual(t, "a second later", n, tc.refill)
			s.token = "another client's"
			mustEqual(t, "another client", s.try(tc.call).status == http.StatusTooManyRequests, false)
		})
	}
}

// All clients of a subscription together have a bucket, too; the token names the client (docs/azure.md §3.1).
func TestARMClients(t *testing.T) {
	s := newSim(t, Options{Throttling: throttle.Options{ARM: true, Limits: map[string]throttle.Limit{
		"SubscriptionReads": {Size: 3, PerMinute: 60}, "SubscriptionGlobalReads": {Size: 5, PerMinute: 60},
	}}})
	get := call{"GET", testGroup, nil}
	for client, want := range map[string]int{"a": 3} {
		for i := range want {
			s.token = tokenOf(client, i)
			mustEqual(t, "one client's", s.try(get).status, http.StatusNotFound)
		}
		mustEqual(t, "more", s.try(get).status, http.StatusTooManyRequests)
	}
	s.token = tokenOf("b", 0)
	n, _ := s.exhaust(get)
	mustEqual(t, "what is left for another", n, 2)
}

// tokenOf is the nth token of a client.
func tokenOf(client string, n int) string {
	return "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"appid":%q,"n":%d}`, client, n)) + ".x"
}

// The resource manager stands before the compute provider: a request that it refuses costs nothing there.
func TestARMStandsBefore(t *testing.T) {
	s := newSim(t, Options{Throttling: throttle.Options{ARM: true, Compute: throttle.ComputePerMinute,
		Limits: map[string]throttle.Limit{"SubscriptionReads": {Size: 1, PerMinute: 60}}}})
	s.stage(1)
	first := s.do(http.StatusOK, "GET", testSet, nil)
	mustEqual(t, "left", first.header.Get("X-Ms-Ratelimit-Remaining-Resource"),
		"Microsoft.Compute/GetVMScaleSetSubscriptionMaximum;2399,Microsoft.Compute/GetVMScaleSetResource;35")
	for range 50 {
		mustEqual(t, "refused by", s.do(http.StatusTooManyRequests, "GET", testSet, nil).code(), "SubscriptionRequestsThrottled")
	}
	s.clock.Advance(time.Second)
	s.do(http.StatusOK, "GET", testSet, nil)
}

func TestBadThrottling(t *testing.T) {
	s := newSim(t, Options{})
	if status, text := s.tryControl("PUT", "/throttle", tree.Members{{"compute", "sometimes"}}); status != http.StatusBadRequest {
		t.Fatal(status, text)
	}
}
