package rollout

import (
	"slices"
	"strings"
	"time"
)

// Model is the core's knowledge of a scale set: the declared paths of its model, and what decides whether it may be touched.
type Model struct {
	ETag string
	ModelTimes
	ModelProfile
	UniqueID                   string // tells the scale set from another one that gets its name; "": not shown
	Capacity                   int    // as read, UnknownCapacity where it is not shown; never written
	UpgradeMode                string
	Orchestration              string
	AutomaticOSUpgrade         bool
	AutomaticExtensionUpgrades []string // names of extensions that Azure upgrades by itself
	AutomaticRepairs           bool     // Azure replaces, reimages or restarts unhealthy instances by itself
	State                      ProvisioningState
	HealthMonitored            bool // an application health extension or a health probe is configured
	Image                      Image
	Script                     *ModelScript  // the custom script extension, the first where there are several; nil: none
	NewHandler                 ScriptHandler // what a new script extension needs, by the operating system
	ModelExtensions
}

// ModelProfile is the part of the model that is about hardware and network.
type ModelProfile struct {
	ImageLimits
	Backends []string // ARM ids of the backend pools that its primary IP configuration names
}

// ImageLimits decide which images the scale set can boot.
type ImageLimits struct {
	Location string // the region
	Security string // the security type, in Azure's word; "": not declared, which is Standard
}

// ModelTimes are the times of a model.
type ModelTimes struct {
	ReadAt      time.Time // by Azure's clock; zero: not known
	ProfileTime time.Time // when the profile that instances are made from was made, in whole seconds; zero: not shown
}

// UnknownCapacity is the capacity of a scale set that does not show one.
const UnknownCapacity = -1

// ModelScript is the readable part of the custom script extension in the model.
type ModelScript struct {
	Extension      string // its name in the extension profile
	URIs           []string
	Command        string
	ForceUpdateTag string
	Handler        ScriptHandler
	KeyVault       *KeyVaultSecret // that holds its protected settings, so all of it can be read; nil: none, and they cannot be
}

// ScriptHandler is every member of the custom script extension that a target does not declare, as JSON. A write sends it back as it was
// read. For a scale set without the extension it has what the operating system needs. The core carries it and compares it.
type ScriptHandler string

// UpgradeModeManual is the only mode in which changing the model touches no instance.
const UpgradeModeManual = "Manual"

// The orchestration modes. In both, an instance is named by the id that ARM's calls take: a number in Uniform, its name in
// Flexible.
const (
	OrchestrationUniform  = "Uniform"
	OrchestrationFlexible = "Flexible"
)

// DefaultScriptExtension names the script extension that is made where a scale set has none and no name is declared.
const DefaultScriptExtension = "vmssrollout-script"

// ScriptExtensions returns all script extensions of the model, the one that the round works on first.
func (m Model) ScriptExtensions() []ModelScript {
	if m.Script == nil {
		return m.MoreScripts
	}
	return append([]ModelScript{*m.Script}, m.MoreScripts...)
}

// HasScriptExtension reports whether one of the model's script extensions has the name.
func (m Model) HasScriptExtension(name string) bool {
	return slices.ContainsFunc(m.ScriptExtensions(), func(s ModelScript) bool { return strings.EqualFold(s.Extension, name) })
}

// WithScript returns the model with the named extension as the one that the round works on.
func (m Model) WithScript(name string) Model {
	all := m.ScriptExtensions()
	m.Script, m.MoreScripts = nil, nil
	for _, s := range all {
		if strings.EqualFold(s.Extension, name) {
			m.Script = &s
		} else {
			m.MoreScripts = append(m.MoreScripts, s)
		}
	}
	return m
}

// RollingUpgrade is the upgrade that Azure carries out by itself, batch by batch, to a newer image version or to newer extensions.
type RollingUpgrade struct {
	Running     bool
	StartedAt   time.Time // by Azure's clock; zero: not shown
	Done, Total int       // instances
	Cancel      string    // the command that ends it
}
