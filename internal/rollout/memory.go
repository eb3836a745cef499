package rollout

import (
	"slices"
	"strings"
	"time"
)

// Memory is what a rollout keeps between rounds because it cannot be observed again.
type Memory struct {
	Run      int64  // numbered attempt at a revision; 0: none yet
	Revision string // digest of the target this run is for

	ModelApplied  bool // this run's whole target was seen in the model
	ScriptWritten bool // this run wrote the script extension, protected settings and all
	Completed     bool // this run reached 100 %
	SettledETag   string
	SettledSize   int // capacity when it completed; with SettledETag it tells an idle round that nothing moved

	Step string // name of the step that is being worked on; "": the first
	Gate Gate   // how far the wait after the step is

	Operation *Operation // the one effect in flight, from intent to verdict
	Failed    []Failure  // instances that failed in this run and have not recovered

	Set            string        // unique id of the scale set that all of this is about; "": not shown yet
	OtherSet       string        // unique id of another scale set that took its place; "": none did
	ShortSince     time.Time     // since when the list shows fewer instances than the capacity
	UnhealthySince time.Time     // since when exposed instances outside an operation are not well
	LastBatchEnd   time.Time     // when the last batch was verified
	LastExposed    int           // how many were exposed then; a list that shows fewer may be older than that
	Pace           time.Duration // how long the last upgrade took
	Fruitless      int           // effects in a row that changed nothing, of the same kind and on the same instances
	Unchanged      []Ref         // the instances that so many upgrades in a row left as they were; none: they were writes of the model
	NotBefore      time.Time     // no effect before this: Azure asked to wait, or an effect was refused for now
	Throttled      bool          // NotBefore is because of throttling
	PutOff         PutOff        // the effect that is not taken, or changes nothing, again and again
	// the read that was refused last, and until when no other is made; before a deletion, since when there is no scale set
	Unread PutOff

	Started  time.Time // when the run began
	Baseline Baseline  // what to go back to
	Stable   string    // name of the record of the target that completed last; "": none did
	Settings string    // keyed digest of the protected settings that this run wrote
	Exposed  []string  // ids of all machines that a target may have touched since the baseline, sorted
	Verified []string  // ids of those that this run verified to have its target, sorted
	Return   *Return   // the way back; nil: the run goes forward
	Returned bool      // the run completed by going back to where its target was all along

	Former      []Ref     // machines of the operation that going back left behind; none: it was a write of the model
	FormerSince time.Time // since when
	FormerBegun time.Time // when that operation was begun
	FormerID    string    // what Azure calls it; "": not known

	Checked  []string // shares whose checks have passed, and which those were
	Rejected string   // the check or the hook that the release as a whole failed, with what it said; "": none
	Spoilt   int      // how often a share that was being checked was spoilt

	Calls      []Calling // occasions at which hooks are being called, at most one of each point
	CallNumber int       // how many occasions the run has had
	StepBefore string    // the share before which hooks were called last
	StepAfter  string    // the share after which hooks were called last
	Drained    []string  // ids of machines whose nodes we cordoned, or may have, sorted

	Stall            Stall
	Approved         []string // names of the steps that were approved
	Promoted         string   // name of the step whose gate was opened by hand
	PromoteFull      bool     // all gates were
	Skipped          []Ref    // machines that a person took out of this run
	RepairsSuspended bool     // automatic repairs are, or may be, suspended by us
	Taken            []Taken  // actions that took effect in this run
	Ended            []Ended  // the runs before, newest first
}

// Stall is how long there has been no progress while there could have been some.
type Stall struct {
	Gate
	Count int // what was reached when it began to run
}

// Taken is an action that took effect.
type Taken struct {
	UID      string
	Verb     Verb
	Step     string
	Instance string
	By       string
	Verified bool // By was held against the caller
	At       time.Time
}

// Ended is a run that is over.
type Ended struct {
	Run              int64
	Revision         string
	Before           string // name of the record of what was there before; "": none is kept
	Outcome          Ending
	Why              string
	Started, Stopped time.Time
	Taken            []Taken
}

// Ending is how a run ended.
type Ending string

// The endings.
const (
	EndingPromoted   Ending = "Promoted"
	EndingRolledBack Ending = "RolledBack"
	EndingAborted    Ending = "Aborted"
	EndingSuperseded Ending = "Superseded"
	EndingFailed     Ending = "Failed"
)

// Gate is a timer that can stand still.
type Gate struct {
	Since   time.Time     // running since; zero: it stands still
	Elapsed time.Duration // what had passed when it last stood still
}

// Operation is an effect on Azure, from the durable intent to the verdict on every instance it names.
type Operation struct {
	Run       int64 // the run it was begun for
	Kind      OperationKind
	Instances []Ref // empty for writes of the model
	Back      bool  // it was begun on the way back
	NewDisks  bool  // each of its machines gets a new OS disk
	Attempt   int   // 1, and one more for every time it was found to have changed nothing
	IntentAt  time.Time
	BegunAt   time.Time // zero: not known to have been accepted
	AzureAt   time.Time // when it was begun, by Azure's clock, or shortly before; zero: not said
	EndedAt   time.Time // zero: not known to have ended
	PollAt    time.Time // first time that asking makes sense
	SeenAt    time.Time // when a reading of its machines' health was counted last, where more than one is asked for
	Token     string    // resumes polling; losing it changes nothing
	ID        string    // what Azure calls it, for people; "": not said
	Trouble   *Problem  // why it ended badly, as it said itself
	Refused   *Problem  // it was refused for a reason that will not pass by itself; nothing was touched
}

