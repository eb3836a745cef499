package azure

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// The extensions that install gallery applications.
var (
	linuxApplications   = extensionKind{"Microsoft.CPlat.Core", "VMApplicationManagerLinux"}
	windowsApplications = extensionKind{"Microsoft.CPlat.Core", "VMApplicationManagerWindows"}
)

// applicationExtension is the name that Azure gives that extension.
const applicationExtension = "VMAppExtension"

func (k extensionKind) installsApplications() bool {
	return k.is(linuxApplications) || k.is(windowsApplications)
}

// installsApplications reports whether the extension is the one that installs applications. The view does not always repeat the type.
func installsApplications(e armcompute.VirtualMachineExtensionInstanceView) bool {
	return kindOf(deref(e.Type)).installsApplications() || deref(e.Type) == "" && strings.EqualFold(deref(e.Name), applicationExtension)
}

// applicationState is one application in the message of the extension (docs/azure.md §8).
type applicationState struct {
	Name    string `json:"applicationName"`
	Version string `json:"version"`
	Result  string `json:"result"` // such as: Install SUCCESS, or: Install FAILED Error executing command …
}

func (s applicationState) failed() bool { return strings.Contains(strings.ToUpper(s.Result), "FAILED") }

// applicationsShown reads the applications out of the message of the extension's status: words, then JSON.
func applicationsShown(e armcompute.VirtualMachineExtensionInstanceView) []applicationState {
	for _, s := range e.Statuses {
		_, report, found := strings.Cut(deref(deref(s).Message), "{")
		if !found {
			continue
		}
		var read struct {
			CurrentState []applicationState
		}
		if json.NewDecoder(strings.NewReader("{"+report)).Decode(&read) == nil && len(read.CurrentState) > 0 {
			return read.CurrentState
		}
	}
	return nil
}

// readApplications notes what the instance shows of its applications.
func readApplications(i *rollout.Instance, e armcompute.VirtualMachineExtensionInstanceView) {
	for _, s := range applicationsShown(e) {
		i.Applications = append(i.Applications, rollout.InstanceApplication{Name: s.Name, Version: s.Version, Failed: s.failed()})
	}
}

// applicationFailure says which application failed and why; "": none did.
func applicationFailure(e armcompute.VirtualMachineExtensionInstanceView) string {
	if !installsApplications(e) {
		return ""
	}
	for _, s := range applicationsShown(e) {
		if s.failed() {
			return "application " + s.Name + " " + s.Version + ": " + s.Result
		}
	}
	return ""
}

// flatJSON removes white space between the parts of JSON.
func flatJSON(raw []byte) string {
	var flat bytes.Buffer
	if json.Compact(&flat, raw) != nil {
		return string(raw) // what was decoded is JSON
	}
	return flat.String()
}
