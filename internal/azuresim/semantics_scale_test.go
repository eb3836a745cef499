package azuresim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

func (s *sim) ids() string {
	s.t.Helper()
	var ids []string
	for _, vm := range s.vms("") {
		ids = append(ids, tree.StringAt(vm, "instanceId"))
	}
	return strings.Join(ids, " ")
}

func (s *sim) scale(to int) {
	s.t.Helper()
	s.patched(tree.Members{{"sku", tree.Members{{"capacity", to}}}})
}

// docs/azure.md §2.1: 20 to 15 to 18 gives the new ids 20, 21 and 22, and lists go by number, not by letter.
func TestIDsAreNotReused(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(20)
	s.scale(15)
	s.scale(18)
	mustEqual(t, "ids", s.ids(), "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 20 21 22")
}

// docs/azure.md §2.1: each rule of scale-in, over zones and fault domains; the protected are skipped.
func TestScaleInRules(t *testing.T) {
	two := []string{"1", "2"}
	for name, tc := range map[string]struct {
		rule    string
		zones   []string
		from    int
		grow    bool // by one instance more, an hour later
		gone    []string
		protect string
		to      int
		stay    string
	}{
		"default takes the highest":             {"Default", nil, 5, false, nil, "", 3, "0 1 2"},
		"default empties the full fault domain": {"Default", nil, 8, false, []string{"1", "2"}, "", 4, "0 3 4 6"},
		"default balances zones":                {"Default", two, 5, false, []string{"4"}, "", 3, "0 1 2"},
		"the fullest zone goes first":           {"Default", two, 6, false, []string{"1", "3"}, "", 3, "0 2 5"},
		"then they are even":                    {"Default", two, 6, false, []string{"1", "3"}, "", 1, "0"},
		"oldest":                                {"OldestVM", nil, 3, true, nil, "", 2, "2 3"},
		"newest":                                {"NewestVM", nil, 3, true, nil, "", 2, "0 1"},
		"newest, zones first":                   {"NewestVM", two, 4, true, []string{"2"}, "", 3, "0 1 3"},
		"protected":                             {"Default", nil, 3, false, nil, "2", 2, "0 2"},
		"oldest is protected":                   {"OldestVM", nil, 3, false, nil, "0", 2, "0 2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Options{})
			s.stage(tc.from, tree.Member{"zones", tc.zones})
			s.patched(tree.Members{{"properties", tree.Members{{"scaleInPolicy", tree.Members{{"rules", []string{tc.rule}}}}}}})
			if tc.gone != nil {
				s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/delete", tree.Members{{"instanceIds", tc.gone}})), operations.Succeeded)
			}
			if tc.grow {
				s.clock.Advance(time.Hour)
				s.scale(len(s.vms("")) + 1)
			}
			if tc.protect != "" {
				s.protect(tc.protect)
			}
			s.scale(tc.to)
			mustEqual(t, "stay", s.ids(), tc.stay)
		})
	}
}

// docs/azure.md §2.1: scale-in first takes the instances that scale-out made, so canaries born by it go, and upgraded ones stay.
func TestScaleInTakesWhatScaleOutMade(t *testing.T) {
	s := withImages(t, Options{}, 3)
	s.patched(script("y"))
	s.want(s.finish(s.upgrade("0")), operations.Succeeded)
	s.scale(5)
	mustEqual(t, "after scale-out", text(s.latest()), "map[0:true 1:false 2:false 3:true 4:true]")
	s.scale(3)
	mustEqual(t, "after scale-in", text(s.latest()), "map[0:true 1:false 2:false]")
}

// docs/azure.md §2.6: an instance that is off is not started by scaling, and may be deleted by it.
func TestScaleInTakesWhoIsOff(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(3)
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/deallocate", tree.Members{{"instanceIds", []string{"1", "2"}}})),
		operations.Succeeded)
	s.scale(2)
	mustEqual(t, "ids", s.ids(), "0 1")
	mustEqual(t, "power", s.seen()["1"].Power, "deallocated")
}

// overprovisioned is a set of n, during its creation, for which Azure makes more instances than it should have.
func overprovisioned(t *testing.T, seed int64, n int, more ...tree.Member) (*sim, reply) {
	t.Helper()
	s := newSim(t, Options{Seed: seed})
	body := script("x")
	properties := append(tree.Members{
		{"overprovision", true}, {"upgradePolicy", tree.Members{{"mode", "Manual"}}},
		{"virtualMachineProfile", tree.Members{
			{"osProfile", tree.Members{{"computerNamePrefix", "web"}, {"adminUsername", "u"}}},
			{"storageProfile",
				tree.Members{{"imageReference", tree.Members{{"publisher", "Canonical"}, {"offer", "U"}, {"sku", "18"}, {"version", "latest"}}}}},
			{"extensionProfile", tree.At(mustObject(t, body), "properties", "virtualMachineProfile", "extensionProfile")},
		}},
	}, more...)
	return s, s.do(http.StatusCreated, "PUT", testSet, tree.Members{
		{"location", "westus"}, {"sku", tree.Members{{"name", "Standard_B2s"}, {"capacity", n}}}, {"properties", properties},
	})
}

