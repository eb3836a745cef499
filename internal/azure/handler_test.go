package azure

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// extensions are the properties of script extensions as people's scale sets have them.
var extensions = map[string]string{
	"what is false, absent or unknown": `{"publisher":"Microsoft.Azure.Extensions","type":"CustomScript","typeHandlerVersion":"2.0",` +
		`"suppressFailures":false,` +
		`"settings":{"commandToExecute":"sh a.sh","fileUris":[],"timestamp":12345678901234567890,"ratio":1.50,"skipDos2Unix":false,` +
		`"nested":{"a":[1,null]}}}`,
	"everything there is": `{"publisher":"Microsoft.Compute","type":"CustomScriptExtension","typeHandlerVersion":"1.9",` +
		`"autoUpgradeMinorVersion":false,"enableAutomaticUpgrade":false,` +
		`"provisionAfterExtensions":["a","b"],"forceUpdateTag":"7","suppressFailures":true,"settings":{"fileUris":["https://x/a.ps1"],` +
		`"commandToExecute":"powershell a.ps1 <in >out"}}`,
	"automatic upgrade": `{"publisher":"Microsoft.Azure.Extensions","type":"CustomScript","enableAutomaticUpgrade":true,"settings":{}}`,
	"a key vault": `{"publisher":"Microsoft.Azure.Extensions","type":"CustomScript","settings":{"fileUris":["https://x/a.sh"]},` +
		`"protectedSettingsFromKeyVault":{"secretUrl":"https://kv/s","sourceVault":{"id":"/v"}}}`,
	"what is there and empty": `{"publisher":"Microsoft.Azure.Extensions","type":"CustomScript","forceUpdateTag":"",` +
		`"settings":{"commandToExecute":"","fileUris":null},"provisionAfterExtensions":[]}`,
	"no settings":          `{"publisher":"Microsoft.OSTCExtensions","type":"CustomScriptForLinux","typeHandlerVersion":"1.5"}`,
	"a script in settings": `{"publisher":"Microsoft.Azure.Extensions","type":"CustomScript","settings":{"script":"ZWNobyBoaQ=="}}`,
}

