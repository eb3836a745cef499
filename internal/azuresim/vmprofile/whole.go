package vmprofile

import (
	"reflect"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// replacedParts are the parts of a scale set that a PUT replaces as a whole; with others it merges (docs/azure.md §8).
var replacedParts = [][]string{
	{"properties", "scaleInPolicy"},
	{"properties", "virtualMachineProfile", "storageProfile", "osDisk", "diffDiskSettings"},
}

// Whole is the body of a PUT in which the parts that it replaces lose the members that it leaves out.
func Whole(old, body tree.Object) tree.Object {
	for _, path := range replacedParts {
		given := tree.ObjectAt(body, path...)
		if given == nil {
			continue
		}
		for name := range tree.ObjectAt(old, path...) {
			if _, has := given[name]; !has {
				given = tree.With(given, name, nil)
			}
		}
		body = tree.Replaced(body, given, path...)
	}
	return body
}

// switchedOff are parts that are not there once they say that something is off.
var switchedOff = []struct {
	path []string
	is   func(any) bool
}{
	{[]string{"properties", "virtualMachineProfile", "scheduledEventsProfile", "terminateNotificationProfile"}, isDisabled},
	{[]string{"properties", "virtualMachineProfile", "scheduledEventsProfile", "osImageNotificationProfile"}, isDisabled},
	{[]string{"properties", "virtualMachineProfile", "storageProfile", "osDisk", "diffDiskSettings"}, isEmpty},
	{[]string{"properties", "virtualMachineProfile", "userData"}, func(v any) bool { return v == "" }},
	{[]string{"properties", "scheduledEventsPolicy"}, isAllFalse},
}

// withoutOff is a scale set without the parts that are switched off.
func withoutOff(full tree.Object) tree.Object {
	for _, part := range switchedOff {
		parent, name := part.path[:len(part.path)-1], part.path[len(part.path)-1]
		if value := tree.At(full, part.path...); value != nil && part.is(value) {
			full = tree.Replaced(full, tree.Without(tree.ObjectAt(full, parent...), name), parent...)
		}
	}
	return full
}

func isDisabled(v any) bool { return tree.At(v, "enable") == false }

func isEmpty(v any) bool { return reflect.DeepEqual(v, tree.Object{}) }

// isAllFalse reports whether all that an object says, however deep, is false.
func isAllFalse(v any) bool {
	o, isObject := v.(tree.Object)
	for _, inner := range o {
		if !isAllFalse(inner) {
			return false
		}
	}
	return isObject || v == false
}

// settleSecurity makes a security profile empty where its type is the standard one.
func settleSecurity(full tree.Object) tree.Object {
	path := []string{"properties", "virtualMachineProfile", "securityProfile"}
	if tree.StringAt(full, append(path, "securityType")...) != "Standard" {
		return full
	}
	return tree.Replaced(full, tree.Without(tree.ObjectAt(full, path...), "securityType", "uefiSettings"), path...)
}

// eventsDefaults are what Azure adds to a policy of scheduled events.
func eventsDefaults(policy tree.Object) tree.Object {
	defaults := tree.Object{}
	for _, name := range []string{"userInitiatedRedeploy", "userInitiatedReboot"} {
		if tree.ObjectAt(policy, name) != nil {
			defaults[name] = tree.Object{"automaticallyApprove": false}
		}
	}
	return defaults
}
