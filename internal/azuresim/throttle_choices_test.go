package azuresim

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// scarce throttles by the minute and leaves two in some buckets; nothing flows in.
func scarce(t *testing.T, buckets ...string) *sim {
	t.Helper()
	limits := map[string]throttle.Limit{}
	for _, name := range buckets {
		limits[name] = throttle.Limit{Size: 2}
	}
	return newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputePerMinute, Limits: limits}})
}

const (
	actions = "VMScaleSetActionsSubscriptionMaximum"
	batched = "VMScaleSetBatchedVMRequestsSubscriptionMaximum"
	high    = "HighCostGetVMScaleSetSubscriptionMaximum"
	views   = "VMScaleSetVMViewsSubscriptionMaximum"
)

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

// docs/azure.md §8: manualupgrade draws from the subscription's bucket of actions and, one for each instance, from that of batched
// requests; no bucket of the set counts it (azure-cli-2025-02__test_vmss_disk_encryption_e2e:11).
func TestManualUpgradeBuckets(t *testing.T) {
	for bucket, want := range map[string]struct{ left, second, third, patch, restart string }{
		actions: {actions + ";1," + batched + ";5998,VmssQueuedVMOperations;0", "", actions, actions, ""},
		batched: {actions + ";1499," + batched + ";0,VmssQueuedVMOperations;0", batched, batched, batched, batched},
	} {
		t.Run(bucket, func(t *testing.T) {
			s := scarce(t, bucket)
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

// A call that draws by the instance pays nothing if it touches none, and waits for as many as it touched (docs/azure.md §2.2, §8).
func TestBucketsByInstance(t *testing.T) {
	s := newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputePerMinute,
		Limits: map[string]throttle.Limit{batched: {Size: 2, PerMinute: 60}}}})
	s.stage(5)
	leftOfBatched := func(r reply) bool { return strings.Contains(left(r), batched+";2") }
	mustEqual(t, "after none", leftOfBatched(s.upgrade("0", "1", "2", "3")), true)
	s.control("POST", "/model", tree.Members{{"scaleSet", testSet}, {"merge", profile(tree.Member{"licenseType", "x"})}})
	mustEqual(t, "after four", leftOfBatched(s.upgrade("0", "1", "2", "3")), false)
	again := call{"POST", testSet + "/manualupgrade", tree.Members{{"instanceIds", []string{"4"}}}}
	for _, wait := range []string{"3", "1"} { // refusals are counted from the last call that got through
		refused := s.try(again)
		mustEqual(t, "Retry-After", refused.header.Get("Retry-After"), wait)
		mustEqual(t, "calls: "+refused.text, strings.Contains(refused.text, `\"measuredRequestCount\":3}`), true)
		s.clock.Advance(3 * time.Second)
		mustEqual(t, "then refused by", refusedBy(s.try(again)), "")
	}
}

// docs/azure.md §8: the list of a Uniform set's instances draws from the High-cost Gets of set and subscription, and from the views one for
// each instance (azure-cli-2025-02__test_vmss_create_user_data:9).
func TestVMListBuckets(t *testing.T) {
	for bucket, want := range map[string]struct{ left, second, third, view, vm string }{
		high:  {high + ";1,HighCostGetVMScaleSetResource;29," + views + ";29998", "", high, high, ""},
		views: {high + ";1079,HighCostGetVMScaleSetResource;29," + views + ";0", views, views, "", views},
	} {
		t.Run(bucket, func(t *testing.T) {
			s := scarce(t, bucket)
			s.stage(2)
			s.control("PUT", "/scalesets", tree.Members{{"scaleSet", testSet + "-flex"}, {"capacity", 1}, {"orchestration", vmprofile.Flexible}})
			get := func(path string) reply { return s.try(call{"GET", testSet + path, nil}) }
			mustEqual(t, "left", left(get("/virtualMachines")), want.left)
			mustEqual(t, "another is refused by", refusedBy(get("/virtualMachines")), want.second)
			mustEqual(t, "a third is refused by", refusedBy(get("/virtualMachines")), want.third)
			mustEqual(t, "the set's view is refused by", refusedBy(get("/instanceView")), want.view)
			mustEqual(t, "the set is refused by", refusedBy(get("")), "")
			mustEqual(t, "an instance is refused by", refusedBy(get("/virtualMachines/0")), want.vm)
		})
	}
}

// docs/azure.md §8: the names of the buckets in the header, if it is there (azure-cli-2025-02__test_vmss_explicit_msi:10); the names of the
// older policies are recorded, too.
func TestBucketNames(t *testing.T) {
	for choice, want := range map[kernel.Choice]string{
		"":     actions + ";1499,VMScaleSetActionsResource;11," + batched + ";6000,VmssQueuedVMOperations;0",
		"hide": "",
	} {
		t.Run(string(choice), func(t *testing.T) {
			chosen := throttle.PerMinuteChoices{Names: choice}
			s := newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputePerMinute, PerMinute: chosen}})
			s.stage(1)
			patch := call{"PATCH", testSet, tree.Members{}}
			mustEqual(t, "left", left(s.try(patch)), want)
			_, refused := s.exhaust(patch)
			mustEqual(t, "target", refusedBy(refused), "VMScaleSetActionsResource")
			mustEqual(t, "group: "+refused.text, strings.Contains(refused.text, `\"operationGroup\":\"VMScaleSetActionsResource\"`), true)
			mustEqual(t, "has names when refused", left(refused) != "", want != "")
			s = newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputeWindows, PerMinute: chosen}})
			s.stage(1)
			mustEqual(t, "older ones left", left(s.try(call{"GET", testSet, nil})), "GetVMScaleSet3Min;399,GetVMScaleSet30Min;2599")
		})
	}
}

// A choice that there is not is refused, and leaves throttling as it was; in a program it is a mistake.
func TestBadBuckets(t *testing.T) {
	s := scarce(t, high)
	s.stage(1)
	if status, text := s.tryControl("PUT", "/throttle", tree.Members{{"compute", "perMinute"}, {"names", "sometimes"}}); status !=
		http.StatusBadRequest {
		t.Errorf("%d %s", status, text)
	}
	mustEqual(t, "left", leftOf(s.try(call{"GET", testSet + "/instanceView", nil}), high), 1)
	defer func() {
		if problem, isText := recover().(string); !isText || !strings.Contains(problem, `names stands at "no"`) {
			t.Fatal(problem)
		}
	}()
	newSim(t, Options{Throttling: throttle.Options{Compute: throttle.ComputePerMinute, PerMinute: throttle.PerMinuteChoices{Names: "no"}}})
}
