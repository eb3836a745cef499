package azuresim

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// Switches are set and shown over the control endpoint; what is no choice is refused and changes nothing.
func TestSwitches(t *testing.T) {
	s := newSim(t, Options{Switches: Switches{IDCase: "upper"}})
	s.control("PUT", "/switches", members{{"setEtag", "progress"}, {"coresQuota", 7}})
	var got Switches
	if err := json.Unmarshal([]byte(s.control("GET", "/switches", nil)), &got); err != nil {
		t.Fatal(err)
	}
	want, err := Switches{SetEtag: "progress", CoresQuota: 7}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, "switches", got, want)
	mustEqual(t, "not named", got.IDCase, "seed")
	for _, bad := range []string{`{"setEtag":"no"}`, `{"none":1}`, `{"coresQuota":-1}`, `[]`} {
		status, text := s.tryControl("PUT", "/switches", rawJSON(bad))
		mustEqual(t, bad+": "+text, status, http.StatusBadRequest)
	}
	mustEqual(t, "after refusals", s.server.switches, want)
}

// A wrong switch in a program is a mistake in it.
func TestWrongSwitchPanics(t *testing.T) {
	defer func() {
		if problem, isText := recover().(string); !isText || !strings.Contains(problem, `setEtag stands at "no"`) {
			t.Fatal(problem)
		}
	}()
	New(Options{Switches: Switches{SetEtag: "no"}})
}

// azure-facts §2.1: whether a model that comes back makes instances current again that still have it.
func TestSameModel(t *testing.T) {
	for choice, latest := range map[Choice]bool{"version": false, "content": true} {
		s := withImages(t, Options{Switches: Switches{SameModel: choice}}, 1)
		s.patched(script("y"))
		s.patched(script("x", member{"autoUpgradeMinorVersion", true}))
		mustEqual(t, string(choice), s.latest()["0"], latest)
	}
}