// TestExtensionComesBackAsItWas reads an extension, writes a release over it, reads what that left, and writes what was there before.
func TestExtensionComesBackAsItWas(t *testing.T) {
	metric.Fault(t, 12)
	for name, properties := range extensions {
		t.Run(name, func(t *testing.T) {
			was := readExtensions(t, properties)
			forward := rollout.WriteScript{Extension: "e", Handler: was.Script.Handler, Script: rollout.Script{URIs: []string{"https://x/new.sh"}},
				ForceUpdateTag: "new"}
			release := written(t, forward, map[string]any{"commandToExecute": "sh new.sh"})
			if _, kept := release["protectedSettingsFromKeyVault"]; kept {
				t.Error("an extension takes either protected settings or a reference to them")
			}
			delete(release, "protectedSettings") // Azure does not show them
			encoded, err := json.Marshal(release)
			if err != nil {
				t.Fatal(err)
			}
			now := readExtensions(t, string(encoded))
			back := rollout.WriteScript{Extension: "e", Handler: now.Script.Handler, ForceUpdateTag: was.Script.ForceUpdateTag,
				Script: rollout.Script{URIs: was.Script.URIs, Command: was.Script.Command, Handler: was.Script.Handler}}
			var want map[string]any
			if err := decodeExactly([]byte(properties), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, written(t, back, nil)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUndeclaredMembersAreKept writes a release without protected settings: everything that it does not declare stays.
func TestUndeclaredMembersAreKept(t *testing.T) {
	metric.Fault(t, 12)
	for name, properties := range extensions {
		t.Run(name, func(t *testing.T) {
			handler := readExtensions(t, properties).Script.Handler
			got := written(t, rollout.WriteScript{Extension: "e", Handler: handler, Script: rollout.Script{Command: "sh new.sh"}}, nil)
			var want map[string]any
			if err := decodeExactly([]byte(handler), &want); err != nil {
				t.Fatal(err)
			}
			settings, _ := want["settings"].(map[string]any)
			if settings == nil {
				settings = map[string]any{}
			}
			delete(settings, settingScript) // Azure's extension takes a command or a script
			settings[settingCommand] = "sh new.sh"
			want["settings"] = settings
			if want["enableAutomaticUpgrade"] == true { // a release runs its script once, not with each version of the extension
				want["enableAutomaticUpgrade"] = false
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// written are the properties that a step sends.
func written(t *testing.T, step rollout.WriteScript, protected map[string]any) map[string]any {
	t.Helper()
	f := newFakeARM(t, answering(http.StatusOK, `{}`))
	if _, err := f.adapter.WriteScript(t.Context(), web, step, protected); err != nil {
		t.Fatal(err)
	}
	var body struct{ Properties map[string]any }
	if err := decodeExactly([]byte(f.one(t).Body), &body); err != nil {
		t.Fatal(err)
	}
	return body.Properties
}

// readExtensions reads a model with script extensions of these properties, the first named e.
func readExtensions(t *testing.T, properties ...string) rollout.Model {
	t.Helper()
	list := ""
	for n, p := range properties {
		name, comma := "e", ""
		if n > 0 {
			name, comma = name+string(rune('0'+n)), ","
		}
		list += comma + `{"name":"` + name + `","properties":` + p + `}`
	}
	f := newFakeARM(t, answering(http.StatusOK, profile(`"extensionProfile":{"extensions":[`+list+`]}`)))
	model, err := f.adapter.Model(t.Context(), web)
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// TestSeveralScriptExtensions: each is shown, with what is its own.
func TestSeveralScriptExtensions(t *testing.T) {
	metric.Fault(t, 11)
	model := readExtensions(t, extensions["no settings"], extensions["a key vault"],
		`{"publisher":"Microsoft.Azure.Monitor","type":"AzureMonitorLinuxAgent"}`)
	if model.Script == nil || model.Script.Extension != "e" || len(model.MoreScripts) != 1 || model.MoreScripts[0].Extension != "e1" ||
		model.MoreScripts[0].KeyVault == nil {
		t.Errorf("got %+v and %+v", model.Script, model.MoreScripts)
	}
	if diff := cmp.Diff([]string{"e2"}, model.OtherExtensions); diff != "" {
		t.Error(diff)
	}
}

// TestInstanceScripts: an instance shows each of its script extensions by name. What is said of them together is the worst.
func TestInstanceScripts(t *testing.T) {
	metric.Fault(t, 11)
	shown := func(name, state string) string {
		return `{"name":"` + name + `","type":"Microsoft.Azure.Extensions.CustomScript","statuses":[{"code":"ProvisioningState/` + state + `"}]}`
	}
	for list, want := range map[string]rollout.Instance{
		shown("legacy", "failed") + "," + shown("ours", "succeeded"): {Script: rollout.ScriptFailed,
			InstanceReports: rollout.InstanceReports{Scripts: []rollout.InstanceScript{{Extension: "legacy", State: rollout.ScriptFailed},
				{Extension: "ours", State: rollout.ScriptSucceeded}}}},
		shown("ours", "succeeded") + "," + shown("legacy", "updating"): {Script: rollout.ScriptRunning,
			InstanceReports: rollout.InstanceReports{Scripts: []rollout.InstanceScript{{Extension: "ours", State: rollout.ScriptSucceeded},
				{Extension: "legacy", State: rollout.ScriptRunning}}}},
		shown("Microsoft.Azure.Extensions.CustomScript", "succeeded"): {Script: rollout.ScriptSucceeded,
			InstanceReports: rollout.InstanceReports{Scripts: []rollout.InstanceScript{{State: rollout.ScriptSucceeded}}}},
	} {
		got := instanceFrom(t, `{"properties":{"instanceView":{"extensions":[`+list+`]}}}`)
		if diff := cmp.Diff(want.Scripts, got.Scripts); diff != "" || got.Script != want.Script {
			t.Errorf("%s: state %d, want %d; %s", list, got.Script, want.Script, diff)
		}
	}
}

// TestIdentityOrAccount: an identity excludes the key of a storage account. Nothing is sent then, and the settings stay as they are.
func TestIdentityOrAccount(t *testing.T) {
	f := newFakeARM(t, answering(http.StatusOK, `{}`))
	step := rollout.WriteScript{Script: rollout.Script{ManagedIdentity: &rollout.ManagedIdentity{ObjectID: "o-1"}}}
	protected := map[string]any{"storageAccountName": "shop"}
	if _, err := f.adapter.WriteScript(t.Context(), web, step, protected); err == nil || len(f.requests) > 0 || len(protected) != 1 {
		t.Errorf("%v, %d requests, settings %v", err, len(f.requests), protected)
	}
	got := written(t, step, nil)["protectedSettings"]
	if diff := cmp.Diff(map[string]any{"managedIdentity": map[string]any{"objectId": "o-1"}}, got); diff != "" {
		t.Error(diff)
	}
}
