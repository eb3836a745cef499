package azure

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const fullModel = `{"name":"web","etag":"\"7\"","sku":{"name":"Standard_B1s","capacity":3},"properties":{
 "provisioningState":"succeeded","orchestrationMode":"Uniform",
 "automaticRepairsPolicy":{"enabled":true,"gracePeriod":"PT30M"},
 "upgradePolicy":{"mode":"Manual","automaticOSUpgradePolicy":{"enableAutomaticOSUpgrade":true}},
 "virtualMachineProfile":{
  "storageProfile":{"imageReference":{"id":"/i/1"},"osDisk":{"osType":"Linux"}},
  "networkProfile":{"healthProbe":{"id":"/probe"}},
  "extensionProfile":{"extensions":[
   {"name":"agent","properties":{"publisher":"p","type":"t","enableAutomaticUpgrade":true}},
   {"name":"CSE","properties":{"publisher":"microsoft.azure.extensions","type":"customscript","typeHandlerVersion":"2.0",
     "autoUpgradeMinorVersion":true,
     "forceUpdateTag":"1","provisionAfterExtensions":["agent"],"suppressFailures":true,
     "settings":{"fileUris":["https://x/a.sh","https://x/b.sh"],"commandToExecute":"bash a.sh","timestamp":5}}}]}}}}`

