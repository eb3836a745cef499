package azuresim

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// newSet is the body that creates a scale set.
func newSet(capacity int) tree.Members {
	properties := tree.Members{
		{"overprovision", false},
		{"upgradePolicy", tree.Members{{"mode", "Manual"}}},
		{"virtualMachineProfile", tree.Members{
			{"osProfile", tree.Members{{"computerNamePrefix", "web"}, {"adminUsername", "u"}, {"adminPassword", "hidden-password"}}},
			{"storageProfile", tree.Members{{"imageReference", tree.Members{
				{"publisher", "Canonical"}, {"offer", "UbuntuServer"}, {"sku", "18.04-LTS"}, {"version", "latest"},
			}}}},
			{"networkProfile",
				tree.Members{{"networkInterfaceConfigurations", []tree.Members{{{"name", "nic"}, {"properties", tree.Members{{"primary", true}}}}}}}},
		}},
	}
	return tree.Members{{"location", "westus"}, {"sku", tree.Members{{"name", "Standard_B2s"}, {"capacity", capacity}}},
		{"properties", properties}}
}

// PUT: 201 Creating, then 200 Updating; an identical one changes nothing (docs/azure.md §4, §2.8).
func TestPut(t *testing.T) {
	s := newSim(t, Options{})
	created := s.do(http.StatusCreated, "PUT", testSet, newSet(2))
	mustEqual(t, "state", tree.StringAt(created.body, "properties", "provisioningState"), "Creating")
	mustEqual(t, "etag", created.header.Get("Etag"), `"1"`)
	mustEqual(t, "Location", created.header.Get("Location"), "")
	mustEqual(t, "Retry-After", created.header.Get("Retry-After"), "10")
	s.want(s.finish(created), operations.Succeeded)
	mustEqual(t, "instances", len(s.vms("")), 2)
	mustEqual(t, "instance", tree.StringAt(s.vms("")[1], "properties", "provisioningState"), "Succeeded")
	again := s.do(http.StatusOK, "PUT", testSet, newSet(2))
	mustEqual(t, "state", tree.StringAt(again.body, "properties", "provisioningState"), "Updating")
	mustEqual(t, "etag", tree.StringAt(again.body, "etag"), `"1"`)
	mustEqual(t, "charge", again.header.Get("X-Ms-Request-Charge"), "0")
	s.want(s.finish(again), operations.Succeeded)
	got := s.do(http.StatusOK, "GET", testSet, nil)
	mustEqual(t, "state", tree.StringAt(got.body, "properties", "provisioningState"), "Succeeded")
	mustEqual(t, "latest", s.latest()["0"], true)
	if strings.Contains(got.text, "hidden-password") || !strings.Contains(got.text, "\r\n") {
		t.Fatal(got.text)
	}
}

