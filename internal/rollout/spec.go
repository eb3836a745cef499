package rollout

import (
	"slices"
	"strings"
	"time"
)

// Spec is the user's declaration.
type Spec struct {
	ScaleSet  ScaleSet // for the commands in messages
	Target    Target
	Baseline  *Target // what to go back to before any run completed; nil: what a snapshot of the model says
	Canary    Canary
	BlueGreen *BlueGreen // nil: the release goes to one scale set
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

// InstancePolicy says which instances come next, and what is done to them.
type InstancePolicy struct {
	Zones     Zones
	Order     Order
	Action    InstanceAction
	Protected ProtectedPolicy
	Stopped   StoppedPolicy
}

// Tasks is the declared work outside the scale set.
type Tasks struct {
	Checks []Check
	Hooks  []Hook
	Drain  *Drain // nil: instances are not drained as nodes of this cluster
}

// ChecksOf returns the declared checks of a scope, those in the background or the others.
func (t Tasks) ChecksOf(scope CheckScope, background bool) []Check {
	return slices.DeleteFunc(slices.Clone(t.Checks), func(c Check) bool { return c.Scope != scope || c.Background != background })
}

// HooksAt returns the declared hooks of a point.
func (t Tasks) HooksAt(point HookPoint) []Hook {
	return slices.DeleteFunc(slices.Clone(t.Hooks), func(h Hook) bool { return h.At != point })
}

// FailurePolicy declares how many failures are tolerated, and the reaction to more.
type FailurePolicy struct {
	MaxFailed        Amount        // instances that may fail; 0: none
	Retries          int           // how often a failed instance is tried again before it counts
	ProgressDeadline time.Duration // without progress for this long while a batch is permitted: failed; 0: never
	Action           FailureAction
}

// FailureAction says what is done about a failure.
type FailureAction string

// The failure actions.
const (
	FailurePause    FailureAction = "Pause"    // hold and wait for a person
	FailureAbort    FailureAction = "Abort"    // put the model back, leave the instances to look at
	FailureRollback FailureAction = "Rollback" // put the model back and the exposed instances too
)

// Drift is the reaction to another writer's change of the model.
type Drift struct {
	Overwrite bool // write again what is declared, instead of holding
	RollOther bool // bring instances along that fell behind through other parts of the model, instead of reporting them
}

// RepairsPolicy says what becomes of Azure's automatic repairs during a run.
type RepairsPolicy string

// The policies for automatic repairs.
const (
	RepairsLeave   RepairsPolicy = "Leave"
	RepairsSuspend RepairsPolicy = "Suspend" // from before the first write until the run is over
)

// Deletion tells whether the object is being deleted, and what is left to do for it.
type Deletion string

// The deletions.
const (
	DeletionNone     Deletion = ""
	DeletionLeave    Deletion = "Leave"    // stop, and give back what was suspended
	DeletionRollback Deletion = "Rollback" // put everything back first
)

// Script is downloaded and run by the custom script extension. ProtectedSettings is the name of the Secret that holds the
// extension's protected settings; its content never enters the core.
type Script struct {
	URIs              []string
	Command           string
	ProtectedSettings string
	Extension         string `json:",omitempty"` // name of the extension to write; "": the one that is there, or the default name

	ManagedIdentity *ManagedIdentity `json:",omitempty"` // that downloads the URIs; nil: none is declared
	KeyVault        *KeyVaultSecret  `json:",omitempty"` // that holds the protected settings; nil: none is declared

	ForceUpdateTag *string       `json:",omitempty"` // only in a rollback: exactly the tag that the model had
	Handler        ScriptHandler `json:",omitempty"` // only in a rollback: what the extension had that no target declares
}

// ManagedIdentity names an identity of the instances, by one of its ids. Without an id it is the system-assigned one. It is one of the
// extension's protected settings, so that it cannot be read back; it is no secret.
type ManagedIdentity struct {
	ClientID string `json:",omitempty"`
	ObjectID string `json:",omitempty"`
}

// KeyVaultSecret names a version of a secret in a key vault. Azure reads it for the extension. The name can be read back from the model.
type KeyVaultSecret struct {
	SecretURL string
	VaultID   string // ARM id of the vault
}

// Same reports whether both are the same version. Names in key vaults and ids have no case.
func (k *KeyVaultSecret) Same(o *KeyVaultSecret) bool {
	if k == nil || o == nil {
		return k == o
	}
	return strings.EqualFold(k.SecretURL, o.SecretURL) && strings.EqualFold(k.VaultID, o.VaultID)
}

// IsHidden reports that the script has settings that cannot be read back.
func (s Script) IsHidden() bool { return s.ProtectedSettings != "" || s.ManagedIdentity != nil }

// Batch bounds how many instances are worked on at a time.
type Batch struct {
	Size           Amount        // instances upgraded in one call
	MaxUnavailable Amount        // instances that may be out of service, counting those that already were
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
	ZonesSpread     Zones = "Spread"     // each next instance comes from the zone with the smallest exposed share
	ZonesOneAtATime Zones = "OneAtATime" // a zone is finished before the next is begun, in the order of their names
	ZonesIgnore     Zones = "Ignore"     // zones play no part
)

// Order says which outdated instance goes first.
type Order string

// The orders.
const (
	OrderOldest     Order = "Oldest"     // by creation time, then by id
	OrderNewest     Order = "Newest"     // by creation time, latest first, then by id, highest first
	OrderInstanceID Order = "InstanceID" // by id, numerically where ids are numbers
)

// InstanceAction says what is done to an instance.
type InstanceAction string

// The instance actions.
const (
	ActionUpgrade            InstanceAction = "Upgrade"            // bring it to the latest model
	ActionUpgradeThenReimage InstanceAction = "UpgradeThenReimage" // and then give it a fresh OS disk
)

// ProtectedPolicy says what becomes of instances that are protected from scale-set actions.
type ProtectedPolicy string

// The policies for protected instances.
const (
	ProtectedSkip ProtectedPolicy = "Skip" // not eligible: neither touched nor counted
	ProtectedWait ProtectedPolicy = "Wait" // eligible; the rollout waits for the protection to be lifted
	ProtectedFail ProtectedPolicy = "Fail" // the rollout does not start while there is one
)

// StoppedPolicy says what becomes of instances that are off for certain.
type StoppedPolicy string

// The policies for stopped and deallocated instances. The zero value is StoppedSkip.
const (
	StoppedSkip StoppedPolicy = "Skip" // not eligible: neither touched nor counted
	StoppedWait StoppedPolicy = "Wait" // eligible; the rollout waits until they are started
	StoppedFail StoppedPolicy = "Fail" // nothing begins while there is one
)

// HealthSource says where an instance's health is read.
type HealthSource string

// The health sources.
const (
	HealthApplication  HealthSource = "ApplicationHealth" // the application health extension, or the load balancer's probe
	HealthProvisioning HealthSource = "ProvisioningState" // provisioning succeeded and the instance runs; says nothing of the application
)

// Health says when an upgraded instance counts as well.
type Health struct {
	Source           HealthSource
	MinReady         time.Duration // well for this long without a break
	Timeout          time.Duration // not well after this long, counted from the end of its operation: failed
	SuccessThreshold int           // readings in a row in which an instance has to be healthy; 0 or 1: one
}

// RequiredReadings returns how many readings in a row are counted; 0: one look is enough, so none is counted.
func (h Health) RequiredReadings() int {
	if h.SuccessThreshold <= 1 {
		return 0
	}
	return h.SuccessThreshold
}