// azure-facts §6, §7.2: what moves the etags of a scale set and of its instances.
func TestWhatMovesEtags(t *testing.T) {
	for name, tc := range map[string]struct {
		switches                 Switches
		capacity, model, upgrade string // of the set, after each
		instance                 string // after the upgrade
	}{
		"writes":   {Switches{}, `"2"`, `"3"`, `"3"`, `"2"`},
		"model":    {Switches{SetEtag: "model"}, `"1"`, `"2"`, `"2"`, `"2"`},
		"progress": {Switches{SetEtag: "progress"}, `"3"`, `"4"`, `"6"`, `"2"`},
		"instance": {Switches{VMEtag: "progress"}, `"2"`, `"3"`, `"3"`, `"4"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := withImages(t, Options{}, 1)
			var err error
			if s.server.switches, err = tc.switches.withDefaults(); err != nil {
				t.Fatal(err)
			}
			etag := func() string { return stringAt(s.do(http.StatusOK, "GET", testSet, nil).body, "etag") }
			s.scale(2)
			mustEqual(t, "after scale-out", etag(), tc.capacity)
			s.patched(script("y"))
			mustEqual(t, "after a new model", etag(), tc.model)
			s.want(s.finish(s.upgrade("0")), statusSucceeded)
			mustEqual(t, "after an upgrade", etag(), tc.upgrade)
			mustEqual(t, "of the instance", stringAt(s.vm("0"), "etag"), tc.instance)
		})
	}
}

// azure-facts §7.6: a PATCH with some of the extensions replaces the list, or merges with it.
func TestExtensionsPatch(t *testing.T) {
	for choice, names := range map[Choice]string{"replace": "other", "merge": "CustomScript other"} {
		s := withImages(t, Options{Switches: Switches{ExtensionsPatch: choice}}, 1)
		s.patched(profile(member{"extensionProfile", members{{"extensions", []members{
			{{"name", "other"}, {"properties", members{{"publisher", "p"}, {"type", "t"}}}},
		}}}}))
		var got []string
		for _, e := range arrayAt(s.do(http.StatusOK, "GET", testSet, nil).body, "properties", "virtualMachineProfile", "extensionProfile", "extensions") {
			got = append(got, stringAt(e, "name"))
		}
		mustEqual(t, string(choice), strings.Join(got, " "), names)
		s.patched(script("z"))
		settings := at(s.server.compute.sets[strings.ToLower(testSet)].model.extension("CustomScript").properties, "settings", "commandToExecute")
		mustEqual(t, "of the same name", text(settings), "z")
	}
}

// azure-facts §7.6: protected settings cannot be read, so a read followed by a write may lose them.
func TestUnsentSecrets(t *testing.T) {
	for choice, latest := range map[Choice]bool{"keep": true, "lose": false} {
		s := newSim(t, Options{Switches: Switches{UnsentSecrets: choice}})
		s.stage(1)
		s.patched(script("x", member{"protectedSettings", members{{"key", "hush"}}}))
		s.want(s.finish(s.upgrade("0")), statusSucceeded)
		s.patched(members{{"tags", members{{"a", "b"}}}}) // which leaves extensions out
		mustEqual(t, "after another write", s.latest()["0"], true)
		s.want(s.finish(s.do(http.StatusOK, "PUT", testSet, s.do(http.StatusOK, "GET", testSet, nil).body)), statusSucceeded)
		mustEqual(t, string(choice), s.latest()["0"], latest)
	}
}

// azure-facts §1.2, §2.2: a reimage takes the newest version of an image that is "latest", or the one that was there.
func TestReimageVersion(t *testing.T) {
	for choice, version := range map[Choice]string{"newest": "22.04.2", "existing": "22.04.202601010"} {
		s := newSim(t, Options{Switches: Switches{ReimageVersion: choice}})
		s.stage(1, member{"marketplace", "Canonical:Ubuntu:22_04:latest"})
		s.control("PUT", "/images", members{{"marketplace", "Canonical:Ubuntu:22_04"}, {"version", "22.04.2"}})
		before := diskOf(s.vm("0"))
		s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/reimage", nil)), statusSucceeded)
		vm := s.vm("0")
		mustEqual(t, string(choice), stringAt(vm, "properties", "storageProfile", "imageReference", "exactVersion"), version)
		mustEqual(t, "same disk", diskOf(vm) == before, false)
	}
}

// azure-facts §6: a list with $filter costs what it shows, or what it looked at.
func TestFilterCharge(t *testing.T) {
	for choice, charge := range map[Choice]string{"shown": "1", "scanned": "3"} {
		s := withImages(t, Options{Switches: Switches{FilterCharge: choice}}, 3)
		s.patched(script("y"))
		s.want(s.finish(s.upgrade("1")), statusSucceeded)
		r := s.do(http.StatusOK, "GET", testSet+"/virtualMachines?$filter=properties/latestModelApplied%20eq%20true", nil)
		mustEqual(t, "listed", len(listOf(r.body)), 1)
		mustEqual(t, string(choice), r.header.Get("X-Ms-Request-Charge"), charge)
	}
}

// azure-facts §6: the only filters that there are.
func TestFilters(t *testing.T) {
	s := withImages(t, Options{}, 3)
	s.patched(script("y"))
	s.want(s.finish(s.upgrade("1")), statusSucceeded)
	for filter, ids := range map[string]string{
		"properties/latestModelApplied eq true":                        "1",
		"properties/latestModelApplied eq false":                       "0 2",
		"startswith(instanceView/statuses/code, 'PowerState') eq true": "0 1 2",
	} {
		var got []string
		for _, vm := range s.vms("?$filter=" + strings.ReplaceAll(filter, " ", "%20")) {
			got = append(got, stringAt(vm, "instanceId"))
		}
		mustEqual(t, filter, strings.Join(got, " "), ids)
	}
	s.do(http.StatusBadRequest, "GET", testSet+"/virtualMachines?$filter=instanceId%20eq%20'1'", nil)
}

// azure-facts §4: the six digits of a computer name.
func TestComputerNames(t *testing.T) {
	for choice, name := range map[Choice]string{"base36": "web00000A", "decimal": "web000010"} {
		s := newSim(t, Options{Switches: Switches{ComputerName: choice}})
		s.stage(11)
		mustEqual(t, string(choice), stringAt(s.vm("10"), "properties", "osProfile", "computerName"), name)
	}
}

// azure-facts §1.2: ids of instances may come back with the group in capitals.
func TestIDCase(t *testing.T) {
	for choice, group := range map[Choice]string{"keep": "/resourceGroups/rg/", "upper": "/resourceGroups/RG/"} {
		for seed := range int64(8) {
			s := newSim(t, Options{Seed: seed, Switches: Switches{IDCase: choice}})
			s.stage(1)
			id := stringAt(s.vms("")[0], "id")
			mustEqual(t, id, strings.Contains(id, group), true)
			s.do(http.StatusOK, "GET", id, nil)
		}
	}
}

// azure-facts §2.7, §7.3: what a Flexible set tells of latestModelApplied, and does with a filter on it.
func TestFlexibleLatest(t *testing.T) {
	const filter = "?$filter=properties/latestModelApplied%20eq%20false"
	for name, tc := range map[string]struct {
		switches Switches
		shown    any // of one that has the latest model
		filtered int // below zero: refused
	}{
		"as Uniform": {Switches{}, true, 1},
		"hidden":     {Switches{FlexibleLatest: "hide"}, nil, 1},
		"false":      {Switches{FlexibleLatest: "false"}, false, 1},
		"ignored":    {Switches{FlexibleFilter: "ignore"}, true, 2},
		"refused":    {Switches{FlexibleFilter: "refuse"}, true, -1},
	} {
		t.Run(name, func(t *testing.T) {
			s, names := flexibleSet(t, Options{Switches: tc.switches}, 2)
			s.patched(profile(member{"licenseType", "x"}))
			s.want(s.finish(s.upgrade(names[0])), statusSucceeded)
			mustEqual(t, "latestModelApplied", at(s.vm(names[0]), "properties", "latestModelApplied"), tc.shown)
			if tc.filtered < 0 {
				s.do(http.StatusBadRequest, "GET", testSet+"/virtualMachines"+filter, nil)
				return
			}
			mustEqual(t, "filtered", len(s.vms(filter)), tc.filtered)
		})
	}
}

// azure-facts §2.7: machines of a Flexible set are listed as virtual machines, 50 a page, with the view only under the filter.
func TestFlexibleMachines(t *testing.T) {
	s, names := flexibleSet(t, Options{}, 60)
	sub, _, _ := strings.Cut(testSet, "/resourceGroups")
	all := sub + "/providers/Microsoft.Compute/virtualMachines"
	next := all + "?$filter='virtualMachineScaleSet/id'%20eq%20'" + testSet + "'&$expand=instanceView"
	var got []string
	for pages := 0; next != ""; pages++ {
		r := s.do(http.StatusOK, "GET", next, nil)
		for _, vm := range listOf(r.body) {
			got = append(got, stringAt(vm, "name"))
			mustEqual(t, "set", stringAt(vm, "properties", "virtualMachineScaleSet", "id"), testSet)
			mustEqual(t, "health", stringAt(vm, "properties", "instanceView", "vmHealth", "status", "code"), "HealthState/healthy")
		}
		next = stringAt(r.body, "nextLink")
		mustEqual(t, "more", next != "", pages == 0)
	}
	mustEqual(t, "names", strings.Join(got, " "), strings.Join(names, " "))
	mustEqual(t, "of all sets", len(listOf(s.do(http.StatusOK, "GET", all, nil).body)), 50)
	for _, query := range []string{"?$expand=instanceView", "?$filter=name%20eq%20'x'", "?$skiptoken=x"} {
		s.do(http.StatusBadRequest, "GET", all+query, nil)
	}
}
