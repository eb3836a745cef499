package azuresim

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// testMachines is where the virtual machines of the resource group are.
const testMachines = testGroup + "/providers/Microsoft.Compute/virtualMachines"

// ofTestSet asks for the virtual machines of the scale set with their views.
const ofTestSet = "?$filter='virtualMachineScaleSet/id'%20eq%20'" + testSet + "'&$expand=instanceView"

// tags returns the tag of each virtual machine of the set with the time of its profile.
func (s *sim) tags() map[string]any {
	s.t.Helper()
	tags := map[string]any{}
	for _, vm := range listOf(s.do(http.StatusOK, "GET", testMachines+ofTestSet, nil).body) {
		tags[tree.StringAt(vm, "name")] = tree.At(vm, "tags", "VirtualMachineProfileTimeCreated")
	}
	return tags
}

// profiled returns the time of the set's profile as a tag has it.
func (s *sim) profiled() any {
	s.t.Helper()
	text := tree.StringAt(s.do(http.StatusOK, "GET", testSet, nil).body, "properties", "virtualMachineProfile", "timeCreated")
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		s.t.Fatal(err)
	}
	return at.UTC().Format("1/2/2006 3:04:05 PM -07:00")
}

// docs/azure.md §8: the profile's time moves with the profile alone (azure-cli-2025-02__test_vmss_linux_patch_mode:3-12).
func TestProfileTime(t *testing.T) {
	for _, orchestration := range []string{"Uniform", "Flexible"} {
		s := newSim(t, Options{})
		s.stage(1, tree.Member{"orchestration", orchestration})
		before := s.profiled()
		s.clock.Advance(time.Minute)
		s.patched(tree.Members{{"sku", tree.Members{{"capacity", 2}}}})
		s.patched(tree.Members{{"properties", tree.Members{{"upgradePolicy", tree.Members{{"mode", "Manual"}}}}}})
		mustEqual(t, "after other writes", s.profiled(), before)
		// azure-cli-2025-02__test_vmss_update_image:23: virtual machines have the tags, too.
		s.patched(tree.Members{{"tags", tree.Members{{"a", "b"}}}})
		mustEqual(t, orchestration+": moved by tags", s.profiled() != before, orchestration == "Flexible")
		before = s.profiled()
		s.clock.Advance(time.Minute)
		s.patched(profile(tree.Member{"licenseType", "x"}))
		mustEqual(t, "moved", s.profiled() != before, true)
	}
}

// docs/azure.md §8: each virtual machine is tagged with the time of the profile that it was made from
// (azure-cli-2025-02__test_vmss_linux_patch_mode:12,19). What else moves the tag is a switch (docs/azure.md §7.3).
func TestVirtualMachineTags(t *testing.T) {
	for name, tc := range map[string]struct {
		switches           kernel.Switches
		written, up, image bool // whether the tag is that of the latest profile after the write, the upgrade, the reimage
	}{
		"upgrades":  {kernel.Switches{}, false, true, false},
		"reimages":  {kernel.Switches{FlexibleReimageTag: "move"}, false, true, true},
		"nothing":   {kernel.Switches{FlexibleTag: "never"}, false, false, false},
		"the write": {kernel.Switches{FlexibleTag: "write"}, true, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, names := flexibleSet(t, Options{Switches: tc.switches}, 3)
			mustEqual(t, "made", s.tags()[names[0]], s.profiled())
			s.clock.Advance(time.Minute)
			s.patched(profile(tree.Member{"licenseType", "x"}))
			s.want(s.finish(s.upgrade(names[1])), operations.Succeeded)
			s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/reimage", tree.Members{{"instanceIds", []string{names[2]}}})),
				operations.Succeeded)
			for i, latest := range []bool{tc.written, tc.up, tc.image} {
				mustEqual(t, names[i], s.tags()[names[i]] == s.profiled(), latest)
			}
			s.control("POST", "/scale", tree.Members{{"scaleSet", testSet}, {"capacity", 4}})
			s.clock.Advance(time.Hour)
			mustEqual(t, "new ones", len(s.tags()), 4)
			latest := 0
			for _, tag := range s.tags() {
				if tag == s.profiled() {
					latest++
				}
			}
			mustEqual(t, "latest after scaling out", latest > 0, true)
		})
	}
}

