package vmprofile

import (
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// applicationExtension is the extension that Azure adds for gallery applications (docs/azure.md §8).
const applicationExtension = "VMAppExtension"

// fillApplications adds what Azure adds to gallery applications: members with their defaults, and the extension that installs them. An
// empty list brings no extension.
func fillApplications(full tree.Object) tree.Object {
	profile := []string{"properties", "virtualMachineProfile"}
	list := tree.ArrayAt(full, append(profile, "applicationProfile", "galleryApplications")...)
	if len(list) == 0 {
		return full
	}
	filled := make([]any, len(list))
	for i, a := range list {
		filled[i] = a
		if o, isObject := a.(tree.Object); isObject {
			filled[i] = tree.WithDefaults(o, tree.Object{
				"manuallyManaged": false, "treatFailureAsDeploymentFailure": false, "enableAutomaticUpgrade": false,
			})
		}
	}
	full = tree.Replaced(full, filled, append(profile, "applicationProfile", "galleryApplications")...)
	extensions := tree.ArrayAt(full, append(profile, "extensionProfile", "extensions")...)
	if slices.ContainsFunc(extensions, func(e any) bool { return strings.EqualFold(tree.StringAt(e, "name"), applicationExtension) }) {
		return full
	}
	kind := "VMApplicationManagerLinux"
	if IsWindows(tree.ObjectAt(full, profile...)) {
		kind = "VMApplicationManagerWindows"
	}
	added := tree.Object{"name": applicationExtension, "properties": tree.Object{
		"autoUpgradeMinorVersion": true, "publisher": "Microsoft.CPlat.Core", "type": kind, "typeHandlerVersion": "1.0",
		"settings": tree.Object{},
	}}
	return tree.Replaced(full, append(slices.Clone(extensions), added), append(profile, "extensionProfile", "extensions")...)
}

// InstallsApplications is true for the extension that installs gallery applications.
func (e *Extension) InstallsApplications() bool {
	return strings.HasPrefix(strings.ToLower(e.Kind()), "vmapplicationmanager")
}

// sameApplications reports whether the extension has nothing to install or remove where another one ran.
func (e *Extension) sameApplications(other *Extension) bool {
	return reflect.DeepEqual(e.applications, other.applications)
}

// FailsInstance is true where a failure of the extension's script or applications is one of the instance.
func (e *Extension) FailsInstance() bool {
	return !e.InstallsApplications() || slices.ContainsFunc(e.applications, func(a any) bool {
		return tree.BoolAt(a, "treatFailureAsDeploymentFailure")
	})
}

// installation returns the ids of the applications, which a fault can match.
func (e *Extension) installation() guest.Script {
	var ids []string
	for _, a := range e.applications {
		ids = append(ids, tree.StringAt(a, "packageReferenceId"))
	}
	return guest.Script{Command: strings.Join(ids, " ")}
}

// ApplicationsMessage is the message of the extension's status: what became of each application. A failure is that of all.
func (e *Extension) ApplicationsMessage(r guest.ScriptResult) string {
	result := "Install SUCCESS"
	if r.Failed() {
		result = fmt.Sprintf("Install FAILED Error executing command 'install': command terminated with exit status=%d", max(1, r.ExitCode))
	}
	states := []tree.Members{}
	for _, a := range e.applications {
		id := tree.StringAt(a, "packageReferenceId")
		states = append(states, tree.Members{
			{"applicationName", path.Base(path.Dir(path.Dir(id)))}, {"version", path.Base(id)}, {"result", result},
		})
	}
	report := tree.Members{{"CurrentState", states}, {"ActionsPerformed", []any{}}}
	return "Enable succeeded: " + string(tree.ToCompactJSON(report))
}