func mustObject(t *testing.T, body tree.Members) tree.Object {
	t.Helper()
	o, err := tree.ParseObject(tree.ToCompactJSON(body))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// docs/azure.md §2.1: surplus instances are charged and not listed, one listed is Updating for a while after the creation has ended, and
// ids are not contiguous.
func TestOverprovisioning(t *testing.T) {
	for n, charge := range map[int]string{2: "4", 5: "8"} {
		s, op := overprovisioned(t, 3, n)
		s.want(s.finish(op), operations.Succeeded)
		r := s.do(http.StatusOK, "GET", testSet+"/virtualMachines", nil)
		mustEqual(t, "charge", r.header.Get("X-Ms-Request-Charge"), charge)
		mustEqual(t, "listed", len(listOf(r.body)), n)
		states := map[string]int{}
		for _, vm := range listOf(r.body) {
			states[tree.StringAt(vm, "properties", "provisioningState")]++
		}
		mustEqual(t, "states", text(states), text(map[string]int{"Updating": 1, "Succeeded": n - 1}))
		ids := s.ids()
		s.clock.Advance(2 * time.Minute)
		r = s.do(http.StatusOK, "GET", testSet+"/virtualMachines", nil)
		mustEqual(t, "charge later", r.header.Get("X-Ms-Request-Charge"), strconv.Itoa(n))
		mustEqual(t, "state later", strings.Contains(r.text, `"Updating"`), false)
		mustEqual(t, "ids later", s.ids(), ids)
		s.faults(tree.Members{{"operation", "VMs.List"}, {"kind", "listLags"}, {"seconds", 100}})
		mustEqual(t, "ids in a list that lags", s.ids(), ids)
	}
}

// docs/azure.md §2.1: with overprovisioning ids have gaps, under some seed.
func TestOverprovisioningLeavesGaps(t *testing.T) {
	gaps := false
	for seed := range int64(10) {
		s, op := overprovisioned(t, seed, 3)
		s.want(s.finish(op), operations.Succeeded)
		ids := strings.Fields(s.ids())
		numbers := make([]int, 0, len(ids))
		for _, id := range ids {
			n, err := strconv.Atoi(id)
			if err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, n)
		}
		mustEqual(t, "in the order of numbers", slices.IsSorted(numbers), true)
		gaps = gaps || numbers[2] != 2
	}
	mustEqual(t, "gaps", gaps, true)
}

// docs/azure.md §2.1: with doNotRunExtensionsOnOverprovisionedVMs scripts run only on instances that stay.
func TestExtensionsOfSurplus(t *testing.T) {
	for spared, runs := range map[bool]int{false: 1, true: 0} {
		s, op := overprovisioned(t, 3, 2, tree.Member{"doNotRunExtensionsOnOverprovisionedVMs", spared})
		s.want(s.finish(op), operations.Succeeded)
		s.clock.Advance(time.Hour)
		surplus := 0
		for id, seen := range s.seen() {
			if seen.Surplus {
				surplus++
				mustEqual(t, "deleted "+id, seen.Deleted, true)
				mustEqual(t, "runs of "+id, seen.ScriptRuns, runs)
			} else {
				mustEqual(t, "runs of "+id, seen.ScriptRuns, 1)
			}
		}
		mustEqual(t, "surplus", surplus, 2)
	}
}

// An instance that is only shown as Updating can be upgraded, and does not stay in that state.
func TestUpgradeOfUnsettled(t *testing.T) {
	s, op := overprovisioned(t, 3, 2)
	s.want(s.finish(op), operations.Succeeded)
	s.patched(script("y"))
	s.faults(tree.Members{{"operation", "UpdateInstances"}, {"kind", "notApplied"}})
	s.want(s.finish(s.upgrade("*")), operations.Succeeded)
	s.clock.Advance(time.Hour)
	for _, vm := range s.vms("") {
		mustEqual(t, "state", tree.StringAt(vm, "properties", "provisioningState"), "Succeeded")
	}
}

