package azuresim

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// flexibleSet stages a Flexible set, and returns the names of its instances in the order of the list.
func flexibleSet(t *testing.T, o Options, capacity int) (*sim, []string) {
	t.Helper()
	s := newSim(t, o)
	s.stage(capacity, tree.Member{"orchestration", "flexible"}, tree.Member{"health", "extension"})
	var names []string
	for _, vm := range s.vms("") {
		names = append(names, tree.StringAt(vm, "instanceId"))
	}
	return s, names
}

// The name of an instance consists of the set's name and eight random digits, the same ones for the same seed (docs/azure.md §2.7).
func TestFlexibleNames(t *testing.T) {
	s, names := flexibleSet(t, Options{Seed: 7}, 3)
	_, again := flexibleSet(t, Options{Seed: 7}, 3)
	mustEqual(t, "names", strings.Join(names, " "), strings.Join(again, " "))
	for i, vm := range s.vms("?$expand=instanceView") {
		if !regexp.MustCompile(`^web_[0-9a-f]{8}$`).MatchString(names[i]) {
			t.Fatalf("odd name %q", names[i])
		}
		mustEqual(t, "name", tree.StringAt(vm, "name"), names[i])
		one := s.vm(names[i])
		mustEqual(t, "virtual machine", tree.StringAt(one, "properties", "virtualMachineResourceId"), testMachines+"/"+names[i])
		mustEqual(t, "latest", tree.At(one, "properties", "latestModelApplied"), nil)
		view := s.do(http.StatusOK, "GET", testMachines+"/"+names[i]+"/instanceView", nil).body
		mustEqual(t, "update domain", tree.At(view, "platformUpdateDomain"), nil)
		mustEqual(t, "path", tree.StringAt(s.do(http.StatusOK, "GET", testSet+"/virtualMachines/"+strings.ToUpper(names[i]), nil).body, "name"),
			names[i])
	}
	s.version = "2025-04-01"
	mustEqual(t, "virtual machine in old versions", tree.At(s.vm(names[0]), "properties", "virtualMachineResourceId"), nil)
}

func TestFlexibleActions(t *testing.T) {
	s, names := flexibleSet(t, Options{}, 3)
	s.patched(tree.Members{{"properties", tree.Members{{"virtualMachineProfile", tree.Members{{"licenseType", "x"}}}}}})
	s.want(s.finish(s.upgrade(strings.ToUpper(names[1]))), operations.Succeeded)
	for name, seen := range s.seen() {
		mustEqual(t, name, seen.Latest, name == names[1])
	}
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/reimage", tree.Members{{"instanceIds", []string{names[2]}}})),
		operations.Succeeded)
	mustEqual(t, "reimages", s.seen()[names[2]].Reimages, 1)
	for _, missing := range []string{"web_00000000", "0"} {
		r := s.do(http.StatusBadRequest, "POST", testSet+"/manualupgrade", tree.Members{{"instanceIds", []string{names[0], missing}}})
		mustEqual(t, "code", r.code(), "InvalidParameter")
		mustEqual(t, "message", tree.StringAt(r.body, "error", "message"),
			"The provided instanceId "+missing+" is not an active Virtual Machine Scale Set VM instanceId.")
		s.do(http.StatusNotFound, "GET", testSet+"/virtualMachines/"+missing, nil)
	}
	r := s.do(http.StatusConflict, "GET", testSet+"/instanceView", nil)
	if !strings.HasPrefix(tree.StringAt(r.body, "error", "message"),
		"Operation 'VirtualMachineScaleSets.instanceView.GET' is not allowed on Virtual Machine Scale Set") {
		t.Fatal(r.text)
	}
}

// The control endpoint takes names, too.
func TestFlexibleControl(t *testing.T) {
	s, names := flexibleSet(t, Options{}, 2)
	s.sicken(names[0])
	mustEqual(t, "health", s.seen()[names[0]].Health, "unhealthy")
	s.faults(tree.Members{{"operation", "VMs.List"}, {"kind", "listOmits"}, {"instances", []string{names[1]}}})
	mustEqual(t, "listed", len(s.vms("")), 1)
	s.faults()
	s.control("POST", "/repair", tree.Members{{"scaleSet", testSet}, {"instance", names[0]}})
	s.control("POST", "/scale", tree.Members{{"scaleSet", testSet}, {"capacity", 4}})
	s.clock.Advance(10 * 60 * 1e9)
	mustEqual(t, "deleted", s.seen()[names[0]].Deleted, true)
	mustEqual(t, "instances", len(s.vms("")), 4)
}

// A set may be nothing but a group: neither size nor profile nor policy (docs/azure.md §2.7).
func TestFlexibleGroup(t *testing.T) {
	s := newSim(t, Options{})
	body := tree.Members{{"location", "westus"}, {"properties", tree.Members{{"orchestrationMode", "Flexible"}}}}
	s.want(s.finish(s.do(http.StatusCreated, "PUT", testSet, body)), operations.Succeeded)
	got := s.do(http.StatusOK, "GET", testSet, nil)
	for _, lacks := range []string{"sku", "virtualMachineProfile", "upgradePolicy", "overprovision"} {
		if strings.Contains(got.text, `"`+lacks+`"`) {
			t.Errorf("%s is shown: %s", lacks, got.text)
		}
	}
	mustEqual(t, "instances", len(s.vms("")), 0)
	again := s.do(http.StatusOK, "PUT", testSet, got.body)
	// Each write moves it (azure-cli-2025-02__test_vmss_update_vm_sku:10).
	mustEqual(t, "etag after writing back", tree.StringAt(again.body, "etag"), `"2"`)
	s.patched(tree.Members{{"tags", tree.Members{{"a", "b"}}}})
	s.do(http.StatusOK, "GET", testSet+"/skus", nil)
	s.do(http.StatusConflict, "PATCH", testSet, tree.Members{{"properties", tree.Members{{"orchestrationMode", "Uniform"}}}})
	s.do(http.StatusBadRequest, "PUT", testSet+"2", append(body, tree.Member{"sku", tree.Members{{"name", "Standard_B2s"}, {"capacity", 1}}}))
	s.do(http.StatusBadRequest, "PUT", testSet+"2",
		tree.Members{{"location", "westus"}, {"properties", tree.Members{{"orchestrationMode", "Odd"}}}})
	s.want(s.finish(s.do(http.StatusAccepted, "DELETE", testSet, nil)), operations.Succeeded)
}
