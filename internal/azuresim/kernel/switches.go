package kernel

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Choice is what a switch stands at; empty: at its default.
type Choice string

// Switches decide what nobody outside Azure knows, and what is so on some days
// only. A client must be safe whichever way they stand. Each field says in its
// tags how it may stand, the default first, and the fact it is about; the
// table in docs/simulator.md is held to them. Numbers are zero
// where nothing of the kind happens.
type Switches struct {
	// UpgradeOfProtected is what manualupgrade does with an instance that is protected from the scale set's actions.
	UpgradeOfProtected Choice `json:"upgradeOfProtected" choices:"skip refuse upgrade" fact:"§7.5"`
	// UpgradeOfDeallocated is what it does with one that is deallocated or stopped.
	UpgradeOfDeallocated Choice `json:"upgradeOfDeallocated" choices:"apply skip refuse" fact:"§7.5"`
	// UpgradeOfFailed is what it does with one whose provisioning failed.
	UpgradeOfFailed Choice `json:"upgradeOfFailed" choices:"apply skip refuse" fact:"§7.5"`
	// WriteDuringUpgrade is what a model write meets while a manualupgrade runs:
	// both go on, the newer is refused, or the older ends.
	WriteDuringUpgrade Choice `json:"writeDuringUpgrade" choices:"accept conflict preempt" fact:"§7.1"`
	// ParallelUpgrades is what a manualupgrade meets while another one runs on other instances.
	ParallelUpgrades Choice `json:"parallelUpgrades" choices:"accept conflict" fact:"§2.8"`
	// ConflictCode is the code of a 409 for two writers: the usual one, or that of 2026.
	ConflictCode Choice `json:"conflictCode" choices:"Conflict ConflictingConcurrentWriteNotAllowed" fact:"§2.8"`
	// PreemptedEnd is the status of an operation that a newer one ended.
	PreemptedEnd Choice `json:"preemptedEnd" choices:"Canceled Failed" fact:"§2.8"`
	// SameModel says whether a write that brings back a model which instances
	// still have makes these current again: by version it does not.
	SameModel Choice `json:"sameModel" choices:"version content" fact:"§2.1"`
	// SetEtag is what moves a scale set's etag: writes that change something,
	// those of them that change more than the capacity, or also what its instances go through.
	SetEtag Choice `json:"setEtag" choices:"writes model progress" fact:"§7.2"`
	// VMEtag is what moves an instance's etag: another model or policy, or also each of its states.
	VMEtag Choice `json:"vmEtag" choices:"writes progress" fact:"§7.2"`
	// ExtensionsPatch is what PATCH does to the list of extensions.
	ExtensionsPatch Choice `json:"extensionsPatch" choices:"replace merge" fact:"§7.6"`
	// UnsentSecrets is what becomes of protected settings when an extension is sent as it was shown.
	UnsentSecrets Choice `json:"unsentSecrets" choices:"keep lose" fact:"§7.6"`
	// CustomDataChange is what a write of other custom data meets.
	CustomDataChange Choice `json:"customDataChange" choices:"accept refuse" fact:"§2.8"`
	// ImageTypeChange is what a write meets that replaces a marketplace image by one with an id, or the other way round.
	ImageTypeChange Choice `json:"imageTypeChange" choices:"accept refuse" fact:"§8"`
	// FlexibleLatest is how instances of a Flexible set show latestModelApplied.
	FlexibleLatest Choice `json:"flexibleLatest" choices:"tell hide false" fact:"§7.3"`
	// FlexibleFilter is what $filter does in the list of a Flexible set.
	FlexibleFilter Choice `json:"flexibleFilter" choices:"apply ignore refuse" fact:"§7.3"`
	// FilterCharge is what a list with $filter costs: what it shows, or all it looked at.
	FilterCharge Choice `json:"filterCharge" choices:"shown scanned" fact:"§6"`
	// PageSizes says whether pages of instances have one size, or vary up to it.
	PageSizes Choice `json:"pageSizes" choices:"same vary" fact:"§6"`
	// LastPage is what the last page of instances is.
	LastPage Choice `json:"lastPage" choices:"full empty" fact:"§6"`
	// PageLinks is how the token in nextLink comes: encoded, or with plus signs
	// and equals signs as they are, which are understood, or refused, when they come back.
	PageLinks Choice `json:"pageLinks" choices:"encoded plain strict" fact:"§2.8"`
	// InitializingHealth is how rich health monitoring shows a machine that is not up for long enough.
	InitializingHealth Choice `json:"initializingHealth" choices:"initializing unknown missing" fact:"§1.3"`
	// HealthTime is what the time of an instance's health is of: of whatever last happened to the instance, of its last report of
	// health, or of the last change of its health.
	HealthTime Choice `json:"healthTime" choices:"progress report change" fact:"§2.5"`
	// ExtensionFailure is the code of an operation that an extension failed.
	ExtensionFailure Choice `json:"extensionFailure" choices:"VMExtensionProvisioningError VMExtensionHandlerNonTransientError" fact:"§2.2"`
	// ReimageVersion is the version of an image that is "latest" which a reimage
	// takes: the documentation says the newest, the SDK that of the OS disk.
	ReimageVersion Choice `json:"reimageVersion" choices:"newest existing" fact:"§2.2"`
	// StartRunsScripts says whether starting a deallocated machine runs its scripts again.
	StartRunsScripts Choice `json:"startRunsScripts" choices:"changed always" fact:"§2.2"`
	// ComputerName is how an id becomes the six digits of a computer name.
	ComputerName Choice `json:"computerName" choices:"base36 decimal" fact:"§4"`
	// IDCase says whether the group in ids of instances comes back in the case it was given in.
	IDCase Choice `json:"idCase" choices:"seed keep upper" fact:"§1.2"`
	// RunCommandState is what an instance shows while a run command is at work in it: what it did before, or that it is being updated.
	RunCommandState Choice `json:"runCommandState" choices:"keep updating" fact:"§2.9"`
	// RuleSwitch is what becomes of established connections when a load balancer's rule is switched to another pool, or goes.
	RuleSwitch Choice `json:"ruleSwitch" choices:"stay break" fact:"§2.10"`
	// NetworkIfMatch is what writes of network resources do with If-Match and If-None-Match.
	NetworkIfMatch Choice `json:"networkIfMatch" choices:"honour ignore" fact:"§2.10"`
	// BalancerEtag is what moves a load balancer's etag: writes, or also machines that become members or stop being that.
	BalancerEtag Choice `json:"balancerEtag" choices:"writes members" fact:"§2.10"`
	// ProbeVerdict is how answers to a probe decide whether a machine serves: the first one does, and later as many in a row as the
	// probe says; or as many from the beginning; or each one, whatever the probe says.
	ProbeVerdict Choice `json:"probeVerdict" choices:"first threshold each" fact:"§2.10"`

	// HealthDelaySeconds is how long a machine that came up has no verdict on its health.
	HealthDelaySeconds int `json:"healthDelaySeconds" fact:"§2.5"`
	// CoresQuota is how many cores all scale sets of a subscription may have in a region.
	CoresQuota int `json:"coresQuota" fact:"§2.8"`
	// RepairsGiveUpAfter is how many repairs in a row may fail before repairs suspend themselves.
	RepairsGiveUpAfter int `json:"repairsGiveUpAfter" fact:"§2.5"`
}

// WithDefaults puts each switch that is not set at its default, and refuses what is no choice.
func (w Switches) WithDefaults() (Switches, error) {
	err := SettleChoices(reflect.ValueOf(&w).Elem())
	return w, err
}

// SettleChoices puts each field of a structure of switches that is not set at its default, and says which are no choice.
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

// ChoicesOf lists what a field of such a structure may stand at, the default first: by its tag, or by the method of the structure
// where the list is too long for one.
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
