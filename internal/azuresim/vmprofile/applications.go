package vmprofile

import (
	"path"
	"reflect"
	"slices"
	"strings"

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

// Application is a gallery application of a model.
type Application struct {
	ID            string // of the version
	Name, Version string
	FailsInstance bool // where it fails
	order         int
}

// Key names the application whatever its version.
func (a Application) Key() string { return strings.ToLower(path.Dir(path.Dir(a.ID))) }

// Applications are those that the extension installs, in the order in which it does.
func (e *Extension) Applications() []Application {
	var list []Application
	for _, a := range e.applications {
		id := tree.StringAt(a, "packageReferenceId")
		order, given := tree.IntAt(a, "order")
		if !given {
			order = lastOrder
		}
		list = append(list, Application{ID: id, Name: path.Base(path.Dir(path.Dir(id))), Version: path.Base(id), order: order,
			FailsInstance: tree.BoolAt(a, "treatFailureAsDeploymentFailure")})
	}
	slices.SortStableFunc(list, func(a, b Application) int { return a.order - b.order })
	return list
}

// lastOrder is behind all that a model can name. That an application without an order comes last is not known.
const lastOrder = 1 << 30
