package azuresim

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// scarce throttles by the minute as chosen, and leaves two in the subscription's bucket of each policy; nothing flows in.
func scarce(t *testing.T, chosen throttle.PerMinuteChoices) *sim {
	t.Helper()
	limits := map[string]throttle.Limit{}
	for _, p := range []ratelimit.Policy{ratelimit.SetUpdate, ratelimit.VMUpdate, ratelimit.SetHighCost, ratelimit.SetLowCost,
		ratelimit.VMGet} {
		limits[p.Name+"Subscription"] = throttle.Limit{Size: 2}
	}
	return newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputePerMinute, PerMinute: chosen, Limits: limits}})
}

// left returns how much an answer shows as left of the compute provider's buckets; empty: it shows nothing of them.
func left(r reply) string {
	if values := r.header.Values("X-Ms-Ratelimit-Remaining-Resource"); len(values) == 1 && values[0] == "" {
		return "a header without a value"
	}
	return strings.ReplaceAll(r.header.Get("X-Ms-Ratelimit-Remaining-Resource"), "Microsoft.Compute/", "")
}

// refusedBy is the bucket that an answer says is empty; empty: it is no refusal.
func refusedBy(r reply) string {
	details := tree.ArrayAt(r.body, "details")
	if r.status != http.StatusTooManyRequests || len(details) == 0 {
		return ""
	}
	return tree.StringAt(details[0], "target")
}

// docs/azure.md §3.2, §7.4: no table shows what manualupgrade draws from. It may draw from the bucket of writes of the scale set, or from
// that of writes of each instance, and then nothing is left for such writes.
func TestManualUpgradeBuckets(t *testing.T) {
	const setBucket, vmBucket = "UpdateVMScaleSetSubscription", "UpdateVMScaleSetVMSubscription"
	for choice, want := range map[kernel.Choice]struct{ left, second, third, patch, restart string }{
		"":                             {setBucket + ";1,UpdateVMScaleSetResource;11", "", setBucket, setBucket, ""},
		"UpdateVMScaleSetSubscription": {setBucket + ";1", "", setBucket, setBucket, ""},
		"UpdateVMScaleSetVM":           {vmBucket + ";0", vmBucket, vmBucket, "", vmBucket},
		"none":                         {"", "", "", "", ""},
	} {
		t.Run(string(choice), func(t *testing.T) {
			s := scarce(t, throttle.PerMinuteChoices{ManualUpgrade: choice})
			s.stage(3)
			s.control("POST", "/model", tree.Members{{"scaleSet", testSet}, {"merge", profile(tree.Member{"licenseType", "x"})}})
			first := s.upgrade("0", "1")
			mustEqual(t, "status", first.status, http.StatusAccepted)
			mustEqual(t, "left", left(first), want.left)
			upgrade := call{"POST", testSet + "/manualupgrade", tree.Members{{"instanceIds", []string{"2"}}}}
			mustEqual(t, "another is refused by", refusedBy(s.try(upgrade)), want.second)
			mustEqual(t, "a third is refused by", refusedBy(s.try(upgrade)), want.third)
			mustEqual(t, "a PATCH is refused by", refusedBy(s.try(call{"PATCH", testSet, tree.Members{}})), want.patch)
			mustEqual(t, "a restart is refused by", refusedBy(s.try(call{"POST", testSet + "/virtualMachines/2/restart", nil})), want.restart)
		})
	}
}

// A call that draws by the instance pays nothing if it touches none, and waits for as many as it touched (docs/azure.md §2.2, §7.4).
func TestBucketsByInstance(t *testing.T) {
	s := newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputePerMinute,
		PerMinute: throttle.PerMinuteChoices{ManualUpgrade: "UpdateVMScaleSetVM"},
		Limits:    map[string]throttle.Limit{"UpdateVMScaleSetVMSubscription": {Size: 2, PerMinute: 60}}}})
	s.stage(5)
	mustEqual(t, "after none", left(s.upgrade("0", "1", "2", "3")), "UpdateVMScaleSetVMSubscription;2")
	s.control("POST", "/model", tree.Members{{"scaleSet", testSet}, {"merge", profile(tree.Member{"licenseType", "x"})}})
	mustEqual(t, "after four", left(s.upgrade("0", "1", "2", "3")), "UpdateVMScaleSetVMSubscription;0")
	again := call{"POST", testSet + "/manualupgrade", tree.Members{{"instanceIds", []string{"4"}}}}
	for _, wait := range []string{"3", "1"} { // refusals are counted from the last call that got through
		refused := s.try(again)
		mustEqual(t, "Retry-After", refused.header.Get("Retry-After"), wait)
		mustEqual(t, "calls: "+refused.text, strings.Contains(refused.text, `\"measuredRequestCount\":3}`), true)
		s.clock.Advance(3 * time.Second)
		mustEqual(t, "then refused by", refusedBy(s.try(again)), "")
	}
}

