package rollout

import "time"

// Spec is what the user declares.
type Spec struct {
	ScaleSet  ScaleSet // for the commands in messages
	Target    Target
	Baseline  *Target // what to go back to before any run completed; nil: what a snapshot of the model says
	Canary    Canary
	Batch     Batch
	Instances InstancePolicy
	Health    Health
	Tasks     Tasks
	Failure   FailurePolicy
	Drift     Drift
	Repairs   RepairsPolicy
	Paused    bool
	PlanOnly  bool // report what would be done, and do nothing
	Deletion  Deletion

	HistoryLimit int // how many ended runs are kept
}

// Canary says how much of the scale set may have the target, and what has to pass on the way.
type Canary struct {
	Percent int           // share of eligible instances that may have the target, 1 to 100; ignored where there are steps
	Steps   []CanaryStep  // shares to be reached one after the other; none: Percent is the only one
	Bake    time.Duration // how long the last share has to be reached and healthy before the run completes
}

// InstancePolicy says which instances come next, and what is done to them.
type InstancePolicy struct {
	Zones     Zones
	Order     Order
	Action    InstanceAction
	Protected ProtectedPolicy
}

// Tasks is the declared work outside the scale set.
type Tasks struct {
	Checks []Check
	Hooks  []Hook
	Drain  *Drain // nil: instances are not drained as nodes of this cluster
}

// FailurePolicy says how much failure is borne, and what is done about more.
type FailurePolicy struct {
	MaxFailed        Amount        // machines that may fail; 0: none
	Retries          int           // how often a failed machine is tried again before it counts
	ProgressDeadline time.Duration // without progress for this long while a batch is permitted: failed; 0: never
	Action           FailureAction
}

// FailureAction says what is done about a failure.
type FailureAction string

// The failure actions.
const (
	FailurePause    FailureAction = "Pause"    // hold and wait for a person
	FailureAbort    FailureAction = "Abort"    // put the model back, leave the machines to look at
	FailureRollback FailureAction = "Rollback" // put the model back and the exposed machines too
)

// Drift says what is done when somebody else changes the model.
type Drift struct {
	Overwrite bool // write again what is declared, instead of holding
	RollOther bool // bring machines along that fell behind through other parts of the model, instead of reporting them
}

// RepairsPolicy says what becomes of Azure's automatic repairs during a run.
type RepairsPolicy string

// The policies for automatic repairs.
const (
	RepairsLeave   RepairsPolicy = "Leave"
	RepairsSuspend RepairsPolicy = "Suspend" // from before the first write until the run is over
)

// Deletion says whether the object is on its way out, and what is left to do for it.
type Deletion string

// The deletions.
const (
	DeletionNone     Deletion = ""
	DeletionLeave    Deletion = "Leave"    // stop, and give back what was suspended
	DeletionRollback Deletion = "Rollback" // put everything back first
)

// CanaryStep is a share of the scale set, and what has to pass before the next step may begin.
type CanaryStep struct {
	Name    string
	Percent int           // of the eligible instances, 1 to 100; 0: Count is the share
	Count   int           // instances
	Soak    time.Duration // how long the share has to be reached and well without a break

	Approval *Approval // nil: nobody is asked
}

// Approval is a gate that a person opens.
type Approval struct {
	Timeout   time.Duration // counted from the end of the soak; 0: for ever
	OnTimeout OnTimeout
}

// OnTimeout says what becomes of a gate that nobody opened in time.
type OnTimeout string

// What an approval's timeout leads to.
const (
	TimeoutWait     OnTimeout = "Wait"
	TimeoutApprove  OnTimeout = "Approve"
	TimeoutAbort    OnTimeout = "Abort"
	TimeoutRollback OnTimeout = "Rollback"
)

// Target is the release: an image, a script, or both.
type Target struct {
	Image       *Image
	Script      *Script
	RevisionTag string // changing it makes a new revision of identical content

	NoScript bool `json:",omitempty"` // only on the way back: the model had no script extension
}

