package rollout

import (
	"slices"
	"time"
)

// ScaleSetState says which scale set the state is about.
type ScaleSetState struct {
	ID         string `json:"id,omitempty"`         // unique id of the scale set; "": not shown yet
	ReplacedBy string `json:"replacedBy,omitempty"` // unique id of another scale set that has its name now; "": none
}

// Run is one numbered attempt at one revision of the target.
type Run struct {
	Number    int64     `json:"number,omitempty"`   // from 1; 0: no run yet
	Revision  string    `json:"revision,omitempty"` // digest of the target
	StartedAt time.Time `json:"startedAt,omitzero"`
	Image     *Image    `json:"image,omitempty"` // the exact version that the target's image stands for; nil: not asked for

	Completed           bool `json:"completed,omitempty"`           // the run reached 100 %
	CompletedAtBaseline bool `json:"completedAtBaseline,omitempty"` // the run completed by a rollback to a baseline that is its target
}

// ModelState is the knowledge of the scale set's model beside what can be read.
type ModelState struct {
	Applied        bool   `json:"applied,omitempty"`        // this run's whole target was seen in the model
	ScriptWritten  bool   `json:"scriptWritten,omitempty"`  // this run wrote the script extension with its protected settings
	SettingsDigest string `json:"settingsDigest,omitempty"` // keyed digest of the protected settings that this run wrote

	ProfileTime time.Time `json:"profileTime,omitzero"` // of the model when it was last read, where instances show only that of theirs

	CompletedETag     string `json:"completedETag,omitempty"`     // of the model when the run completed
	CompletedCapacity int    `json:"completedCapacity,omitempty"` // at that time; with the ETag it tells an idle round that nothing changed
}

// AppliedAction is an action that took effect.
type AppliedAction struct {
	UID               string    `json:"uid,omitempty"`
	Verb              Verb      `json:"verb,omitempty"`
	Step              string    `json:"step,omitempty"`
	Instance          string    `json:"instance,omitempty"`
	RequestedBy       string    `json:"requestedBy,omitempty"`
	RequesterVerified bool      `json:"requesterVerified,omitempty"` // RequestedBy was compared with the caller
	At                time.Time `json:"at,omitzero"`
}

// PastRun is a run that is over.
type PastRun struct {
	Number           int64           `json:"number,omitempty"`
	Revision         string          `json:"revision,omitempty"`
	Image            string          `json:"image,omitempty"`            // the exact version that it stood for; "": it named it
	PreviousRevision string          `json:"previousRevision,omitempty"` // stored revision of what was there before; "": none is kept
	Result           RunResult       `json:"result,omitempty"`
	Message          string          `json:"message,omitempty"` // why it ended
	StartedAt        time.Time       `json:"startedAt,omitzero"`
	EndedAt          time.Time       `json:"endedAt,omitzero"`
	Actions          []AppliedAction `json:"actions,omitempty"`
}

// RunResult is how a run ended.
type RunResult string

// The results of a run.
const (
	RunPromoted   RunResult = "Promoted"
	RunRolledBack RunResult = "RolledBack"
	RunAborted    RunResult = "Aborted"
	RunSuperseded RunResult = "Superseded"
	RunFailed     RunResult = "Failed"
)

// HasWorked reports whether any run wrote the model or touched an instance, or may have, or has something to take back.
func (s *State) HasWorked() bool {
	return s.HasActed() || len(s.Ledger.Exposed) > 0 || len(s.History) > 0 || s.Rollback.LastCompletedRevision != "" ||
		s.RepairsSuspended || len(s.Ledger.Cordoned) > 0
}

// HasActed reports whether the run wrote the model or touched an instance, or may have.
func (s *State) HasActed() bool {
	b, current := s.Rollback.Baseline, s.Rollback.Current
	return b.Fixed || !b.NewestInstanceAt.IsZero() || !s.Pacing.LastBatchEnd.IsZero() || s.Pacing.NoEffectCount > 0 || s.Operation != nil ||
		(current != nil && !current.ModelRestoredAt.IsZero())
}

// IsPromoted reports whether the run came to its end, so that every instance had its target.
func (s *State) IsPromoted() bool {
	return len(s.History) > 0 && s.History[0].Number == s.Run.Number && s.History[0].Result == RunPromoted
}

// HasCompleted reports whether the revision is known as one that every instance had.
func (s *State) HasCompleted(revision string) bool {
	return revision == s.Rollback.LastCompletedRevision ||
		slices.ContainsFunc(s.History, func(r PastRun) bool { return r.Result == RunPromoted && r.Revision == revision })
}

// PreviousRevision returns the stored revision of what was there before the run, if a rollback to it is possible. The very first release
// has none.
func (s *State) PreviousRevision() string {
	if !s.Rollback.Baseline.IsAvailable() {
		return ""
	}
	return s.Rollback.Baseline.Revision
}

// BeforeRun returns the stored revision of what was there before the run; "": none. A run that completed has it in the history.
func (s *State) BeforeRun() string {
	if s.Rollback.Baseline.Revision != "" {
		return s.Rollback.Baseline.Revision
	}
	if len(s.History) > 0 && s.History[0].Number == s.Run.Number {
		return s.History[0].PreviousRevision
	}
	return ""
}

// RetainedRevisions returns the stored revisions that are still needed: what the run may go back to, and those that history names.
func (s *State) RetainedRevisions() []string {
	names := []string{s.Rollback.Baseline.Revision, s.Rollback.LastCompletedRevision}
	if s.Rollback.Current != nil {
		names = append(names, s.Rollback.Current.Revision)
	}
	for _, r := range s.History {
		if r.Result == RunPromoted {
			names = append(names, r.Revision, r.PreviousRevision)
		}
	}
	return names
}