func TestModel(t *testing.T) {
	f := newFakeARM(t, answering(http.StatusOK, fullModel))
	got, err := f.adapter.Model(context.Background(), web)
	if err != nil {
		t.Fatal(err)
	}
	want := rollout.Model{
		ETag: `"7"`, Capacity: 3, UpgradeMode: "Manual", Orchestration: "Uniform", AutomaticOSUpgrade: true, AutomaticRepairs: true,
		AutomaticExtensionUpgrades: []string{"agent"}, State: rollout.StateSucceeded, HealthMonitored: true,
		Image: rollout.Image{ID: "/i/1"},
		Script: &rollout.ModelScript{Extension: "CSE", URIs: []string{"https://x/a.sh", "https://x/b.sh"}, Command: "bash a.sh",
			ForceUpdateTag: "1",
			Handler: `{"autoUpgradeMinorVersion":true,"provisionAfterExtensions":["agent"],"publisher":"microsoft.azure.extensions",` +
				`"settings":{"timestamp":5},` +
				`"suppressFailures":true,"type":"customscript","typeHandlerVersion":"2.0"}`},
		ModelExtensions: rollout.ModelExtensions{OtherExtensions: []string{"agent"}}, NewHandler: newHandler(linuxScript, "2.1"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(request{Method: "GET", Path: base, Query: version, Authorization: "Bearer " + secretToken}, f.one(t)); diff != "" {
		t.Error(diff)
	}
}

// TestModelOfFlexible covers a set that has neither size nor profile nor policy.
func TestModelOfFlexible(t *testing.T) {
	f := newFakeARM(t, answering(http.StatusOK, `{"name":"web","properties":{"orchestrationMode":"Flexible"}}`, "ETag", `"3"`))
	got, err := f.adapter.Model(context.Background(), web)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rollout.Model{ETag: `"3"`, Capacity: rollout.UnknownCapacity, Orchestration: "Flexible",
		NewHandler: newHandler(linuxScript, "2.1")}, got); diff != "" {
		t.Error(diff)
	}
}

func decodeModel(t *testing.T, body string) rollout.Model {
	t.Helper()
	var set armcompute.VirtualMachineScaleSet
	if err := json.Unmarshal([]byte(body), &set); err != nil {
		t.Fatal(err)
	}
	return modelOf(set)
}

func profile(inner string) string { return `{"properties":{"virtualMachineProfile":{` + inner + `}}}` }

func TestModelHealth(t *testing.T) {
	extension := func(publisher, kind string) string {
		return profile(`"extensionProfile":{"extensions":[{"properties":{"publisher":"` + publisher + `","type":"` + kind + `"}}]}`)
	}
	for body, want := range map[string]bool{
		extension("microsoft.managedservices", "applicationhealthlinux"):   true,
		extension("Microsoft.ManagedServices", "ApplicationHealthWindows"): true,
		extension("Microsoft.ManagedServices", "Other"):                    false,
		extension("Other", "ApplicationHealthLinux"):                       false,
		profile(`"networkProfile":{"healthProbe":{"id":"/p"}}`):            true,
		profile(`"networkProfile":{"healthProbe":{}}`):                     false,
		profile(``): false,
	} {
		if got := decodeModel(t, body).HealthMonitored; got != want {
			t.Errorf("%s: want %v", body, want)
		}
	}
}

func TestModelImages(t *testing.T) {
	for reference, want := range map[string]rollout.Image{
		`{"id":"/i","exactVersion":"1"}`:                          {ID: "/i"},
		`{"sharedGalleryImageId":"/s"}`:                           {SharedGalleryID: "/s"},
		`{"communityGalleryImageId":"/c"}`:                        {CommunityGalleryID: "/c"},
		`{"publisher":"p","offer":"o","sku":"s","version":"1.0"}`: {Publisher: "p", Offer: "o", SKU: "s", Version: "1.0"},
		`{}`: {},
	} {
		if got := decodeModel(t, profile(`"storageProfile":{"imageReference":`+reference+`}`)).Image; got != want {
			t.Errorf("%s: got %+v", reference, got)
		}
	}
}

func TestModelScripts(t *testing.T) {
	windows := newHandler(windowsScript, "1.10")
	for name, c := range map[string]struct {
		body    string
		script  *rollout.ModelScript
		handler rollout.ScriptHandler // of a new one
	}{
		"none on Windows by configuration": {profile(`"osProfile":{"windowsConfiguration":{}}`), nil, windows},
		"none on Windows by disk":          {profile(`"storageProfile":{"osDisk":{"osType":"Windows"}}`), nil, windows},
		"none on Linux":                    {profile(`"osProfile":{"linuxConfiguration":{}}`), nil, newHandler(linuxScript, "2.1")},
		"the old one, settings odd": {
			profile(`"extensionProfile":{"extensions":[null,{"name":"x"},{"name":"old","properties":{"publisher":"Microsoft.OSTCExtensions",` +
				`"type":"CustomScriptForLinux","typeHandlerVersion":"1.5","settings":"odd"}}]}`),
			&rollout.ModelScript{Extension: "old",
				Handler: `{"publisher":"Microsoft.OSTCExtensions","settings":"odd","type":"CustomScriptForLinux","typeHandlerVersion":"1.5"}`},
			newHandler(linuxScript, "2.1"),
		},
		"Windows, URIs odd": {
			profile(`"extensionProfile":{"extensions":[{"name":"w","properties":{"publisher":"Microsoft.Compute","type":"CustomScriptExtension",` +
				`"settings":{"fileUris":["a",5,null],"commandToExecute":7}}}]}`),
			&rollout.ModelScript{Extension: "w", URIs: []string{"a"},
				Handler: `{"publisher":"Microsoft.Compute","settings":{"commandToExecute":7},"type":"CustomScriptExtension"}`},
			newHandler(linuxScript, "2.1"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := decodeModel(t, c.body)
			if diff := cmp.Diff(c.script, got.Script); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.handler, got.NewHandler); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// without returns every document that lacks one part of the given one: a field left out, nulled, or a list with a null in it.
func without(doc any) []any {
	var out []any
	switch doc := doc.(type) {
	case map[string]any:
		for k, v := range doc {
			out = append(out, changed(doc, k, nil, true), changed(doc, k, nil, false))
			for _, smaller := range without(v) {
				out = append(out, changed(doc, k, smaller, false))
			}
		}
	case []any:
		out = append(out, []any{}, []any{nil})
		for i, v := range doc {
			for _, smaller := range without(v) {
				list := append([]any(nil), doc...)
				list[i] = smaller
				out = append(out, list)
			}
		}
	}
	return out
}

func changed(doc map[string]any, key string, v any, remove bool) map[string]any {
	c := make(map[string]any, len(doc))
	for k, old := range doc {
		c[k] = old
	}
	c[key] = v
	if remove {
		delete(c, key)
	}
	return c
}

// everyLack calls f with the JSON of every document that lacks one part of the given one.
func everyLack(t *testing.T, doc string, f func([]byte)) {
	t.Helper()
	var whole any
	if err := json.Unmarshal([]byte(doc), &whole); err != nil {
		t.Fatal(err)
	}
	for _, smaller := range without(whole) {
		body, err := json.Marshal(smaller)
		if err != nil {
			t.Fatal(err)
		}
		f(body)
	}
}

func TestModelLackingAnything(t *testing.T) {
	n := 0
	everyLack(t, fullModel, func(body []byte) {
		n++
		var set armcompute.VirtualMachineScaleSet
		if err := json.Unmarshal(body, &set); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if got := fmt.Sprint(modelOf(set)); got == "" {
			t.Error("want a model")
		}
	})
	if n < 50 {
		t.Errorf("only %d documents", n)
	}
}
