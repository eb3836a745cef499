package rollout

import "time"

// Decision is the step of a round and its report.
type Decision struct {
	Step        Step          // at most one effect
	Explanation Explanation   // why; condition, event, log and trace show it
	State       State         // to be persisted before Step is carried out
	Recheck     time.Duration // come back after this long at the latest; 0: when the spec changes
	Report      Report
	Tasks       TaskWork

	SaveRevisions   []StoredRevision // to be stored before State is persisted
	RetainRevisions []string         // names of the stored revisions that are still needed
	Answers         []Answer         // to actions, to be given after State was persisted
	Release         bool             // nothing is left to do for an object that is being deleted
}

// Report is the content of the status.
type Report struct {
	Progress  *Progress        // nil: nothing new is known, what was reported stays
	Zones     []ZoneProgress   // goes with Progress
	Instances []InstanceReport // goes with Progress
	Repairs   *Repairs         // nil: nothing new is known
	Stage     StageReport
	Facts     Facts
	Preview   *Preview // what would be done, where only that was asked
}

// TaskWork is the work outside the scale set that is due.
type TaskWork struct {
	Checks *[]CheckRun // what is to be verified now; nil: what is under way goes on
	Hooks  []HookCall
	Nodes  NodeWork
}

// Answer is the answer to an action.
type Answer struct {
	UID      string
	Accepted bool
	Message  string
}

// Repairs is how the scale set's automatic repairs stand.
type Repairs struct {
	Enabled   bool
	Suspended bool // by us
}

// StageReport says which step the rollout is at. Where there are no steps, Total is 0.
type StageReport struct {
	Name         string
	Index, Total int       // from 1
	Next         time.Time // when time alone will change something next; zero: not known
}

// Explanation is the reason for a decision, with its explanation for people.
type Explanation struct {
	Reason  Reason
	Message string
}

// Facts are what conditions beside Ready say.
type Facts struct {
	ModelApplied Tristate
	Drifted      string   // what drifted; "": nothing
	Throttled    *Problem // Azure asked to slow down
}

// Readiness is the meaning of a reason for the reader: done, in progress, or in need of a user.
type Readiness int

// The readiness values.
const (
	Working Readiness = iota
	Reached
	Stuck
)

// Reason is why a rollout stands where it stands. The printer column STATUS shows it.
type Reason string

// The reasons.
const (
	ReasonProgressing         Reason = "Progressing"
	ReasonWaitingForHealth    Reason = "WaitingForHealth"
	ReasonSoaking             Reason = "Soaking"
	ReasonPlanned             Reason = "Planned"
	ReasonPaused              Reason = "Paused"
	ReasonOutsideWindow       Reason = "OutsideWindow"
	ReasonCanaryReached       Reason = "CanaryReached"
	ReasonCompleted           Reason = "Completed"
	ReasonAwaitingApproval    Reason = "AwaitingApproval"
	ReasonRollingBack         Reason = "RollingBack"
	ReasonAborting            Reason = "Aborting"
	ReasonRolledBack          Reason = "RolledBack"
	ReasonAborted             Reason = "Aborted"
	ReasonNotRollbackable     Reason = "NotRollbackable"
	ReasonFailed              Reason = "Failed"
	ReasonInvalid             Reason = "Invalid"
	ReasonDrifted             Reason = "Drifted"
	ReasonNoEligibleInstances Reason = "NoEligibleInstances"
	ReasonScaleSetNotFound    Reason = "ScaleSetNotFound"
	ReasonScaleSetReplaced    Reason = "ScaleSetReplaced"
	ReasonAccessDenied        Reason = "AccessDenied"
	ReasonPreflightFailed     Reason = "PreflightFailed"
	ReasonAzureUnavailable    Reason = "AzureUnavailable"
	ReasonThrottled           Reason = "Throttled"
	ReasonControllerError     Reason = "ControllerError" // of the shell; the core never decides it
)