// Image names what an instance boots from. Exactly one of ID, SharedGalleryID, CommunityGalleryID or the marketplace
// quadruple (Publisher, Offer, SKU, Version) is set.
type Image struct {
	ID                 string
	SharedGalleryID    string
	CommunityGalleryID string
	Publisher          string
	Offer              string
	SKU                string
	Version            string
}

// Script is what the custom script extension downloads and runs. ProtectedSettings is the name of the Secret that holds the
// extension's protected settings; its content never enters the core.
type Script struct {
	URIs              []string
	Command           string
	ProtectedSettings string
	Extension         string `json:",omitempty"` // name of the extension to write; "": the one that is there, or the default name

	ForceUpdateTag *string       `json:",omitempty"` // only on the way back: exactly the tag that the model had
	Handler        ScriptHandler `json:",omitempty"` // only on the way back: what the extension had that no target declares
}

// Batch bounds how many machines are worked on at a time.
type Batch struct {
	Size           Amount        // machines upgraded in one call
	MaxUnavailable Amount        // machines that may be out of service, counting those that already were
	Pause          time.Duration // rest between the end of one batch and the start of the next
}

// Amount is a count, or a percentage of the eligible instances.
type Amount struct {
	Value     int
	IsPercent bool
}

// Of returns the amount for n instances. Percentages round down and are at least 1: 34 % of 3 is 1, 10 % of 5 is 1.
// Nothing is more than n.
func (a Amount) Of(n int) int {
	if !a.IsPercent {
		return min(max(a.Value, 1), n)
	}
	return share(a.Value, n)
}

// Tolerated returns the amount for n instances where none is meant too: percentages round down, also to 0.
func (a Amount) Tolerated(n int) int {
	if a.IsPercent {
		return a.Value * n / 100
	}
	return min(a.Value, n)
}

// share is percent of n, rounded down, at least 1, at most n; 0 of nothing.
func share(percent, n int) int {
	if n == 0 {
		return 0
	}
	return min(max(1, percent*n/100), n)
}

// Zones says how batches relate to availability zones.
type Zones string

// The zone policies.
const (
	ZonesSpread     Zones = "Spread"     // each next machine comes from the zone with the smallest exposed share
	ZonesOneAtATime Zones = "OneAtATime" // a zone is finished before the next is begun, in the order of their names
	ZonesIgnore     Zones = "Ignore"     // zones play no part
)

// Order says which outdated machine goes first.
type Order string

// The orders.
const (
	OrderOldest     Order = "Oldest"     // by creation time, then by id
	OrderNewest     Order = "Newest"     // by creation time, latest first, then by id, highest first
	OrderInstanceID Order = "InstanceID" // by id, numerically where ids are numbers
)

// InstanceAction says what is done to a machine.
type InstanceAction string

// The instance actions.
const (
	ActionUpgrade            InstanceAction = "Upgrade"            // bring it to the latest model
	ActionUpgradeThenReimage InstanceAction = "UpgradeThenReimage" // and then give it a fresh OS disk
)

// ProtectedPolicy says what becomes of machines that are protected from scale-set actions.
type ProtectedPolicy string

// The policies for protected machines.
const (
	ProtectedSkip ProtectedPolicy = "Skip" // not eligible: neither touched nor counted
	ProtectedWait ProtectedPolicy = "Wait" // eligible; the rollout waits for the protection to be lifted
	ProtectedFail ProtectedPolicy = "Fail" // the rollout does not start while there is one
)

// HealthSource says where a machine's health is read.
type HealthSource string

// The health sources.
const (
	HealthApplication  HealthSource = "ApplicationHealth" // the application health extension, or the load balancer's probe
	HealthProvisioning HealthSource = "ProvisioningState" // provisioning succeeded and the machine runs; says nothing of the application
)

// Health says when an upgraded machine counts as well.
type Health struct {
	Source           HealthSource
	MinReady         time.Duration // well for this long without a break
	Timeout          time.Duration // not well after this long, counted from the end of its operation: failed
	SuccessThreshold int           // readings in a row in which an instance has to be healthy; 0 or 1: one
}
