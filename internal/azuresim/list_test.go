package azuresim

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Pages are joined by opaque links that keep the filter (docs/azure.md §6).
func TestPaging(t *testing.T) {
	s := newSim(t, Options{PageSize: 2})
	s.stage(5)
	s.patched(script("x"))
	var ids []string
	next := testSet + "/virtualMachines?$filter=" + "properties/latestModelApplied%20eq%20false"
	pages := 0
	for next != "" {
		page := s.do(http.StatusOK, "GET", next, nil)
		for _, vm := range listOf(page.body) {
			ids = append(ids, tree.StringAt(vm, "instanceId"))
		}
		next = tree.StringAt(page.body, "nextLink")
		pages++
	}
	mustEqual(t, "ids", strings.Join(ids, ","), "0,1,2,3,4")
	mustEqual(t, "pages", pages, 3)
	r := s.do(http.StatusBadRequest, "GET", testSet+"/virtualMachines?$skiptoken=bad", nil)
	mustEqual(t, "target", tree.StringAt(r.body, "error", "target"), "$skiptoken")
}

func TestFilter(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(3)
	s.patched(script("x"))
	s.want(s.finish(s.upgrade("1")), operations.Succeeded)
	mustEqual(t, "true", len(s.vms("?$filter=properties/latestModelApplied%20eq%20true")), 1)
	mustEqual(t, "false", len(s.vms("?$filter=properties/latestModelApplied%20eq%20false")), 2)
	s.do(http.StatusBadRequest, "GET", testSet+"/virtualMachines?$filter=name%20eq%20x", nil)
}

// $select drops nearly everything and shows latestModelApplied as false whatever it is (docs/azure.md §2.3).
func TestSelectTrap(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	vm := s.vms("?$select=instanceView&$expand=instanceView")[0]
	mustEqual(t, "latestModelApplied", tree.BoolAt(vm, "properties", "latestModelApplied"), false)
	if vm["name"] != nil || vm["sku"] != nil || tree.At(vm, "properties", "vmId") != nil ||
		tree.ObjectAt(vm, "properties", "instanceView") == nil {
		t.Fatalf("not the projection: %v", vm)
	}
	mustEqual(t, "truth", s.latest()["0"], true)
}

// vmHealth is there only with health monitoring, and follows what happens (docs/azure.md §1.3).
func TestHealth(t *testing.T) {
	code := func(s *sim) string {
		view := s.do(http.StatusOK, "GET", testSet+"/virtualMachines/0/instanceView", nil)
		return tree.StringAt(view.body, "vmHealth", "status", "code")
	}
	bare := newSim(t, Options{})
	bare.stage(1)
	mustEqual(t, "without monitoring", code(bare), "")
	s := newSim(t, Options{})
	s.stage(1, tree.Member{"health", "extension"})
	mustEqual(t, "at first", code(s), "HealthState/healthy")
	for _, state := range []string{"unhealthy", "unknown", "healthy"} {
		s.control("POST", "/health", tree.Members{{"scaleSet", strings.ToUpper(testSet)}, {"instance", "0"}, {"state", state}})
		mustEqual(t, "told", code(s), "HealthState/"+state)
	}
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/poweroff", nil)), operations.Succeeded)
	mustEqual(t, "off", code(s), "HealthState/unhealthy")
}

// Paths are matched in any case, and with a seed ids may come back in another (docs/azure.md §1.2).
func TestCase(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	s.do(http.StatusOK, "GET", strings.ToUpper(testSet)+"/virtualmachines/0", nil)
	s.do(http.StatusOK, "GET", strings.ToLower(testSet), nil)
	changed := false
	for seed := range int64(20) {
		other := newSim(t, Options{Seed: seed})
		other.stage(1)
		changed = changed || strings.Contains(tree.StringAt(other.vms("")[0], "id"), "/resourceGroups/RG/")
	}
	mustEqual(t, "some seed changes the case", changed, true)
}

func TestSetLists(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	base := strings.TrimSuffix(testSet, "/web")
	mustEqual(t, "in the group", len(listOf(s.do(http.StatusOK, "GET", base, nil).body)), 1)
	sub, _, _ := strings.Cut(testSet, "/resourceGroups")
	mustEqual(t, "in the subscription",
		len(listOf(s.do(http.StatusOK, "GET", sub+"/providers/Microsoft.Compute/virtualMachineScaleSets", nil).body)), 1)
	mustEqual(t, "code", s.do(http.StatusNotFound, "GET", strings.Replace(base, "rg", "none", 1), nil).code(), "ResourceGroupNotFound")
	view := s.do(http.StatusOK, "GET", testSet+"/instanceView", nil)
	mustEqual(t, "summary", text(tree.ArrayAt(view.body, "virtualMachine", "statusesSummary")),
		"[map[code:ProvisioningState/succeeded count:2]]")
	s.do(http.StatusOK, "GET", testSet+"/skus", nil)
}

// A page's buffer is used again once its reader has closed it, and not before.
func TestPagesAreReadWhileOthersAreWritten(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(5)
	get := func() *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x"+testSet+"/virtualMachines?api-version="+newest, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer x")
		res, err := s.server.Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	read := func(res *http.Response) string {
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first, second := get(), get()
	s.patched(script("x")) // so the next list differs
	third := get()
	mustEqual(t, "the same twice", read(first) == read(second), true)
	if err := first.Body.Close(); err != nil {
		t.Fatal(err)
	}
	mustEqual(t, "of a closed one", read(first), "")
	fourth := get()
	mustEqual(t, "of what changed", read(third) == read(fourth), true)
}
