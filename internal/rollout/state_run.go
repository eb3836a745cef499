package rollout

import "time"

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

	Completed           bool `json:"completed,omitempty"`           // the run reached 100 %
	CompletedAtBaseline bool `json:"completedAtBaseline,omitempty"` // the run completed by a rollback to a baseline that is its target
}

// ModelState is what is known of the scale set's model beside what can be read.
type ModelState struct {
	Applied        bool   `json:"applied,omitempty"`        // this run's whole target was seen in the model
	ScriptWritten  bool   `json:"scriptWritten,omitempty"`  // this run wrote the script extension with its protected settings
	SettingsDigest string `json:"settingsDigest,omitempty"` // keyed digest of the protected settings that this run wrote

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
