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

// IsRetryRequested reports that an action asked for another try that is still to come.
func (f Failure) IsRetryRequested() bool {
	return f.Reason == FailureRetry || f.Reason == FailureRetryReimage
}

// IsExternal reports that the instance did not fail, but a hook or a drain about it.
func (f Failure) IsExternal() bool { return f.Reason == FailureHook || f.Reason == FailureDrain }

// Retried returns the failure once an action asked for another try.
func (f Failure) Retried() Failure {
	if f.Reason == FailureReimage || f.Reason == FailureRetryReimage {
		f.Reason = FailureRetryReimage
	} else {
		f.Reason = FailureRetry
	}
	f.Try = 0
	return f
}

// IsExposed reports whether a target may have touched the instance since the baseline.
func (l Ledger) IsExposed(id string) bool { return hasID(l.Exposed, id) }

// IsVerified reports whether this run verified that the instance has its target.
func (l Ledger) IsVerified(id string) bool { return hasID(l.Verified, id) }

// IsCordoned reports whether the rollout cordoned the node of the instance, or may have.
func (l Ledger) IsCordoned(id string) bool { return hasID(l.Cordoned, id) }

// IsSkipped reports whether an action or a hook took the instance out of the run.
func (l Ledger) IsSkipped(i Instance) bool {
	return slices.ContainsFunc(l.Skipped, func(ref Ref) bool { return ref.Is(i) })
}

// HasFailed reports whether this very instance failed in this run.
func (l Ledger) HasFailed(i Instance) bool {
	return slices.ContainsFunc(l.Failed, func(f Failure) bool { return f.Is(i) })
}

// FailedUntouched reports whether the instance failed before it was touched.
func (l Ledger) FailedUntouched(i Instance) bool {
	return slices.ContainsFunc(l.Failed, func(f Failure) bool { return f.Is(i) && f.IsExternal() })
}

// InsertID adds an id to a sorted list, once.
func InsertID(ids []string, id string) []string {
	at, found := slices.BinarySearchFunc(ids, id, CompareIDs)
	if found {
		return ids
	}
	return slices.Insert(ids, at, id)
}

func hasID(ids []string, id string) bool {
	_, found := slices.BinarySearchFunc(ids, id, CompareIDs)
	return found
}
