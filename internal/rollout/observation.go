package rollout

import "time"

// Observation is everything that a round knows.
type Observation struct {
	At    time.Time
	State State

	Operation      Result[OperationStatus]
	Instances      Result[[]Instance]
	Model          Result[Model]
	RollingUpgrade Result[RollingUpgrade]
	Exists         map[string]Result[bool] // by id: whether the scale set has an instance that the list lacks

	Cluster          ClusterReads
	Tasks            TaskResults
	IntegrationError *Problem // what is declared of checks and hooks is not valid
	Window           Window
	Actions          []Action // not answered yet, oldest first
}

// ClusterReads is what was read of the cluster.
type ClusterReads struct {
	Ownership        Result[Ownership]
	Settings         Result[ProtectedSettings]   // of the Secret of the target's script
	BaselineSettings Result[ProtectedSettings]   // of the Secret that a rollback needs
	Revisions        map[string]Result[Snapshot] // stored revisions that were read, by name
	RolledBack       RolledBackRevision          // what the object keeps beside its status
	Terminating      bool                        // the namespace is being deleted, so nothing can be created in it
}

// TaskResults is what is known of the work outside the scale set.
type TaskResults struct {
	Checks map[CheckKey]CheckResult
	Hooks  map[HookCallKey]HookCallResult
	Nodes  map[string]NodeState // by instance id
}

// Action is what a person asks for.
type Action struct {
	UID               string
	Verb              Verb
	Run               int64  // the run it is for
	Step              string // for Approve and Promote
	Instance          string // for SkipInstance
	Revision          string // for Rollback: not to the baseline, but to this record
	RequestedBy       string
	RequesterVerified bool // RequestedBy was compared with the caller
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

// Ownership says which rollout owns the scale set. The zero value: this one may.
type Ownership struct {
	Owner     string // the other rollout, for people; "": this one may work
	Releasing bool   // the other one is younger, and only waits for an operation in flight
}

// Window says whether the declared windows let a batch begin now. The zero value is a window that is always open.
type Window struct {
	Closed      bool
	NextChange  time.Time // when it opens or closes next; zero: not known
	ClosedUntil time.Time // where that is not known, until when it does not open; zero: for a year
	Problem     *Problem  // why it is not known whether it is open; it counts as closed then
}

// Result is the outcome of one read: not made (the zero value), failed with a problem, or a value.
type Result[T any] struct {
	State   ReadState
	Value   T
	Problem *Problem // set when State is ReadFailed
}

// ReadState says whether a read was made and succeeded.
type ReadState int

// The states of a read.
const (
	NotRead ReadState = iota
	ReadFailed
	Read
)

// Known wraps a value that was read.
func KnownResult[T any](v T) Result[T] { return Result[T]{State: Read, Value: v} }

// Unknown wraps the problem of a read that failed.
func FailedResult[T any](p *Problem) Result[T] { return Result[T]{State: ReadFailed, Problem: p} }

// Truth is a fact that may be unknown.
type Tristate int

// The truth values. The zero value is unknown.
const (
	Unknown Tristate = iota
	False
	True
)

// Model is what the core knows of a scale set: the declared paths of its model, and what decides whether it may be touched.
type Model struct {
	ETag                       string
	ReadAt                     time.Time // by Azure's clock; zero: not known
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
	Disk      OSDisk
	Script    ScriptState      // of the script extension that the round works on; in the list, the worst of all
	Scripts   []InstanceScript // every custom script extension that it shows
	Message   string           // what the platform reports of a failure, with the last lines of the script's stderr
}

// PowerState is whether an instance runs.
type PowerState struct {
	Running Tristate
	Off     PowerOff
}

// HealthReport is what the application health extension or the health probe reports.
type HealthReport struct {
	Healthy Tristate
	Since   time.Time // of the last change or report, by Azure's clock; zero: not known
}

// OSDisk is what an instance boots from.
type OSDisk struct {
	ID           string // identity of the disk; "": not shown
	Image        *Image // nil: not shown
	ImageVersion string // exact version of the image; "": not shown
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
	Duration   time.Duration // from its own start and end times; 0: not known
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