// docs/azure.md §3.2, §7.4: nor is the list of a Uniform set's instances in a table; that of a Flexible one is.
func TestVMListBuckets(t *testing.T) {
	const high, low, vm = "HighCostGetVMScaleSetSubscription", "LowCostGetVMScaleSetSubscription", "GetVMScaleSetVMSubscription"
	for choice, want := range map[kernel.Choice]struct{ left, second, third, view, set, vm string }{
		"":                                  {high + ";1,HighCostGetVMScaleSetResource;29", "", high, high, "", ""},
		"HighCostGetVMScaleSetSubscription": {high + ";1", "", high, high, "", ""},
		"LowCostGetVMScaleSet":              {low + ";1,LowCostGetVMScaleSetResource;35", "", low, "", low, ""},
		"GetVMScaleSetVM":                   {vm + ";0", vm, vm, "", "", vm},
		"none":                              {"", "", "", "", "", ""},
	} {
		t.Run(string(choice), func(t *testing.T) {
			s := scarce(t, throttle.PerMinuteChoices{VMList: choice})
			s.stage(2)
			s.control("PUT", "/scalesets", tree.Members{{"scaleSet", testSet + "-flex"}, {"capacity", 1}, {"orchestration", vmprofile.Flexible}})
			get := func(path string) reply { return s.try(call{"GET", testSet + path, nil}) }
			mustEqual(t, "left", left(get("/virtualMachines")), want.left)
			mustEqual(t, "another is refused by", refusedBy(get("/virtualMachines")), want.second)
			mustEqual(t, "a third is refused by", refusedBy(get("/virtualMachines")), want.third)
			mustEqual(t, "the set's view is refused by", refusedBy(get("/instanceView")), want.view)
			mustEqual(t, "the set is refused by", refusedBy(get("")), want.set)
			mustEqual(t, "an instance is refused by", refusedBy(get("/virtualMachines/0")), want.vm)
			mustEqual(t, "left for a Flexible set", left(get("-flex/virtualMachines")), "HighCostGetVMSubscription;899")
		})
	}
}

// docs/azure.md §7.4: the names of the buckets in the header, if it is there; the names of the older policies are recorded.
func TestBucketNames(t *testing.T) {
	for choice, want := range map[kernel.Choice]struct{ left, target string }{
		"":         {"UpdateVMScaleSetSubscription;1499,UpdateVMScaleSetResource;11", "UpdateVMScaleSetResource"},
		"recorded": {"VMScaleSetActions30Min;1499,VMScaleSetActions3Min;11", "VMScaleSetActions3Min"},
		"hide":     {"", "UpdateVMScaleSetResource"},
	} {
		t.Run(string(choice), func(t *testing.T) {
			chosen := throttle.PerMinuteChoices{Names: choice}
			s := newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputePerMinute, PerMinute: chosen}})
			s.stage(1)
			patch := call{"PATCH", testSet, tree.Members{}}
			mustEqual(t, "left", left(s.try(patch)), want.left)
			_, refused := s.exhaust(patch)
			mustEqual(t, "target", refusedBy(refused), want.target)
			mustEqual(t, "group: "+refused.text, strings.Contains(refused.text, `\"operationGroup\":\"`+want.target+`\"`), true)
			mustEqual(t, "has names when refused", left(refused) != "", want.left != "")
			s = newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputeWindows, PerMinute: chosen}})
			s.stage(1)
			mustEqual(t, "older ones left", left(s.try(call{"GET", testSet, nil})), "GetVMScaleSet3Min;399,GetVMScaleSet30Min;2599")
		})
	}
}

// What cannot be chosen is refused, and leaves throttling as it was; in a program it is a mistake.
func TestBadBuckets(t *testing.T) {
	s := scarce(t, throttle.PerMinuteChoices{VMList: "none"})
	s.stage(1)
	for _, bad := range []string{"manualUpgrade", "vmList", "names"} {
		if status, text := s.tryControl("PUT", "/throttle", tree.Members{{"compute", "perMinute"}, {bad, "sometimes"}}); status !=
			http.StatusBadRequest {
			t.Errorf("%s: %d %s", bad, status, text)
		}
	}
	mustEqual(t, "left", left(s.try(call{"GET", testSet + "/virtualMachines", nil})), "")
	s.control("PUT", "/throttle", tree.Members{{"compute", "perMinute"}, {"vmList", "LowCostGetVMScaleSet"}})
	mustEqual(t, "left", left(s.try(call{"GET", testSet + "/virtualMachines", nil})),
		"LowCostGetVMScaleSetSubscription;2399,LowCostGetVMScaleSetResource;35")
	defer func() {
		if problem, isText := recover().(string); !isText || !strings.Contains(problem, `vmList stands at "no"`) {
			t.Fatal(problem)
		}
	}()
	scarce(t, throttle.PerMinuteChoices{VMList: "no"})
}
