package rollout

import (
	"slices"
	"time"
)

// Ledger lists instances by what happened to them.
type Ledger struct {
	Exposed  []string  `json:"exposed,omitempty"`  // ids of all instances that a target may have touched since the baseline, sorted
	Verified []string  `json:"verified,omitempty"` // ids of those that this run verified to have its target, sorted
	Failed   []Failure `json:"failed,omitempty"`   // instances that failed in this run and have not recovered
	Skipped  []Ref     `json:"skipped,omitempty"`  // instances that an action or a hook took out of this run
	Cordoned []string  `json:"cordoned,omitempty"` // ids of instances whose nodes the rollout cordoned, or may have, sorted
}

func (l Ledger) clone() Ledger {
	l.Exposed, l.Verified, l.Failed = slices.Clone(l.Exposed), slices.Clone(l.Verified), slices.Clone(l.Failed)
	l.Skipped, l.Cordoned = slices.Clone(l.Skipped), slices.Clone(l.Cordoned)
	return l
}

// Failure is one instance that failed in this run.
type Failure struct {
	Ref
	Try     int           `json:"try,omitempty"`    // how often the instance had been tried in this run before it failed
	OSDisk  string        `json:"osDisk,omitempty"` // the disk that it was to lose; "": none
	Reason  FailureReason `json:"reason,omitempty"`
	Message string        `json:"message,omitempty"`
	At      time.Time     `json:"at,omitzero"`
}

// FailureReason says how an instance failed.
type FailureReason string

// The failure reasons.
const (
	FailureProvisioning FailureReason = "ProvisioningFailed" // the platform or the script reports a failure
	FailureHealth       FailureReason = "HealthTimeout"      // it did not become healthy in time
	FailureNotApplied   FailureReason = "NotApplied"         // it stays at the old model although upgrades succeed
	FailureReimage      FailureReason = "NotReimaged"        // it failed before its reimage, or it is not known whether its disk was replaced
	FailureStuck        FailureReason = "Stuck"              // the platform does not finish with it
	FailureCheck        FailureReason = "CheckFailed"        // it failed a check
	FailureHook         FailureReason = "HookFailed"         // a hook about it could not be delivered
	FailureDrain        FailureReason = "DrainFailed"        // its node could not be drained
	FailureRetry        FailureReason = "Retry"              // an action asked for another try
	FailureRetryReimage FailureReason = "RetryReimage"       // the same, and it lacks the new disk that it was to get
)
