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
	Image          Result[Image]           // the exact version that the target's image stands for now
	ImageTraits    Result[ImageTraits]     // of the image that Reads.ImageTraits named
	Traffic        Result[Traffic]         // where the rule of the load balancer leads
	Peer           Result[Model]           // of the other scale set
	Exists         map[string]Result[bool] // by id: whether the scale set has an instance that the list lacks

	Cluster          ClusterReads
	Tasks            TaskResults
	IntegrationError *Problem // what is declared of checks and hooks is not valid
	Window           Window
	Actions          []Action // not answered yet, oldest first
}

// ClusterReads holds the reads of the cluster.
type ClusterReads struct {
	Ownership        Result[Ownership]
	Settings         Result[ProtectedSettings]   // of the Secret of the target's script
	BaselineSettings Result[ProtectedSettings]   // of the Secret that a rollback needs
	Revisions        map[string]Result[Snapshot] // stored revisions that were read, by name
	RolledBack       RolledBackRevision          // what the object keeps beside its status
	Terminating      bool                        // the namespace is being deleted, so nothing can be created in it
}

// TaskResults holds the known results of the work outside the scale set.
type TaskResults struct {
	Checks map[CheckKey]CheckResult
	Hooks  map[HookCallKey]HookCallResult
	Nodes  map[string]NodeState // by instance id
}

// Action is a request of a user.
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

// OlderOwner returns the older rollout that owns the scale set; "": none that is known.
func (o Ownership) OlderOwner() string {
	if o.Releasing {
		return ""
	}
	return o.Owner
}

// Window tells whether the declared windows let a batch begin now. The zero value is a window that is always open.
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

// ReadState reports whether a read was made and succeeded.
type ReadState int

// The states of a read.
const (
	NotRead ReadState = iota
	ReadFailed
	Read
)

// KnownResult wraps a value that was read.
func KnownResult[T any](v T) Result[T] { return Result[T]{State: Read, Value: v} }

// FailedResult wraps the problem of a read that failed.
func FailedResult[T any](p *Problem) Result[T] { return Result[T]{State: ReadFailed, Problem: p} }

// Tristate is a fact that may be unknown.
type Tristate int

// The values. The zero value is unknown.
const (
	Unknown Tristate = iota
	False
	True
)

// OperationStatus is the answer to a poll of a running operation.
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

// ProtectedSettings is the core's knowledge of the Secret with the script's protected settings.
type ProtectedSettings struct {
	HasCommand bool   // it holds the command to execute
	Digest     string // keyed, so that it tells a change and nothing else
}

// Reads says what a round has to read before it can decide.
type Reads struct {
	Operation      bool // poll the running operation
	Instances      bool
	Model          bool
	RollingUpgrade bool // whether Azure carries out a rolling upgrade
	Image          bool // which exact version the target's image stands for
	Ownership      bool // whether another rollout owns the scale set
	Traffic        bool // where the rule of the load balancer leads
	Peer           bool // the model of the other scale set

	ImageTraits Image // the image to look at before it is written; the zero value: none

	Settings         string // name of the Secret with the script's protected settings; "": none
	BaselineSettings string // name of the Secret that a rollback needs; "": none
	Revision         string // name of a stored revision; "": none
	Instance         string // id of an instance that the list lacks, to be read by it; "": none
}

// Any reports whether there is anything to read.
func (r Reads) Any() bool { return r != (Reads{}) }
