package rollout

import "time"

// Observation is everything a round knows.
type Observation struct {
	At        time.Time
	Memory    Memory
	Operation Reading[OperationStatus]
	Instances Reading[[]Instance]
	Model     Reading[Model]
	Settings  Reading[ProtectedSettings]
	Rolling   Reading[RollingUpgrade]
	Claim     Reading[Claim]
	// instances that the list lacks and that were asked for one by one, by id: whether the scale set has them
	Asked   map[string]Reading[bool]
	Window  Window
	Actions []Action                 // not answered yet, oldest first
	Checks  map[CheckKey]CheckResult // what is known of verifications under way, or over
	Outside *Problem                 // what is declared of checks and hooks makes no sense
	Calls   map[CallKey]CallResult   // what is known of calls under way, or over
	Nodes   map[string]NodeState     // how far the work on nodes is, by instance id

	Records      map[string]Reading[Snapshot] // stored records that were asked for, by name
	BackSettings Reading[ProtectedSettings]   // the Secret that going back would need

	TakenBack   TakenBack // what the object keeps beside its memory
	Terminating bool      // the rollout's namespace is being deleted, so nothing can be created in it any more
}

// Action is what a person asks for.
type Action struct {
	UID      string
	Verb     Verb
	Run      int64  // the run it is for
	Step     string // for Approve and Promote
	Instance string // for SkipInstance
	Revision string // for Rollback: not to the baseline, but to this record
	By       string
	Verified bool // By was held against the caller
}

// Verb says what an action asks for.
type Verb string

// The verbs.
const (
	VerbApprove      Verb = "Approve"
	VerbPromote      Verb = "Promote"
	VerbPromoteFull  Verb = "PromoteFull"
	VerbAbort        Verb = "Abort"
	VerbRollback     Verb = "Rollback"
	VerbRetry        Verb = "Retry"
	VerbSkipInstance Verb = "SkipInstance"
)

// Claim says whose the scale set is. The zero value is ours.
type Claim struct {
	Holder string // the rollout that has the scale set, for people; "": this one may
	Ending bool   // it is younger, and has only something in flight to see through
}

// Window says whether the declared windows let a batch begin now. The zero value is a window that is always open.
type Window struct {
	Closed  bool
	Changes time.Time // when it opens or closes next; zero: not known to
	Steady  time.Time // where that is not known, until when it does not; zero: for a year
	Problem *Problem  // why nobody can tell; it is closed then
}

// Reading is the outcome of one read: not made (the zero value), failed with a problem, or a value.
type Reading[T any] struct {
	State   ReadState
	Value   T
	Problem *Problem // set when State is ReadFailed
}

// ReadState says whether a read was made and worked.
type ReadState int

// The states of a reading.
const (
	NotRead ReadState = iota
	ReadFailed
	Read
)

// Known wraps a value that was read.
func Known[T any](v T) Reading[T] { return Reading[T]{State: Read, Value: v} }

// Unknown wraps the problem of a read that failed.
func Unknown[T any](p *Problem) Reading[T] { return Reading[T]{State: ReadFailed, Problem: p} }

// Truth is a fact that may be unknown.
type Truth int

// The truth values. The zero value is unknown.
const (
	Unsure Truth = iota
	No
	Yes
)

// Model is what the core knows of a scale set: the declared paths of its model, and what decides whether it may be touched.
type Model struct {
	ETag                       string
	SeenAt                     time.Time // when it was read, by Azure's clock; zero: not said
	UniqueID                   string    // tells the scale set from another one that gets its name; "": not shown
	Capacity                   int       // as read, UnknownCapacity where it is not shown; never written
	UpgradeMode                string
	Orchestration              string
	AutomaticOSUpgrade         bool
	AutomaticExtensionUpgrades []string // names of extensions that Azure upgrades by itself
	AutomaticRepairs           bool     // Azure replaces, reimages or restarts unhealthy machines by itself
	State                      ProvisioningState
	HealthMonitored            bool // an application health extension or a health probe is configured
	Image                      Image
	Script                     *ModelScript  // the custom script extension, the first where there are several; nil: none
	MoreScripts                []ModelScript // the other custom script extensions
	OtherExtensions            []string      // names of the extensions that run no script
	NewHandler                 ScriptHandler // what a new script extension needs, by the operating system
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
	SecretsInVault bool // its protected settings are named by a reference to a key vault, so all of it can be read
}

// ScriptHandler is every member of the custom script extension that a target does not declare, as JSON. A write sends it back as it was
// read. For a scale set without the extension it has what the operating system needs. The core carries it and compares it.
type ScriptHandler string

// UpgradeModeManual is the only mode in which changing the model touches no instance.
const UpgradeModeManual = "Manual"

// The orchestration modes. In both, a machine is named by the id that ARM's calls take: a number in Uniform, the machine's name in
// Flexible.
const (
	OrchestrationUniform  = "Uniform"
	OrchestrationFlexible = "Flexible"
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

// Instance is one machine as a full list shows it.
type Instance struct {
	ID           string
	Name         string
	VMID         string // changes when an id is used again for another machine
	Zone         string
	Created      time.Time
	State        ProvisioningState
	Latest       Truth // at the latest model, says the platform
	Protected    bool  // from scale-set actions
	Running      Truth // powered on
	Off          PowerOff
	AppHealth    Truth // healthy, says the application health extension or the probe
	HealthSince  time.Time
	SeenAt       time.Time        // when it was listed, by Azure's clock, to be held against Azure's other times; zero: not said
	Image        *Image           // what it booted from; nil: not shown
	ExactVersion string           // of the image that it booted from; "": not shown
	OSDisk       string           // identity of its OS disk; "": not shown
	Script       ScriptState      // of the custom script extension that the round works on; as it is listed, the worst of all
	Scripts      []InstanceScript // every custom script extension that it shows
	Message      string           // what the platform says of a failure, with the script's stderr tail
}

// InstanceScript is one custom script extension as an instance shows it.
type InstanceScript struct {
	Extension string // its name; "": not shown
	State     ScriptState
}

// ScriptState is what an instance shows of the custom script extension.
type ScriptState int

// The script states.
const (
	ScriptUnknown ScriptState = iota
	ScriptAbsent
	ScriptRunning
	ScriptSucceeded
	ScriptFailed
)

// OperationStatus is what a poll of a running operation said.
type OperationStatus struct {
	State      OperationState
	Problem    *Problem      // why it failed, was canceled or cannot be read
	RetryAfter time.Duration // when to ask again; 0: not said
	Took       time.Duration // from its own start and end times; 0: not said
}

// OperationState is how far a begun operation is.
type OperationState string

// The operation states.
const (
	OperationRunning   OperationState = "Running"
	OperationSucceeded OperationState = "Succeeded"
	OperationFailed    OperationState = "Failed"
	OperationCanceled  OperationState = "Canceled" // also preempted
	OperationLost      OperationState = "Lost"     // its status can no longer be read
)

// ProtectedSettings is what the core may know of the Secret with the script's protected settings.
type ProtectedSettings struct {
	HasCommand bool   // it holds the command to execute
	Digest     string // keyed, so that it tells a change and nothing else
}