// OperationKind says what an operation does.
type OperationKind string

// The kinds of operation.
const (
	WriteImageOperation     OperationKind = "WriteImage"
	WriteScriptOperation    OperationKind = "WriteScript"
	RemoveScriptOperation   OperationKind = "RemoveScript"
	UpgradeOperation        OperationKind = "Upgrade"
	ReimageOperation        OperationKind = "Reimage"
	SuspendRepairsOperation OperationKind = "SuspendRepairs"
	ResumeRepairsOperation  OperationKind = "ResumeRepairs"
)

// Ref names one machine exactly: an id may come back for another machine, an id with its vmId does not.
type Ref struct {
	ID           string
	VMID         string
	Name         string
	OSDisk       string    // before a reimage: the disk it is to lose
	HealthySince time.Time // first seen well without a break since
	Attempt      int       // how often it was tried in this run before
	Successes    int       // readings in a row in which it was well, where more than one is asked for
}

// Failure is one machine that failed in this run.
type Failure struct {
	Ref     Ref
	Reason  FailureReason
	Message string
	At      time.Time
}

// FailureReason says how a machine failed.
type FailureReason string

// The failure reasons.
const (
	FailureProvisioning FailureReason = "ProvisioningFailed" // the platform or the script says so
	FailureHealth       FailureReason = "HealthTimeout"      // it did not become well in time
	FailureNotApplied   FailureReason = "NotApplied"         // it stays at the old model though upgrades succeed
	FailureReimage      FailureReason = "NotReimaged"        // it failed before its reimage, or nobody can say whether its disk was replaced
	FailureStuck        FailureReason = "Stuck"              // the platform does not finish with it
	FailureCheck        FailureReason = "CheckFailed"        // it failed a check
	FailureHook         FailureReason = "HookFailed"         // a hook about it could not be delivered
	FailureDrain        FailureReason = "DrainFailed"        // the node that it is could not be drained
	FailureRetry        FailureReason = "Retry"              // a person asked for another try
	FailureRetryReimage FailureReason = "RetryReimage"       // and it lacks the fresh disk that it was to get
)

// isDue says whether a person asked for another try that is still to come.
func (f Failure) isDue() bool { return f.Reason == FailureRetry || f.Reason == FailureRetryReimage }

// isOutside says whether it was not the machine that failed, but somebody who had to be asked about it.
func (f Failure) isOutside() bool { return f.Reason == FailureHook || f.Reason == FailureDrain }

// names says whether an effect on the machine is in flight.
func (m Memory) names(ref Ref) bool {
	return m.Operation != nil && m.Operation.Refused == nil && slices.ContainsFunc(m.Operation.Instances, ref.means)
}

// fail puts a machine into the ledger, in the place of what it failed for before.
func (m *Memory) fail(f Failure) {
	m.forgive([]Ref{f.Ref})
	m.Failed = append(m.Failed, f)
}

// forgive takes machines out of the ledger.
func (m *Memory) forgive(refs []Ref) {
	m.Failed = slices.DeleteFunc(slices.Clone(m.Failed), func(f Failure) bool { return slices.ContainsFunc(refs, f.Ref.means) })
}

// again is the failure once a person asked for another try.
func (f Failure) again() Failure {
	if f.Reason == FailureReimage || f.Reason == FailureRetryReimage {
		f.Reason = FailureRetryReimage
	} else {
		f.Reason = FailureRetry
	}
	f.Ref.Attempt = 0
	return f
}

// clone returns a copy that shares nothing with m, so that Plan never changes its input.
func (m Memory) clone() Memory {
	if m.Operation != nil {
		op := *m.Operation
		op.Instances = slices.Clone(op.Instances)
		m.Operation = &op
	}
	if m.Return != nil {
		back := *m.Return
		m.Return = &back
	}
	m.Failed, m.Exposed, m.Former = slices.Clone(m.Failed), slices.Clone(m.Exposed), slices.Clone(m.Former)
	m.Verified = slices.Clone(m.Verified)
	m.Approved, m.Skipped, m.Checked = slices.Clone(m.Approved), slices.Clone(m.Skipped), slices.Clone(m.Checked)
	m.Taken, m.Ended, m.Drained = slices.Clone(m.Taken), slices.Clone(m.Ended), slices.Clone(m.Drained)
	m.Calls, m.Unchanged = slices.Clone(m.Calls), slices.Clone(m.Unchanged)
	for n := range m.Calls {
		m.Calls[n] = m.Calls[n].clone()
	}
	return m
}

// touches says whether the operation is about instances.
func (o *Operation) touches() bool {
	return o.Kind == UpgradeOperation || o.Kind == ReimageOperation
}

// names says whether the operation is about this very machine.
func (o *Operation) names(i Instance) bool {
	return o != nil && slices.ContainsFunc(o.Instances, func(r Ref) bool { return r.is(i) })
}

// is says whether the reference means this very machine.
func (r Ref) is(i Instance) bool {
	return r.means(refTo(i))
}

// means says whether two references mean the same machine. The beginning of a vmId is enough to tell it from another that gets its id;
// where one is missing, the id decides.
func (r Ref) means(o Ref) bool {
	return r.ID == o.ID && (strings.HasPrefix(o.VMID, r.VMID) || strings.HasPrefix(r.VMID, o.VMID))
}

// refTo names the machine.
func refTo(i Instance) Ref { return Ref{ID: i.ID, VMID: i.VMID, Name: i.Name} }
