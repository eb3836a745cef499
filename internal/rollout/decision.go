package rollout

import "time"

// Decision is what a round does and what it tells the world.
type Decision struct {
	Step     Step           // at most one effect
	Because  Because        // why; feeds condition, event, log and trace alike
	Remember Memory         // to be persisted before Step is carried out
	Recheck  time.Duration  // come back after this long at the latest; 0: when the spec changes
	Progress *Progress      // nil: nothing new is known, what was reported stays
	Zones    []ZoneProgress // goes with Progress
	Notable  []Notable      // goes with Progress
	Repairs  *Repairs       // nil: nothing new is known
	Stage    Stage          // which step the rollout is at
	Facts    Facts
	Forecast *Forecast   // what would be done, where only that was asked
	Store    []Record    // to be stored before Remember is persisted
	Answers  []Answer    // to be given after Remember was persisted
	Release  bool        // nothing is left to do for an object that is being deleted
	Checks   *[]CheckRun // what is to be verified now; nil: what is under way goes on
	Calls    []CallRun   // the calls that are due now
	Nodes    NodeWork    // what is to be done to nodes now
	Keep     []string    // names of the records that are still needed
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

// Stage says which step the rollout is at. Where there are no steps, Of is 0.
type Stage struct {
	Name       string
	Number, Of int       // from 1
	Next       time.Time // when time alone will change something next; zero: it will not
}

// Because is the reason for a decision, with its explanation for people.
type Because struct {
	Reason  Reason
	Message string
}

// Facts are what conditions beside Ready say.
type Facts struct {
	ModelApplied Truth
	Drifted      string   // what drifted; "": nothing
	Throttled    *Problem // Azure asked to slow down
}

// Standing is what a reason means for the reader: done, at work, or in need of a person.
type Standing int

// The standings.
const (
	Working Standing = iota
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

// Standing returns what the reason means for the reader.
func (r Reason) Standing() Standing {
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

// Step is one effect on Azure, or none. The set is closed.
type Step interface {
	// Operation returns the kind of operation the step begins, "" for none.
	Operation() OperationKind
}

// Named are the machines that a step names; nil for one that names none.
func Named(step Step) []Ref {
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
// for the default name. Handler is the model's; the zero value means the Linux one. Script.Handler, on the way back, has what an earlier
// write may have displaced.
type WriteScript struct {
	Script         Script
	ForceUpdateTag string
	Extension      string
	Handler        ScriptHandler
}

// RemoveScript deletes the custom script extension from the model, which is how it was before there was one.
type RemoveScript struct{ Extension string }

// SuspendRepairs keeps Azure from replacing machines by itself.
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

// Outcome is what came of carrying out a step.
type Outcome struct {
	At         time.Time
	AzureAt    time.Time     // when Azure answered, by its own clock; zero: not said
	ID         string        // what Azure calls what was begun
	Token      string        // resumes polling of what was begun
	RetryAfter time.Duration // when Azure wants to be asked
	Problem    *Problem      // it was not begun, or nobody knows
}
