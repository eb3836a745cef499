package rollout

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ProvisioningState is where a scale set or an instance stands with the platform.
type ProvisioningState string

// The provisioning states. Whatever else Azure says is StateUnknown.
const (
	StateUnknown   ProvisioningState = ""
	StateCreating  ProvisioningState = "Creating"
	StateUpdating  ProvisioningState = "Updating"
	StateSucceeded ProvisioningState = "Succeeded"
	StateFailed    ProvisioningState = "Failed"
	StateDeleting  ProvisioningState = "Deleting"
)

// Instance is one instance as a full list shows it.
type Instance struct {
	ID        string
	Name      string
	VMID      string // changes when an id is used again for another instance
	Zone      string
	CreatedAt time.Time
	State     ProvisioningState
	Latest    Tristate // at the latest model, as the platform reports
	Protected bool     // from scale-set actions
	Power     PowerState
	Health    HealthReport
	ListedAt  time.Time // by Azure's clock, to be compared with Azure's other times; zero: not known
	Origin    Origin
	Disk      OSDisk
	Script    ScriptState // of the script extension that the round works on; in the list, the worst of all
	InstanceReports
}

// Origin holds the marks of the origin of an instance, where the platform does not say itself whether it has the latest model.
type Origin struct {
	Attached    bool      // the scale set did not make it
	ProfileTime time.Time // when the profile was made that it has, in whole seconds; zero: not shown
}

// PowerState is whether an instance runs.
type PowerState struct {
	Running Tristate
	Off     PowerOff
}

// HealthReport is a report of the application health extension or of the health probe.
type HealthReport struct {
	Healthy Tristate
	Since   time.Time // of the last change or report, by Azure's clock; zero: not known
}

// OSDisk is the disk that an instance boots from.
type OSDisk struct {
	ID           string // identity of the disk; "": not shown
	Image        *Image // nil: not shown
	ImageVersion string // exact version of the image; "": not shown
	Generation   string // of the virtual hardware, V1 or V2, which never changes; "": not shown
}

// InstanceScript is one custom script extension as an instance shows it.
type InstanceScript struct {
	Extension string // its name; "": not shown
	State     ScriptState
	Settings  *ModelScript // as the instance has them; nil: not shown
}

// ScriptState is the state of the custom script extension that an instance shows.
type ScriptState int

// The script states.
const (
	ScriptUnknown ScriptState = iota
	ScriptAbsent
	ScriptRunning
	ScriptSucceeded
	ScriptFailed
)

// PowerOff is the power state of an instance that is off for certain and stays so until it is started. The words are part of messages.
type PowerOff string

// The power states of an instance that is off. An instance on its way up or down, or whose power state is not known, is NotOff.
const (
	NotOff         PowerOff = ""
	OffStopped     PowerOff = "stopped"     // by Azure, or by its own operating system
	OffDeallocated PowerOff = "deallocated" // only Azure can do that
)

// IsOff reports that the instance is off for certain, and that Azure is not at work on it: an instance is off for a moment in an upgrade,
// too.
func (i Instance) IsOff() bool {
	return i.Power.Off != NotOff && (i.State == StateSucceeded || i.State == StateFailed)
}

// IsBusy reports that the platform is at work on the instance, or does not show what it does.
func (i Instance) IsBusy() bool {
	switch i.State {
	case StateCreating, StateUpdating, StateUnknown:
		return true
	case StateSucceeded, StateFailed, StateDeleting:
		return i.Latest == Unknown
	}
	return true
}

// IsBusyOrDeleting reports that an operation on the instance has to wait, maybe for ever.
func (i Instance) IsBusyOrDeleting() bool { return i.IsBusy() || i.State == StateDeleting }

// TakesOperations reports that Azure would work on the instance at once.
func (i Instance) TakesOperations() bool { return !i.IsBusyOrDeleting() && !i.Protected && !i.IsOff() }

// MayBeChosen reports whether the platform would act on the instance at all.
func (i Instance) MayBeChosen(p ProtectedPolicy) bool { return !i.Protected || p == ProtectedSkip }

// ScriptStateOf returns the state of the named extension, or of the extensions whose name is not shown. An instance that shows only other
// extensions does not have it.
func (i Instance) ScriptStateOf(extension string) ScriptState {
	if len(i.Scripts) == 0 {
		return i.Script
	}
	var unnamed []InstanceScript
	for _, s := range i.Scripts {
		switch {
		case strings.EqualFold(s.Extension, extension):
			return s.State
		case s.Extension == "":
			unnamed = append(unnamed, s)
		}
	}
	if len(unnamed) == 0 {
		return ScriptAbsent
	}
	return WorstScript(unnamed)
}

// WorstScript returns the state of several script extensions together: failed if one failed, succeeded if all did.
func WorstScript(scripts []InstanceScript) ScriptState {
	for _, state := range []ScriptState{ScriptFailed, ScriptRunning, ScriptUnknown} {
		if slices.ContainsFunc(scripts, func(s InstanceScript) bool { return s.State == state }) {
			return state
		}
	}
	if len(scripts) == 0 {
		return ScriptUnknown
	}
	return ScriptSucceeded
}

// FindInstance returns the listed instance that the reference means.
func FindInstance(instances []Instance, ref Ref) (Instance, bool) {
	for _, i := range instances {
		if ref.Is(i) {
			return i, true
		}
	}
	return Instance{}, false
}

// CompareIDs compares ids as numbers where both are numbers, so that 10 comes after 9, and as text otherwise.
func CompareIDs(a, b string) int {
	x, errX := strconv.ParseUint(a, 10, 64)
	y, errY := strconv.ParseUint(b, 10, 64)
	switch {
	case errX == nil && errY == nil:
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
	case errX == nil:
		return -1
	case errY == nil:
		return 1
	default:
		return cmp.Compare(a, b)
	}
}
