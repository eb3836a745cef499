package kernel

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Choice is the value of a switch; empty: its default.
type Choice string

// Switches select behaviour of Azure that is not known outside Azure, or that differs from day to day. A client must be safe with every
// choice. The tags of each field list its choices, the default first, and the fact that it is about. The table in docs/simulator.md must
// list the same. A number is zero where the simulator does nothing of the kind.
type Switches struct {
	// UpgradeOfProtected selects what manualupgrade does with an instance that is protected from the scale set's actions.
	UpgradeOfProtected Choice `json:"upgradeOfProtected" choices:"skip refuse upgrade" fact:"§7.5"`
	// UpgradeOfDeallocated selects what manualupgrade does with an instance that is deallocated or stopped.
	UpgradeOfDeallocated Choice `json:"upgradeOfDeallocated" choices:"apply skip refuse" fact:"§7.5"`
	// UpgradeOfFailed selects what manualupgrade does with an instance whose provisioning failed.
	UpgradeOfFailed Choice `json:"upgradeOfFailed" choices:"apply skip refuse" fact:"§7.5"`
	// WriteDuringUpgrade selects what happens to a model write while a manualupgrade runs: both go on, the write is refused, or the upgrade
	// ends.
	WriteDuringUpgrade Choice `json:"writeDuringUpgrade" choices:"accept conflict preempt" fact:"§7.1"`
	// ParallelUpgrades selects what happens to a manualupgrade while another one runs on other instances.
	ParallelUpgrades Choice `json:"parallelUpgrades" choices:"accept conflict" fact:"§2.8"`
	// ConflictCode is the code of a 409 for two writers: the usual one, or that of 2026.
	ConflictCode Choice `json:"conflictCode" choices:"Conflict ConflictingConcurrentWriteNotAllowed" fact:"§2.8"`
	// PreemptedEnd is the status of an operation that a newer one ended.
	PreemptedEnd Choice `json:"preemptedEnd" choices:"Canceled Failed" fact:"§2.8"`
	// SameModel selects when an instance counts as current after a write that restores the instance's model: by version it does not, by
	// content it does.
	SameModel Choice `json:"sameModel" choices:"version content" fact:"§2.1"`
	// ExtensionsPatch selects what PATCH does to the list of extensions.
	ExtensionsPatch Choice `json:"extensionsPatch" choices:"replace merge" fact:"§7.6"`
	// UnsentSecrets selects what happens to protected settings when a client sends an extension as it was shown, which is without them.
	UnsentSecrets Choice `json:"unsentSecrets" choices:"keep lose" fact:"§7.6"`
	// CustomDataChange selects the answer to a write of other custom data.
	CustomDataChange Choice `json:"customDataChange" choices:"accept refuse" fact:"§2.8"`
	// ImageTypeChange selects the answer to a write that replaces a marketplace image by one with an id, or the reverse.
	ImageTypeChange Choice `json:"imageTypeChange" choices:"accept refuse" fact:"§8"`
	// FlexibleFilter selects what $filter does in the list of a Flexible set.
	FlexibleFilter Choice `json:"flexibleFilter" choices:"apply ignore refuse" fact:"§7.3"`
	// FlexibleTag selects what moves the tag of an instance of a Flexible set to the time of the set's latest profile: its upgrade, nothing
	// after its creation, or the write of the profile itself.
	FlexibleTag Choice `json:"flexibleTag" choices:"upgrade never write" fact:"§7.3"`
	// FlexibleReimageTag selects whether a reimage moves that tag.
	FlexibleReimageTag Choice `json:"flexibleReimageTag" choices:"keep move" fact:"§7.3"`
	// FlexibleResources selects whether the list of virtual machines shows their extensions as resources, or only a read of one does.
	FlexibleResources Choice `json:"flexibleResources" choices:"show hide" fact:"§7.3"`
	// FilterCharge selects the charge of a list with $filter: the instances that it shows, or all that it looked at.
	FilterCharge Choice `json:"filterCharge" choices:"shown scanned" fact:"§6"`
	// PageSizes selects whether pages of instances have one size, or vary up to it.
	PageSizes Choice `json:"pageSizes" choices:"same vary" fact:"§6"`
	// LastPage selects whether the last page of instances is full or empty.
	LastPage Choice `json:"lastPage" choices:"full empty" fact:"§6"`
	// PageLinks is how the token in nextLink comes: encoded, or with plus signs
	// and equals signs as they are, which are understood, or refused, when they come back.
	PageLinks Choice `json:"pageLinks" choices:"encoded plain strict" fact:"§2.8"`
	// InitializingHealth selects how rich health monitoring shows an instance that came up a short time ago.
	InitializingHealth Choice `json:"initializingHealth" choices:"initializing unknown missing" fact:"§1.3"`
	// HealthTime selects the event from which the time of an instance's health is taken: the last event of the instance, its last report of
	// health, or the last change of its health.
	HealthTime Choice `json:"healthTime" choices:"progress report change" fact:"§2.5"`
	// ExtensionFailure is the code of an operation that an extension failed.
	ExtensionFailure Choice `json:"extensionFailure" choices:"VMExtensionProvisioningError VMExtensionHandlerNonTransientError" fact:"§2.2"`
	// ReimageVersion is the version of an image that is "latest" which a reimage
	// takes: the documentation says the newest, the SDK that of the OS disk.
	ReimageVersion Choice `json:"reimageVersion" choices:"newest existing" fact:"§2.2"`
	// StartRunsScripts selects whether the start of a deallocated instance runs its scripts again.
	StartRunsScripts Choice `json:"startRunsScripts" choices:"changed always" fact:"§2.2"`
	// ComputerName is how an id becomes the six digits of a computer name.
	ComputerName Choice `json:"computerName" choices:"base36 decimal" fact:"§4"`
	// IDCase selects whether the resource group in ids of instances comes back in the case in which it was given.
	IDCase Choice `json:"idCase" choices:"seed keep upper" fact:"§1.2"`
	// RunCommandState selects the state that an instance shows while a run command runs in it: the state before it, or Updating.
	RunCommandState Choice `json:"runCommandState" choices:"keep updating" fact:"§2.9"`
	// RuleSwitch selects what happens to established connections when a load balancer's rule is switched to another pool or removed.
	RuleSwitch Choice `json:"ruleSwitch" choices:"stay break" fact:"§2.10"`
	// NetworkIfMatch selects what writes of network resources do with If-Match and If-None-Match.
	NetworkIfMatch Choice `json:"networkIfMatch" choices:"honour ignore" fact:"§2.10"`
	// BalancerEtag selects what changes a load balancer's etag: writes only, or also instances that join or leave its pools.
	BalancerEtag Choice `json:"balancerEtag" choices:"writes members" fact:"§2.10"`
	// ProbeVerdict selects how answers to a probe decide whether an instance serves: the first answer decides, and later as many in a row as
	// the probe asks for; or as many in a row from the beginning; or each single answer, whatever the probe asks for.
	ProbeVerdict Choice `json:"probeVerdict" choices:"first threshold each" fact:"§2.10"`

	// HealthDelaySeconds is how long the health of an instance is not known after it came up.
	HealthDelaySeconds int `json:"healthDelaySeconds" fact:"§2.5"`
	// CoresQuota is how many cores all scale sets of a subscription may have in a region.
	CoresQuota int `json:"coresQuota" fact:"§2.8"`
	// RepairsGiveUpAfter is how many repairs in a row may fail before repairs suspend themselves.
	RepairsGiveUpAfter int `json:"repairsGiveUpAfter" fact:"§2.5"`
}