// Readiness returns what the reason means for the reader.
func (r Reason) Readiness() Readiness {
	switch r {
	case ReasonCanaryReached, ReasonCompleted:
		return Reached
	case ReasonPlanned, ReasonRolledBack, ReasonAborted, ReasonNotRollbackable, ReasonFailed, ReasonInvalid, ReasonDrifted,
		ReasonScaleSetNotFound, ReasonScaleSetReplaced,
		ReasonAccessDenied, ReasonPreflightFailed:
		return Stuck
	default:
		return Working
	}
}

// IsProgress reports that a batch is permitted, as far as the reason tells.
func (r Reason) IsProgress() bool { return r == ReasonProgressing || r == ReasonWaitingForHealth }

// Step is one effect on Azure, or none. The set is closed.
type Step interface {
	// Operation returns the kind of operation the step begins, "" for none.
	Operation() OperationKind
}

// InstancesOf returns the instances that a step names; nil for one that names none.
func InstancesOf(step Step) []Ref {
	switch s := step.(type) {
	case Upgrade:
		return s.Instances
	case Reimage:
		return s.Instances
	default:
		return nil
	}
}

// Wait touches nothing.
type Wait struct{}

// WriteImage writes the image reference into the model, if the model still is the one with the ETag.
type WriteImage struct {
	Image Image
	ETag  string
}

// WriteScript writes the custom script extension into the model. Extension is the name of the one that is there or was declared, ""
// for the default name. Handler is the model's; the zero value means the Linux one. Script.Handler, in a rollback, has what an earlier
// write may have displaced.
type WriteScript struct {
	Script         Script
	ForceUpdateTag string
	Extension      string
	Handler        ScriptHandler
}

// RemoveScript deletes the custom script extension from the model, which is how it was before there was one.
type RemoveScript struct{ Extension string }

// SuspendRepairs keeps Azure from replacing instances by itself.
type SuspendRepairs struct{}

// ResumeRepairs lets Azure do so again.
type ResumeRepairs struct{}

// Upgrade brings the named instances, and no others, to the latest model.
type Upgrade struct{ Instances []Ref }

// Reimage gives the named instances, and no others, a fresh OS disk of their current model.
type Reimage struct{ Instances []Ref }

// Operation implements Step.
func (Wait) Operation() OperationKind { return "" }

// Operation implements Step.
func (WriteImage) Operation() OperationKind { return WriteImageOperation }

// Operation implements Step.
func (WriteScript) Operation() OperationKind { return WriteScriptOperation }

// Operation implements Step.
func (RemoveScript) Operation() OperationKind { return RemoveScriptOperation }

// Operation implements Step.
func (SuspendRepairs) Operation() OperationKind { return SuspendRepairsOperation }

// Operation implements Step.
func (ResumeRepairs) Operation() OperationKind { return ResumeRepairsOperation }

// Operation implements Step.
func (Upgrade) Operation() OperationKind { return UpgradeOperation }

// Operation implements Step.
func (Reimage) Operation() OperationKind { return ReimageOperation }

// Progress counts instances.
type Progress struct {
	Total       int // listed and not being deleted
	Eligible    int // of those, not skipped
	Desired     int // how many may have the target
	Exposed     int // may have been touched by the target
	Updated     int // have it, for certain
	Ready       int // have it and are well
	InProgress  int // named by the operation in flight
	Failed      int // failed in this run
	Skipped     int // off, protected, or taken out by an action
	Unavailable int // not off, and not known to be well, or in flight
	Overshoot   int // exposed beyond desired
}

// StepResult is the result of a step that was carried out.
type StepResult struct {
	At          time.Time
	AzureTime   time.Time     // when Azure answered, by its own clock; zero: not known
	OperationID string        // Azure's name of what was begun
	PollToken   string        // resumes polling of what was begun
	RetryAfter  time.Duration // when Azure asks to be polled
	Problem     *Problem      // it was not begun, or that is not known
}
