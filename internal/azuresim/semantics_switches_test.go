package azuresim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Switches are set and shown over the control endpoint; a value that is not a choice is refused and changes nothing.
func TestSwitches(t *testing.T) {
	s := newSim(t, Options{Switches: kernel.Switches{IDCase: "upper"}})
	s.control("PUT", "/switches", tree.Members{{"pageLinks", "plain"}, {"coresQuota", 7}})
	var got kernel.Switches
	if err := json.Unmarshal([]byte(s.control("GET", "/switches", nil)), &got); err != nil {
		t.Fatal(err)
	}
	want, err := kernel.Switches{PageLinks: "plain", CoresQuota: 7}.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, "switches", got, want)
	mustEqual(t, "not named", got.IDCase, "seed")
	for _, bad := range []string{`{"pageLinks":"no"}`, `{"none":1}`, `{"coresQuota":-1}`, `[]`} {
		status, text := s.tryControl("PUT", "/switches", tree.RawJSON(bad))
		mustEqual(t, bad+": "+text, status, http.StatusBadRequest)
	}
	mustEqual(t, "after refusals", s.server.kernel.Switches, want)
}

// A wrong switch in a program is a mistake in it.
func TestWrongSwitchPanics(t *testing.T) {
	defer func() {
		if problem, isText := recover().(string); !isText || !strings.Contains(problem, `pageLinks stands at "no"`) {
			t.Fatal(problem)
		}
	}()
	New(Options{Switches: kernel.Switches{PageLinks: "no"}})
}

// docs/azure.md §2.1: whether a model that comes back makes instances current again that still have it.
func TestSameModel(t *testing.T) {
	for choice, latest := range map[kernel.Choice]bool{"version": false, "content": true} {
		s := withImages(t, Options{Switches: kernel.Switches{SameModel: choice}}, 1)
		s.patched(script("y"))
		s.patched(script("x", tree.Member{"autoUpgradeMinorVersion", true}))
		mustEqual(t, string(choice), s.latest()["0"], latest)
	}
}

// docs/azure.md §7.6: a PATCH with some of the extensions replaces the list, or merges with it.
func TestExtensionsPatch(t *testing.T) {
	for choice, names := range map[kernel.Choice]string{"replace": "other", "merge": "CustomScript other"} {
		s := withImages(t, Options{Switches: kernel.Switches{ExtensionsPatch: choice}}, 1)
		s.patched(profile(tree.Member{"extensionProfile", tree.Members{{"extensions", []tree.Members{
			{{"name", "other"}, {"properties", tree.Members{{"publisher", "p"}, {"type", "t"}}}},
		}}}}))
		var got []string
		for _, e := range tree.ArrayAt(s.do(http.StatusOK, "GET", testSet, nil).body, "properties", "virtualMachineProfile", "extensionProfile",
			"extensions") {
			got = append(got, tree.StringAt(e, "name"))
		}
		mustEqual(t, string(choice), strings.Join(got, " "), names)
		s.patched(script("z"))
		settings := tree.At(s.server.compute.Sets[strings.ToLower(testSet)].Model.Extension("CustomScript").Properties, "settings",
			"commandToExecute")
		mustEqual(t, "of the same name", text(settings), "z")
	}
}

// docs/azure.md §7.6: protected settings cannot be read, so a read followed by a write may lose them.
func TestUnsentSecrets(t *testing.T) {
	for choice, latest := range map[kernel.Choice]bool{"keep": true, "lose": false} {
		s := newSim(t, Options{Switches: kernel.Switches{UnsentSecrets: choice}})
		s.stage(1)
		s.patched(script("x", tree.Member{"protectedSettings", tree.Members{{"key", "hush"}}}))
		s.want(s.finish(s.upgrade("0")), operations.Succeeded)
		s.patched(tree.Members{{"tags", tree.Members{{"a", "b"}}}}) // which leaves extensions out
		mustEqual(t, "after another write", s.latest()["0"], true)
		s.want(s.finish(s.do(http.StatusOK, "PUT", testSet, s.do(http.StatusOK, "GET", testSet, nil).body)), operations.Succeeded)
		mustEqual(t, string(choice), s.latest()["0"], latest)
	}
}

// docs/azure.md §1.2, §2.2: a reimage takes the newest version of an image that is "latest", or the one that was there.
func TestReimageVersion(t *testing.T) {
	for choice, version := range map[kernel.Choice]string{"newest": "22.04.2", "existing": "22.04.202601010"} {
		s := newSim(t, Options{Switches: kernel.Switches{ReimageVersion: choice}})
		s.stage(1, tree.Member{"marketplace", "Canonical:Ubuntu:22_04:latest"})
		s.control("PUT", "/images", tree.Members{{"marketplace", "Canonical:Ubuntu:22_04"}, {"version", "22.04.2"}})
		before := diskOf(s.vm("0"))
		s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/reimage", nil)), operations.Succeeded)
		vm := s.vm("0")
		mustEqual(t, string(choice), tree.StringAt(vm, "properties", "storageProfile", "imageReference", "exactVersion"), version)
		mustEqual(t, "same disk", diskOf(vm) == before, false)
	}
}

// docs/azure.md §6: the charge of a list with $filter counts the instances that it shows, or all that it looked at.
func TestFilterCharge(t *testing.T) {
	for choice, charge := range map[kernel.Choice]string{"shown": "1", "scanned": "3"} {
		s := withImages(t, Options{Switches: kernel.Switches{FilterCharge: choice}}, 3)
		s.patched(script("y"))
		s.want(s.finish(s.upgrade("1")), operations.Succeeded)
		r := s.do(http.StatusOK, "GET", testSet+"/virtualMachines?$filter=properties/latestModelApplied%20eq%20true", nil)
		mustEqual(t, "listed", len(listOf(r.body)), 1)
		mustEqual(t, string(choice), r.header.Get("X-Ms-Request-Charge"), charge)
	}
}

