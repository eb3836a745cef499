package azuresim

import (
	"encoding/base64"
	"reflect"
	"strings"
	"time"
)

// model is what instances are made from: one version of a scale set's virtual
// machine profile and size. It is never changed; instances share it.
type model struct {
	version int
	since   time.Time
	profile object // with protected settings
	size    string

	extensions []*extension
	health     healthSource
	// reportsEvery is how far apart reports of health are.
	reportsEvery time.Duration

	network   rawJSON // its networkProfileConfiguration, written once
	ipConfigs []ipConfig
	prefix    string // of computer names
}

// extension is one extension of a model.
type extension struct {
	name       string
	properties object
}

func newModel(profile object, size string) *model {
	m := &model{profile: profile, size: size, prefix: stringAt(profile, "osProfile", "computerNamePrefix")}
	for _, e := range arrayAt(profile, "extensionProfile", "extensions") {
		m.extensions = append(m.extensions, &extension{name: stringAt(e, "name"), properties: objectAt(e, "properties")})
	}
	m.health = m.findHealth()
	m.reportsEvery = m.findReportsEvery()
	m.ipConfigs = findIPConfigs(profile)
	m.network = rawJSON(toCompactJSON(members{
		{"networkInterfaceConfigurations", at(profile, "networkProfile", "networkInterfaceConfigurations")},
	}))
	return m
}

func (m *model) same(other *model) bool {
	return m.size == other.size && reflect.DeepEqual(m.profile, other.profile)
}

func (m *model) image() object { return objectAt(m.profile, "storageProfile", "imageReference") }

func (m *model) extension(name string) *extension {
	for _, e := range m.extensions {
		if strings.EqualFold(e.name, name) {
			return e
		}
	}
	return nil
}

// scripts are the extensions that run something, in the model's order.
func (m *model) scripts() []*extension {
	var scripts []*extension
	for _, e := range m.extensions {
		if e.isScript() {
			scripts = append(scripts, e)
		}
	}
	return scripts
}

// changedScripts are those of m that would run on a machine that has old: what
// is byte-identical does not run again (azure-facts §2.2).
func (m *model) changedScripts(old *model) []*extension {
	var changed []*extension
	for _, e := range m.scripts() {
		if before := old.extension(e.name); before == nil || !e.runsLike(before) {
			changed = append(changed, e)
		}
	}
	return changed
}

func (m *model) sameImage(other *model) bool {
	return reflect.DeepEqual(m.image(), other.image())
}

func (e *extension) kind() string      { return stringAt(e.properties, "type") }
func (e *extension) publisher() string { return stringAt(e.properties, "publisher") }

func (e *extension) isScript() bool {
	kind := strings.ToLower(e.kind())
	return kind == "customscript" || kind == "customscriptextension" || kind == "customscriptforlinux"
}

// runsLike says whether the guest agent would see no difference to another.
func (e *extension) runsLike(other *extension) bool {
	for _, name := range []string{"settings", "protectedSettings", "forceUpdateTag", "publisher", "type"} {
		if !reflect.DeepEqual(e.properties[name], other.properties[name]) {
			return false
		}
	}
	return true
}

// script is what the extension runs; protected settings win, as in the agent.
func (e *extension) script() Script {
	var s Script
	for _, settings := range []object{objectAt(e.properties, "settings"), objectAt(e.properties, "protectedSettings")} {
		if command := stringAt(settings, "commandToExecute"); command != "" {
			s.Command = command
		}
		if encoded := stringAt(settings, "script"); encoded != "" {
			if text, err := base64.StdEncoding.DecodeString(encoded); err == nil {
				s.Command = string(text)
			}
		}
		uris := arrayAt(settings, "fileUris")
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

// shown is the profile as it is returned: without what is protected.
func (m *model) shown() object {
	shown := m.profile
	if objectAt(shown, "osProfile") != nil {
		shown = with(shown, "osProfile", without(objectAt(shown, "osProfile"), "adminPassword", "customData"))
	}
	shown = without(shown, "userData")
	if at(shown, "extensionProfile", "extensions") == nil {
		return shown
	}
	list := make([]any, 0, len(m.extensions))
	for _, e := range m.extensions {
		list = append(list, members{{"name", e.name}, {"properties", e.shown()}})
	}
	return with(shown, "extensionProfile", with(objectAt(shown, "extensionProfile"), "extensions", list))
}

// shown leaves out the protected settings. A reference to a key vault, from which they are taken, is shown.
func (e *extension) shown() object { return without(e.properties, "protectedSettings") }

func (m *model) terminateNotice() time.Duration {
	profile := objectAt(m.profile, "scheduledEventsProfile", "terminateNotificationProfile")
	if !boolAt(profile, "enable") {
		return 0
	}
	notice, _ := isoDuration(stringAt(profile, "notBeforeTimeout"))
	return notice
}

func isFlexible(full object) bool {
	return strings.EqualFold(stringAt(full, "properties", "orchestrationMode"), flexible)
}

// isGroup says whether a scale set makes no machines itself.
func isGroup(full object) bool {
	return isFlexible(full) && objectAt(full, "properties", "virtualMachineProfile") == nil
}

const (
	uniform  = "Uniform"
	flexible = "Flexible"
)