// docs/azure.md §2.8: a quota refuses with 409 OperationNotAllowed, which is no conflict.
func TestQuota(t *testing.T) {
	s := newSim(t, Options{Switches: kernel.Switches{CoresQuota: 6}})
	s.stage(2)
	r := s.do(http.StatusConflict, "PATCH", testSet, tree.Members{{"sku", tree.Members{{"capacity", 4}}}})
	mustEqual(t, "code", r.code(), "OperationNotAllowed")
	if !strings.HasPrefix(tree.StringAt(r.body, "error", "message"),
		"Operation could not be completed as it results in exceeding approved Total Regional Cores quota") {
		t.Fatal(r.text)
	}
	mustEqual(t, "instances", s.ids(), "0 1")
	s.scale(3)
	other := newSet(1)
	other[0] = tree.Member{"location", "eastus"}
	s.do(http.StatusConflict, "PUT", testSet+"2", other)
	s.do(http.StatusCreated, "PUT", testSet+"2", newSet(3)) // in another region
	s.control("PUT", "/switches", tree.Members{{"coresQuota", 1}})
	s.scale(2)
}

// docs/azure.md §2.6: 1000 instances, 600 of a managed image, 100 in a placement group where there is to be one only; a set over zones has
// one in each.
func TestMaxInstances(t *testing.T) {
	const managed = testGroup + "/providers/Microsoft.Compute/images/v1"
	const shared = testGroup + "/providers/Microsoft.Compute/galleries/g/images/v1/versions/1.0.0"
	for name, tc := range map[string]struct {
		staged []tree.Member
		single bool
		most   int
	}{
		"large":                  {nil, false, 1000},
		"of a managed image":     {[]tree.Member{{"image", managed}}, false, 600},
		"of a gallery":           {[]tree.Member{{"image", shared}}, false, 1000},
		"in one group":           {nil, true, 100},
		"in one group, by zones": {[]tree.Member{{"zones", []string{"1", "2", "3"}}}, true, 300},
		"flexible":               {[]tree.Member{{"orchestration", vmprofile.Flexible}}, false, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Options{})
			s.control("PUT", "/images", tree.Members{{"id", managed}})
			s.control("PUT", "/images", tree.Members{{"id", shared}})
			s.stage(1, tc.staged...)
			if !tc.single {
				s.patched(tree.Members{{"properties", tree.Members{{"singlePlacementGroup", false}}}})
			}
			r := s.do(http.StatusConflict, "PATCH", testSet, tree.Members{{"sku", tree.Members{{"capacity", tc.most + 1}}}})
			mustEqual(t, "code", r.code(), "OperationNotAllowed")
			mustEqual(t, "message", tree.StringAt(r.body, "error", "message"),
				"Unable to create or update Virtual Machine Scale Set 'web' as it exceeds "+
					"the total limit of '"+strconv.Itoa(tc.most)+"' Virtual Machine instances.")
			s.patch(tree.Members{{"sku", tree.Members{{"capacity", tc.most}}}})
		})
	}
	s := newSim(t, Options{})
	s.do(http.StatusConflict, "PUT", testSet, newSet(101))
	status, text := s.tryControl("PUT", "/scalesets", tree.Members{{"scaleSet", testSet}, {"capacity", 1001}})
	mustEqual(t, text, status, http.StatusBadRequest)
	s.stage(1000)
}

// docs/azure.md §2.6: instances are spread over zones, and over five fault domains in each; of update domains there are five, too.
func TestPlacement(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(15, tree.Member{"zones", []string{"1", "2", "3"}})
	places, updates := map[string]int{}, map[string]bool{}
	for _, vm := range s.vms("?$expand=instanceView") {
		view := tree.ObjectAt(vm, "properties", "instanceView")
		places[text(tree.ArrayAt(vm, "zones"))+text(tree.At(view, "platformFaultDomain"))]++
		updates[text(tree.At(view, "platformUpdateDomain"))] = true
	}
	mustEqual(t, "zones and fault domains", len(places), 15)
	mustEqual(t, "update domains", len(updates), 5)
}

// docs/azure.md §1.3, §2.6, §2.8: properties that are set at creation only cannot be changed.
func TestPropertyChangeNotAllowed(t *testing.T) {
	for property, value := range map[string]any{
		"orchestrationMode": "Flexible", "platformFaultDomainCount": 2, "singlePlacementGroup": true,
	} {
		t.Run(property, func(t *testing.T) {
			s := newSim(t, Options{})
			s.stage(1)
			s.patched(tree.Members{{"properties", tree.Members{{"singlePlacementGroup", false}}}})
			r := s.do(http.StatusConflict, "PATCH", testSet, tree.Members{{"properties", tree.Members{{property, value}}}})
			mustEqual(t, "code", r.code(), "PropertyChangeNotAllowed")
			mustEqual(t, "message", tree.StringAt(r.body, "error", "message"), "Changing property '"+property+"' is not allowed.")
		})
	}
}
