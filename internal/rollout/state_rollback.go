package rollout

import (
	"cmp"
	"time"
)

// RollbackState is the baseline of a run, and the rollback that is under way.
type RollbackState struct {
	Baseline              Baseline  `json:"baseline,omitzero"`
	LastCompletedRevision string    `json:"lastCompletedRevision,omitempty"` // stored revision of the target that completed last; "": none
	Current               *Rollback `json:"current,omitempty"`               // nil: the run goes forward
}

func (r RollbackState) clone() RollbackState {
	if r.Current != nil {
		current := *r.Current
		r.Current = &current
	}
	return r
}

// Baseline is the state that a run can be rolled back to.
type Baseline struct {
	Revision     string         `json:"revision,omitempty"` // of the stored revision; "": there is none
	Source       BaselineSource `json:"source,omitempty"`
	SecretName   string         `json:"secretName,omitempty"`   // of the Secret that a rollback needs; "": none
	SecretDigest string         `json:"secretDigest,omitempty"` // of that Secret when it was in force
	Run          int64          `json:"run,omitempty"`          // number of the run that it was decided for
	Fixed        bool           `json:"fixed,omitempty"`        // something was written since, so it is not taken again
	// Creation time of the newest instance before the first write, by Azure's clock. A newer instance may have been created from that write.
	NewestInstanceAt time.Time `json:"newestInstanceAt,omitzero"`
	IsTarget         bool      `json:"isTarget,omitempty"`    // it is the target itself, so there is nothing to roll back to
	Invalid          string    `json:"invalid,omitempty"`     // why the stored revision cannot be used, for good
	Unavailable      string    `json:"unavailable,omitempty"` // why a rollback to it is not possible now: its Secret is missing
}

// BaselineSource says where a baseline comes from.
type BaselineSource string

// The sources of a baseline.
const (
	BaselineCompleted BaselineSource = "Completed" // the target that completed last, or the target of the last rollback
	BaselineDeclared  BaselineSource = "Declared"  // spec.baseline
	BaselineSnapshot  BaselineSource = "Snapshot"  // the model as it was before the first write
)

// IsAvailable reports whether a rollback to the baseline is possible.
func (b Baseline) IsAvailable() bool {
	return b.Revision != "" && b.UnavailableReason() == ""
}

// UnavailableReason says why a rollback to the baseline is not possible; "": it is, if there is a baseline.
func (b Baseline) UnavailableReason() string {
	if b.Invalid == "" && b.IsTarget {
		return "the baseline is the target itself, so there is nothing to roll back to; declare spec.baseline"
	}
	return cmp.Or(b.Invalid, b.Unavailable)
}

// Rollback restores the model first, and then every exposed instance.
type Rollback struct {
	Kind            RollbackKind  `json:"kind,omitempty"`
	Cause           RollbackCause `json:"cause,omitempty"`
	Revision        string        `json:"revision,omitempty"`     // stored revision to go back to; "": not known, so the run holds
	AllInstances    bool          `json:"allInstances,omitempty"` // every instance, not only the exposed ones: a completed release is undone
	Message         string        `json:"message,omitempty"`      // why
	RequestedBy     string        `json:"requestedBy,omitempty"`
	StartedAt       time.Time     `json:"startedAt,omitzero"`
	ModelRestoredAt time.Time     `json:"modelRestoredAt,omitzero"` // when the model was first seen restored; zero: not yet
	Done            bool          `json:"done,omitempty"`
	Differences     string        `json:"differences,omitempty"` // once done: what is not as it was before; "": nothing that was compared
}

// RollbackKind says what a rollback restores.
type RollbackKind string

// The kinds of rollback.
const (
	FullRollback  RollbackKind = "Rollback" // the model and the exposed instances
	AbortRollback RollbackKind = "Abort"    // the model alone; the instances are left for inspection
)

// RollbackCause says what started a rollback. It decides what a pause and a closed window mean for it.
type RollbackCause string

// The causes of a rollback.
const (
	CauseAction   RollbackCause = "Action"          // overrides pause and windows
	CauseDeletion RollbackCause = "Deletion"        // overrides pause and windows
	CauseFailure  RollbackCause = "FailurePolicy"   // overrides windows
	CauseTarget   RollbackCause = "Target"          // the target became the baseline; overrides windows
	CauseTimeout  RollbackCause = "ApprovalTimeout" // overrides neither
	CauseRecorded RollbackCause = "Recorded"        // the object records that the revision was rolled back; the status of that run was lost
)

// IsRollingBack reports whether a rollback is under way.
func (s *State) IsRollingBack() bool { return s.Rollback.Current != nil && !s.Rollback.Current.Done }

// IsRolledBack reports whether the run ended in a rollback. That lasts until a new target or an action begins another run.
func (s *State) IsRolledBack() bool { return s.Rollback.Current != nil && s.Rollback.Current.Done }

// RolledBackRevision is the revision that was rolled back or aborted last. The object keeps it beside its status, so that it is still known
// where the status was lost. The zero value: none.
type RolledBackRevision struct {
	Kind     RollbackKind
	Revision string
}

// RolledBackRevision returns what the object is to keep beside its status.
func (s *State) RolledBackRevision() RolledBackRevision {
	if !s.IsRolledBack() {
		return RolledBackRevision{}
	}
	return RolledBackRevision{Kind: s.Rollback.Current.Kind, Revision: s.Run.Revision}
}

// InheritedRevision is the stored revision that the run's baseline starts from: the one that an ended run had, since what was written then
// was written over it; else the target that completed last.
func (r RollbackState) InheritedRevision() string {
	if r.Baseline.Fixed {
		return r.Baseline.Revision
	}
	return r.LastCompletedRevision
}

// IsBaselineDecided reports that the baseline of this run does not change any more.
func (s *State) IsBaselineDecided() bool {
	return s.Rollback.Baseline.Fixed && s.Rollback.Baseline.Run == s.Run.Number
}

// IsOnInstances reports that the model is restored and the instances are not yet.
func (r *Rollback) IsOnInstances() bool { return !r.ModelRestoredAt.IsZero() && !r.Done }

// IsExplicit reports that an action asked for the rollback.
func (r *Rollback) IsExplicit() bool { return r.Cause == CauseAction }