// A change that is about instances makes a new model, and no other change does (docs/azure.md §2.1).
func TestWhatIsAModelChange(t *testing.T) {
	for name, tc := range map[string]struct {
		patch  any
		latest bool
		etag   string
	}{
		"nothing":  {tree.Members{}, true, `"1"`},
		"capacity": {tree.Members{{"sku", tree.Members{{"capacity", 2}}}}, true, `"2"`},
		"tags":     {tree.Members{{"tags", tree.Members{{"a", "b"}}}}, true, `"2"`},
		"policy":   {tree.Members{{"properties", tree.Members{{"upgradePolicy", tree.Members{{"mode", "Automatic"}}}}}}, true, `"2"`},
		"repairs":  {tree.Members{{"properties", tree.Members{{"automaticRepairsPolicy", tree.Members{{"gracePeriod", "PT30M"}}}}}}, true, `"2"`},
		"size":     {tree.Members{{"sku", tree.Members{{"name", "Standard_D4s_v5"}}}}, false, `"2"`},
		"license":  {tree.Members{{"properties", tree.Members{{"virtualMachineProfile", tree.Members{{"licenseType", "x"}}}}}}, false, `"2"`},
		"script":   {script("x"), false, `"2"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Options{})
			s.stage(1)
			s.patched(tc.patch)
			mustEqual(t, "latest", s.latest()["0"], tc.latest)
			mustEqual(t, "etag", tree.StringAt(s.do(http.StatusOK, "GET", testSet, nil).body, "etag"), tc.etag)
		})
	}
}

// Arrays are replaced, objects merge, null removes (docs/azure.md §7.6).
func TestPatchMerges(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1, tree.Member{"health", "extension"}, tree.Member{"tags", tree.Members{{"a", "1"}, {"b", "2"}}})
	s.patched(tree.Members{{"tags", tree.RawJSON(`{"a":null,"c":"3"}`)}})
	s.patched(script("x"))
	got := s.do(http.StatusOK, "GET", testSet, nil).body
	mustEqual(t, "tags", text(got["tags"]), "map[b:2 c:3]")
	mustEqual(t, "extensions", len(tree.ArrayAt(got, "properties", "virtualMachineProfile", "extensionProfile", "extensions")), 1)
}

// Protected settings never come back, and a read followed by a write does not lose them (docs/azure.md §4, §7.6).
func TestProtectedSettings(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	s.patched(script("x", tree.Member{"protectedSettings", tree.Members{{"fileUris", []string{"http://127.0.0.1/s?sig=hush"}}}}))
	got := s.do(http.StatusOK, "GET", testSet, nil)
	if strings.Contains(got.text, "hush") || strings.Contains(got.text, "protectedSettings") {
		t.Fatal("protected settings are shown")
	}
	s.want(s.finish(s.upgrade("0")), operations.Succeeded)
	s.want(s.finish(s.do(http.StatusOK, "PUT", testSet, got.body)), operations.Succeeded)
	mustEqual(t, "latest after writing back", s.latest()["0"], true)
	if strings.Contains(s.do(http.StatusOK, "GET", testSet+"/virtualMachines", nil).text, "hush") {
		t.Fatal("protected settings are shown in the list")
	}
}

// Etags: 412 with the exact body; older versions have none (docs/azure.md §2.8).
func TestEtags(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	r := s.do(http.StatusPreconditionFailed, "PATCH", testSet, tree.Members{}, "If-Match", "invalid")
	mustEqual(t, "code", r.code(), "PreconditionFailed")
	mustEqual(t, "message", tree.StringAt(r.body, "error", "message"),
		`Etag provided in if-match header "invalid" does not match etag "1" of resource.`)
	s.want(s.finish(s.do(http.StatusOK, "PATCH", testSet, tree.Members{{"tags", tree.Members{{"a", "b"}}}}, "If-Match", `"1"`)),
		operations.Succeeded)
	s.do(http.StatusPreconditionFailed, "PATCH", testSet, tree.Members{}, "If-Match", `"1"`)
	s.do(http.StatusPreconditionFailed, "PUT", testSet, newSet(1), "If-None-Match", "*")
	s.do(http.StatusPreconditionFailed, "PUT", testSet+"2", newSet(1), "If-Match", "*")
	s.do(http.StatusPreconditionFailed, "PUT", testSet+"/virtualMachines/0", tree.Members{}, "If-Match", "invalid-etag")
	s.version = oldest
	old := s.do(http.StatusOK, "GET", testSet, nil)
	if old.body["etag"] != nil || old.header.Get("Etag") != "" {
		t.Fatal("2020-06-01 had no etags")
	}
	if strings.Contains(s.do(http.StatusOK, "GET", testSet+"/virtualMachines", nil).text, "timeCreated") {
		t.Fatal("2020-06-01 had no timeCreated")
	}
}

// Scale-out makes latest-model instances with growing ids (docs/azure.md §2.1).
func TestScaleOut(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	s.patched(script("x"))
	s.control("POST", "/scale", tree.Members{{"scaleSet", testSet}, {"capacity", 4}})
	mustEqual(t, "state", tree.StringAt(s.vms("")[3], "properties", "provisioningState"), "Creating")
	s.clock.Advance(10 * 60 * 1e9)
	mustEqual(t, "latest", text(s.latest()), "map[0:false 1:false 2:true 3:true]")
	mustEqual(t, "script runs", s.seen()["3"].ScriptRuns, 1)
}

// Scale-in balances zones, then takes the highest id, and spares the protected (docs/azure.md §2.1, §2.5).
func TestScaleIn(t *testing.T) {
	for name, tc := range map[string]struct {
		zones   []string
		protect string
		to      int
		stay    string
	}{
		"highest":   {nil, "", 3, "0 1 2"},
		"protected": {nil, "4", 3, "0 1 4"},
		"zones":     {[]string{"1", "2"}, "", 4, "0 1 2 3"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Options{})
			s.stage(5, tree.Member{"zones", tc.zones})
			if tc.protect != "" {
				body := tree.Members{{"properties", tree.Members{{"protectionPolicy", tree.Members{{"protectFromScaleIn", true}}}}}}
				s.want(s.finish(s.do(http.StatusOK, "PUT", testSet+"/virtualMachines/"+tc.protect, body)), operations.Succeeded)
			}
			s.patched(tree.Members{{"sku", tree.Members{{"capacity", tc.to}}}})
			var ids []string
			for _, vm := range s.vms("") {
				ids = append(ids, tree.StringAt(vm, "instanceId"))
			}
			mustEqual(t, "stay", strings.Join(ids, " "), tc.stay)
		})
	}
}

// Ids are never used again (docs/azure.md §2.1).
func TestIDsGrow(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(3)
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/delete", tree.Members{{"instanceIds", []string{"2"}}})), operations.Succeeded)
	mustEqual(t, "capacity", s.server.compute.Sets[strings.ToLower(testSet)].Capacity(), 2)
	s.patched(tree.Members{{"sku", tree.Members{{"capacity", 3}}}})
	mustEqual(t, "ids", text(s.latest()), "map[0:true 1:true 3:true]")
	mustEqual(t, "deleted", s.seen()["2"].Deleted, true)
}

// DELETE ends with the scale set gone; writes meanwhile are refused (docs/azure.md §2.8).
func TestDelete(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	op := s.do(http.StatusAccepted, "DELETE", testSet, nil)
	r := s.do(http.StatusConflict, "PATCH", testSet, tree.Members{})
	if !strings.Contains(r.text, "since it is marked for deletion") {
		t.Fatal(r.text)
	}
	s.want(s.finish(op), operations.Succeeded)
	mustEqual(t, "code", s.do(http.StatusNotFound, "GET", testSet, nil).code(), "ResourceNotFound")
	s.do(http.StatusNoContent, "DELETE", testSet, nil)
}

// The extensions sub-resource edits the model (docs/azure.md §1.2).
func TestExtensions(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	path := testSet + "/extensions/cse"
	body := tree.Members{{"properties", tree.Members{
		{"publisher", "Microsoft.Azure.Extensions"}, {"type", "CustomScript"}, {"typeHandlerVersion", "2.1"},
		{"settings", tree.Members{{"commandToExecute", "x"}}}, {"protectedSettings", tree.Members{{"secret", "hush"}}},
	}}}
	s.want(s.finish(s.do(http.StatusCreated, "PUT", path, body)), operations.Succeeded)
	mustEqual(t, "latest", s.latest()["0"], false)
	patched := s.do(http.StatusOK, "PATCH", path, tree.Members{{"properties", tree.Members{{"forceUpdateTag", "2"}}}})
	s.want(s.finish(patched), operations.Succeeded)
	kept := s.server.compute.Sets[strings.ToLower(testSet)].Model.Extension("CSE")
	mustEqual(t, "protected settings", tree.StringAt(kept.Properties, "protectedSettings", "secret"), "hush")
	mustEqual(t, "listed", len(listOf(s.do(http.StatusOK, "GET", testSet+"/extensions", nil).body)), 1)
	s.want(s.finish(s.upgrade("0")), operations.Succeeded)
	s.do(http.StatusOK, "GET", testSet+"/virtualMachines/0/extensions/cse", nil)
	mustEqual(t, "listed on the instance", len(listOf(s.do(http.StatusOK, "GET", testSet+"/virtualMachines/0/extensions", nil).body)), 1)
	s.want(s.finish(s.do(http.StatusAccepted, "DELETE", path, nil)), operations.Succeeded)
	s.do(http.StatusNotFound, "GET", path, nil)
}

// Protected settings are never shown. A reference to a key vault that has them is.
func TestKeyVaultReferenceIsShown(t *testing.T) {
	metric.Fault(t, 12)
	s := newSim(t, Options{})
	s.stage(1)
	path := testSet + "/extensions/cse"
	s.want(s.finish(s.do(http.StatusCreated, "PUT", path, tree.Members{{"properties", tree.Members{
		{"publisher", "Microsoft.Azure.Extensions"}, {"type", "CustomScript"}, {"typeHandlerVersion", "2.1"},
		{"protectedSettings", tree.Members{{"secret", "hush"}}}, {"protectedSettingsFromKeyVault", tree.Members{{"secretUrl", "https://kv/s"}}},
	}}})), operations.Succeeded)
	shown := s.do(http.StatusOK, "GET", path, nil).body
	mustEqual(t, "reference", tree.StringAt(shown, "properties", "protectedSettingsFromKeyVault", "secretUrl"), "https://kv/s")
	mustEqual(t, "protected settings", tree.At(shown, "properties", "protectedSettings"), nil)
}

// An image that was never registered is refused, and the model stays (design note, control endpoint).
func TestUnknownImage(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	r := s.do(http.StatusNotFound, "PATCH", testSet, image(testGroup+"/providers/Microsoft.Compute/images/none"))
	mustEqual(t, "target", tree.StringAt(r.body, "error", "target"), "imageReference")
	mustEqual(t, "latest", s.latest()["0"], true)
}