// docs/azure.md §6: the only filters that there are.
func TestFilters(t *testing.T) {
	s := withImages(t, Options{}, 3)
	s.patched(script("y"))
	s.want(s.finish(s.upgrade("1")), operations.Succeeded)
	for filter, ids := range map[string]string{
		"properties/latestModelApplied eq true":                        "1",
		"properties/latestModelApplied eq false":                       "0 2",
		"startswith(instanceView/statuses/code, 'PowerState') eq true": "0 1 2",
	} {
		var got []string
		for _, vm := range s.vms("?$filter=" + strings.ReplaceAll(filter, " ", "%20")) {
			got = append(got, tree.StringAt(vm, "instanceId"))
		}
		mustEqual(t, filter, strings.Join(got, " "), ids)
	}
	s.do(http.StatusBadRequest, "GET", testSet+"/virtualMachines?$filter=instanceId%20eq%20'1'", nil)
}

// docs/azure.md §4: the six digits of a computer name.
func TestComputerNames(t *testing.T) {
	for choice, name := range map[kernel.Choice]string{"base36": "web00000A", "decimal": "web000010"} {
		s := newSim(t, Options{Switches: kernel.Switches{ComputerName: choice}})
		s.stage(11)
		mustEqual(t, string(choice), tree.StringAt(s.vm("10"), "properties", "osProfile", "computerName"), name)
	}
}

// docs/azure.md §1.2: ids of instances may come back with the group in capitals.
func TestIDCase(t *testing.T) {
	for choice, group := range map[kernel.Choice]string{"keep": "/resourceGroups/rg/", "upper": "/resourceGroups/RG/"} {
		for seed := range int64(8) {
			s := newSim(t, Options{Seed: seed, Switches: kernel.Switches{IDCase: choice}})
			s.stage(1)
			id := tree.StringAt(s.vms("")[0], "id")
			mustEqual(t, id, strings.Contains(id, group), true)
			s.do(http.StatusOK, "GET", id, nil)
		}
	}
}

// docs/azure.md §2.7, §7.3: how a Flexible set treats a filter on latestModelApplied.
func TestFlexibleFilter(t *testing.T) {
	const filter = "?$filter=properties/latestModelApplied%20eq%20false"
	for choice, filtered := range map[kernel.Choice]int{"apply": 1, "ignore": 2, "refuse": -1} {
		t.Run(string(choice), func(t *testing.T) {
			s, names := flexibleSet(t, Options{Switches: kernel.Switches{FlexibleFilter: choice}}, 2)
			s.patched(profile(tree.Member{"licenseType", "x"}))
			s.want(s.finish(s.upgrade(names[0])), operations.Succeeded)
			if filtered < 0 {
				s.do(http.StatusBadRequest, "GET", testSet+"/virtualMachines"+filter, nil)
				return
			}
			mustEqual(t, "filtered", len(s.vms(filter)), filtered)
		})
	}
}

// docs/azure.md §8: the list of a Flexible set shows these members of an instance and no other, whatever is asked for
// (azure-cli-2025-02__test_vmss_linux_patch_mode:18).
func TestFlexibleList(t *testing.T) {
	for zones, shown := range map[string][]any{"": {nil}, "2": {"2"}} {
		s := newSim(t, Options{})
		more := []tree.Member{{"orchestration", "flexible"}}
		if zones != "" {
			more = append(more, tree.Member{"zones", []string{zones}})
		}
		s.stage(1, more...)
		for _, query := range []string{"", "?$expand=instanceView", "?$select=instanceView&$expand=instanceView"} {
			vm := s.vms(query)[0]
			mustEqual(t, "members", strings.Join(slices.Sorted(maps.Keys(vm)), " "), "id instanceId location name type zones")
			mustEqual(t, "zone", tree.ArrayAt(vm, "zones")[0], shown[0])
		}
	}
}

// docs/azure.md §2.7: instances of a Flexible set are listed as virtual machines, 50 a page, with the view only under the filter.
func TestFlexibleInstances(t *testing.T) {
	s, names := flexibleSet(t, Options{}, 60)
	sub, _, _ := strings.Cut(testSet, "/resourceGroups")
	all := sub + "/providers/Microsoft.Compute/virtualMachines"
	next := all + "?$filter='virtualMachineScaleSet/id'%20eq%20'" + testSet + "'&$expand=instanceView"
	var got []string
	for pages := 0; next != ""; pages++ {
		r := s.do(http.StatusOK, "GET", next, nil)
		for _, vm := range listOf(r.body) {
			got = append(got, tree.StringAt(vm, "name"))
			mustEqual(t, "set", tree.StringAt(vm, "properties", "virtualMachineScaleSet", "id"), testSet)
			mustEqual(t, "health", tree.StringAt(vm, "properties", "instanceView", "vmHealth", "status", "code"), "HealthState/healthy")
		}
		next = tree.StringAt(r.body, "nextLink")
		mustEqual(t, "more", next != "", pages == 0)
	}
	mustEqual(t, "names", strings.Join(got, " "), strings.Join(names, " "))
	mustEqual(t, "of all sets", len(listOf(s.do(http.StatusOK, "GET", all, nil).body)), 50)
	for _, query := range []string{"?$expand=instanceView", "?$filter=name%20eq%20'x'", "?$skiptoken=x"} {
		s.do(http.StatusBadRequest, "GET", all+query, nil)
	}
}