// docs/azure.md §8: a virtual machine is a resource with the members that were recorded (azure-cli-2025-02__test_vmss_linux_patch_mode:19,
// azure-cli-2025-02__test_vmss_simple_orchestration_mode:10), and has extensions, a view, actions and an end of its own.
func TestVirtualMachineResource(t *testing.T) {
	s, names := flexibleSet(t, Options{}, 3)
	path := testMachines + "/" + names[0]
	plain := s.do(http.StatusOK, "GET", path, nil)
	for _, member := range []string{"hardwareProfile", "provisioningState", "vmId", "virtualMachineScaleSet", "storageProfile", "osProfile",
		"networkProfile", "timeCreated"} {
		mustEqual(t, member, tree.At(plain.body, "properties", member) != nil, true)
	}
	mustEqual(t, "view", tree.At(plain.body, "properties", "instanceView"), nil)
	mustEqual(t, "resources", len(tree.ArrayAt(plain.body, "resources")), 1)
	expanded := s.do(http.StatusOK, "GET", path+"?$expand=instanceView", nil)
	mustEqual(t, "health", tree.StringAt(expanded.body, "properties", "instanceView", "vmHealth", "status", "code"), "HealthState/healthy")
	s.do(http.StatusOK, "GET", path+"/instanceView", nil)
	list := listOf(s.do(http.StatusOK, "GET", path+"/extensions", nil).body)
	mustEqual(t, "extensions", len(list), 1)
	s.do(http.StatusOK, "GET", path+"/extensions/"+tree.StringAt(list[0], "name"), nil)
	s.do(http.StatusNotFound, "GET", path+"/extensions/none", nil)
	s.do(http.StatusNotFound, "GET", testMachines+"/none", nil)
	s.want(s.finish(s.do(http.StatusAccepted, "POST", path+"/powerOff", nil)), operations.Succeeded)
	mustEqual(t, "power", s.seen()[names[0]].Power, "stopped")
	s.want(s.finish(s.do(http.StatusAccepted, "DELETE", path, nil)), operations.Succeeded)
	mustEqual(t, "left", len(s.tags()), 2)
}

// The list of virtual machines lags, omits and shows old health as a scale set's own list does.
func TestVirtualMachineListFaults(t *testing.T) {
	s, names := flexibleSet(t, Options{}, 2)
	list := func() (got []string) {
		for _, vm := range listOf(s.do(http.StatusOK, "GET", testMachines+ofTestSet, nil).body) {
			got = append(got, tree.StringAt(vm, "name")+" "+tree.StringAt(vm, "properties", "provisioningState"))
		}
		return got
	}
	listed := tree.Members{{"operation", "VirtualMachines.List"}, {"scaleSet", testSet}}
	s.faults(append(listed, tree.Member{"kind", "listOmits"}, tree.Member{"instances", []string{names[1]}}))
	mustEqual(t, "omitted", strings.Join(list(), " "), names[0]+" Succeeded")
	s.clock.Advance(time.Minute)
	s.do(http.StatusAccepted, "POST", testSet+"/restart", tree.Members{{"instanceIds", []string{names[0]}}})
	s.faults(append(listed, tree.Member{"kind", "listLags"}, tree.Member{"seconds", 30}))
	mustEqual(t, "lagging", list()[0], names[0]+" Succeeded")
	s.faults()
	mustEqual(t, "at once", list()[0], names[0]+" Updating")
	s.control("PUT", "/switches", tree.Members{{"flexibleResources", "hide"}})
	mustEqual(t, "resources", tree.At(listOf(s.do(http.StatusOK, "GET", testMachines+ofTestSet, nil).body)[0], "resources"), nil)
}

// docs/azure.md §2.7: a virtual machine that is attached to a set has no tag of a profile, is in every list, counts in the capacity, and is
// not upgraded.
func TestAttachedVirtualMachine(t *testing.T) {
	s, names := flexibleSet(t, Options{}, 2)
	s.control("POST", "/attach", tree.Members{{"scaleSet", testSet}, {"name", "legacy"}})
	tag, listed := s.tags()["legacy"]
	if !listed || tag != nil {
		t.Fatalf("listed %v, tag %v", listed, tag)
	}
	mustEqual(t, "in the set's list", slices.ContainsFunc(s.vms(""), func(vm tree.Object) bool {
		return tree.StringAt(vm, "instanceId") == "legacy"
	}), true)
	capacity, _ := tree.IntAt(s.do(http.StatusOK, "GET", testSet, nil).body, "sku", "capacity")
	mustEqual(t, "capacity", capacity, 3)
	s.patched(profile(tree.Member{"licenseType", "x"}))
	s.do(http.StatusConflict, "POST", testSet+"/manualupgrade", tree.Members{{"instanceIds", []string{names[0], "legacy"}}})
	for _, body := range []tree.Members{{{"scaleSet", testSet}, {"name", "legacy"}}, {{"scaleSet", testSet}}} {
		status, _ := s.tryControl("POST", "/attach", body)
		mustEqual(t, "status", status, http.StatusBadRequest)
	}
}
