// Package vmprofile knows virtual machine profiles: models, extensions, defaults, and which bodies are refused.
package vmprofile

import (
	"encoding/base64"
	"reflect"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Model is one version of a scale set's virtual machine profile and size, from which instances are made. It is never changed; instances
// share it.
type Model struct {
	Version int
	Since   time.Time
	Profile tree.Object // with protected settings
	Size    string

	Extensions []*Extension
	Health     HealthSource
	// ReportsEvery is how far apart reports of health are.
	ReportsEvery time.Duration

	Network   tree.RawJSON // its networkProfileConfiguration, written once
	IPConfigs []IPConfig
	Prefix    string // of computer names
}

// Extension is one extension of a model.
type Extension struct {
	Name       string
	Properties tree.Object

	applications []any // of the model, where the extension installs them
}

// NewModel is the model of a virtual machine profile and a size.
func NewModel(profile tree.Object, size string) *Model {
	m := &Model{Profile: profile, Size: size, Prefix: tree.StringAt(profile, "osProfile", "computerNamePrefix")}
	for _, e := range tree.ArrayAt(profile, "extensionProfile", "extensions") {
		extension := &Extension{Name: tree.StringAt(e, "name"), Properties: tree.ObjectAt(e, "properties")}
		if extension.InstallsApplications() {
			extension.applications = tree.ArrayAt(profile, "applicationProfile", "galleryApplications")
		}
		m.Extensions = append(m.Extensions, extension)
	}
	m.Health = m.findHealth()
	m.ReportsEvery = m.findReportsEvery()
	m.IPConfigs = findIPConfigs(profile)
	m.Network = tree.RawJSON(tree.ToCompactJSON(tree.Members{
		{"networkInterfaceConfigurations", tree.At(profile, "networkProfile", "networkInterfaceConfigurations")},
	}))
	return m
}

// Same reports whether the models make the same instances.
func (m *Model) Same(other *Model) bool {
	return m.Size == other.Size && reflect.DeepEqual(m.Profile, other.Profile)
}

// Image is the image reference.
func (m *Model) Image() tree.Object {
	return tree.ObjectAt(m.Profile, "storageProfile", "imageReference")
}

// Extension is the extension of a name; nil: there is none.
func (m *Model) Extension(name string) *Extension {
	for _, e := range m.Extensions {
		if strings.EqualFold(e.Name, name) {
			return e
		}
	}
	return nil
}

// Scripts are the extensions that run something, in the model's order.
func (m *Model) Scripts() []*Extension {
	var scripts []*Extension
	for _, e := range m.Extensions {
		if e.IsScript() || e.InstallsApplications() {
			scripts = append(scripts, e)
		}
	}
	return scripts
}

// ChangedScripts returns the scripts of m that would run on an instance that has old: a script that is byte-identical does not run again
// (docs/azure.md §2.2).
func (m *Model) ChangedScripts(old *Model) []*Extension {
	var changed []*Extension
	for _, e := range m.Scripts() {
		if before := old.Extension(e.Name); before == nil || !e.runsLike(before) {
			changed = append(changed, e)
		}
	}
	return changed
}

// SameImage is true where both models have the same image reference.
func (m *Model) SameImage(other *Model) bool {
	return reflect.DeepEqual(m.Image(), other.Image())
}

// Kind is the extension's type.
func (e *Extension) Kind() string { return tree.StringAt(e.Properties, "type") }

// Publisher is the extension's publisher.
func (e *Extension) Publisher() string { return tree.StringAt(e.Properties, "publisher") }

// IsScript is true for an extension that runs a script.
func (e *Extension) IsScript() bool {
	kind := strings.ToLower(e.Kind())
	return kind == "customscript" || kind == "customscriptextension" || kind == "customscriptforlinux"
}

// UpgradesItself is true where the platform brings the extension to newer versions by itself.
func (e *Extension) UpgradesItself() bool { return tree.BoolAt(e.Properties, "enableAutomaticUpgrade") }

// runsLike reports whether the guest agent would see no difference to another.
func (e *Extension) runsLike(other *Extension) bool {
	for _, name := range []string{"settings", "protectedSettings", "forceUpdateTag", "publisher", "type"} {
		if !reflect.DeepEqual(e.Properties[name], other.Properties[name]) {
			return false
		}
	}
	return e.sameApplications(other)
}

// Script returns the script that the extension runs; protected settings win, as in the agent.
func (e *Extension) Script() guest.Script {
	var s guest.Script
	for _, settings := range []tree.Object{tree.ObjectAt(e.Properties, "settings"), tree.ObjectAt(e.Properties, "protectedSettings")} {
		if command := tree.StringAt(settings, "commandToExecute"); command != "" {
			s.Command = command
		}
		if encoded := tree.StringAt(settings, "script"); encoded != "" {
			if text, err := base64.StdEncoding.DecodeString(encoded); err == nil {
				s.Command = string(text)
			}
		}
		uris := tree.ArrayAt(settings, "fileUris")
		if len(uris) == 0 {
			continue
		}
		s.URIs = nil
		for _, u := range uris {
			if uri, isString := u.(string); isString {
				s.URIs = append(s.URIs, uri)
			}
		}
	}
	return s
}

// Shown returns the profile as answers show it, without protected values.
func (m *Model) Shown() tree.Object {
	shown := m.Profile
	if tree.ObjectAt(shown, "osProfile") != nil {
		shown = tree.With(shown, "osProfile", tree.Without(tree.ObjectAt(shown, "osProfile"), "adminPassword", "customData"))
	}
	shown = tree.Without(shown, "userData")
	if len(tree.ArrayAt(shown, "applicationProfile", "galleryApplications")) == 0 {
		shown = tree.Without(shown, "applicationProfile") // an empty list is part of the model, and is not shown
	}
	if tree.At(shown, "extensionProfile", "extensions") == nil {
		return shown
	}
	list := make([]any, 0, len(m.Extensions))
	for _, e := range m.Extensions {
		list = append(list, tree.Members{{"name", e.Name}, {"properties", e.Shown()}})
	}
	return tree.With(shown, "extensionProfile", tree.With(tree.ObjectAt(shown, "extensionProfile"), "extensions", list))
}

// Shown leaves out the protected settings. A reference to a key vault, from which they are taken, is shown.
func (e *Extension) Shown() tree.Object { return tree.Without(e.Properties, "protectedSettings") }

// TerminateNotice returns how long before its end an instance gets notice of it.
func (m *Model) TerminateNotice() time.Duration {
	profile := tree.ObjectAt(m.Profile, "scheduledEventsProfile", "terminateNotificationProfile")
	if !tree.BoolAt(profile, "enable") {
		return 0
	}
	notice, _ := IsoDuration(tree.StringAt(profile, "notBeforeTimeout"))
	return notice
}

// IsFlexible is true for the body of a scale set in Flexible orchestration.
func IsFlexible(full tree.Object) bool {
	return strings.EqualFold(tree.StringAt(full, "properties", "orchestrationMode"), Flexible)
}

// isGroup reports whether a scale set makes no instances itself.
func isGroup(full tree.Object) bool {
	return IsFlexible(full) && tree.ObjectAt(full, "properties", "virtualMachineProfile") == nil
}

// Orchestration modes.
const (
	Uniform  = "Uniform"
	Flexible = "Flexible"
)

// IsWindows reports whether a profile is one of Windows instances.
func IsWindows(profile tree.Object) bool {
	return tree.ObjectAt(profile, "osProfile", "windowsConfiguration") != nil ||
		strings.Contains(strings.ToLower(tree.StringAt(profile, "storageProfile", "imageReference", "publisher")), "windows")
}