// WithDefaults sets each switch that is empty to its default, and refuses a value that is not a choice.
func (w Switches) WithDefaults() (Switches, error) {
	err := SettleChoices(reflect.ValueOf(&w).Elem())
	return w, err
}

// SettleChoices sets each empty field of a structure of switches to its default, and returns an error for each value that is not a choice.
func SettleChoices(v reflect.Value) error {
	var problems []error
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := field.Tag.Get("json")
		if v.Field(i).Kind() == reflect.Int {
			if v.Field(i).Int() < 0 {
				problems = append(problems, fmt.Errorf("switch %s is below 0", name))
			}
			continue
		}
		choices := ChoicesOf(v.Type(), field)
		if v.Field(i).Len() == 0 {
			v.Field(i).SetString(choices[0])
		}
		if !slices.Contains(choices, v.Field(i).String()) {
			problems = append(problems, fmt.Errorf("switch %s stands at %q, which is none of %v", name, v.Field(i).String(), choices))
		}
	}
	return errors.Join(problems...)
}

// ChoicesOf lists the choices of a field of such a structure, the default first: from its tag, or from the method Choices of the structure
// if the list is too long for a tag.
func ChoicesOf(structure reflect.Type, field reflect.StructField) []string {
	if tag, tagged := field.Tag.Lookup("choices"); tagged {
		return strings.Fields(tag)
	}
	return reflect.Zero(structure).Interface().(interface{ Choices(field string) []string }).Choices(field.Name)
}

// mustSwitches is for switches that are part of a program: a wrong one is a mistake in it.
func mustSwitches(w Switches) Switches {
	w, err := w.WithDefaults()
	if err != nil {
		panic(fmt.Sprintf("setting the simulator's switches: %v", err))
	}
	return w
}
