package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// BaselineStatus is the state that a run can be rolled back to.
type BaselineStatus struct {
	// available is true where a rollback is possible. False: Rollback and Abort act as Pause.
	// +required
	Available bool `json:"available"`

	// revision is the name of the stored baseline, the end of its ControllerRevision's name. Absent: none.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`

	// source is the origin. Completed: the last completed target. Declared: spec.baseline. Snapshot: the model before the first write.
	// +optional
	Source BaselineSource `json:"source,omitempty"`

	// reason is why no rollback is possible, and how to change that.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Reason string `json:"reason,omitempty"`
}

// BaselineSource is where a baseline is from.
//
// +kubebuilder:validation:Enum=Completed;Declared;Snapshot
type BaselineSource string

// The sources of a baseline.
const (
	BaselineCompleted BaselineSource = "Completed"
	BaselineDeclared  BaselineSource = "Declared"
	BaselineSnapshot  BaselineSource = "Snapshot"
)

// RollbackStatus is a rollback or an abort, in progress or ended.
type RollbackStatus struct {
	// kind tells what is restored. Rollback: the model, then the instances of scope. Abort: the model only.
	// +optional
	Kind RollbackKind `json:"kind,omitempty"`

	// cause is why it began. Target: the target became the baseline. Recorded: the status was lost.
	// +optional
	Cause RollbackCause `json:"cause,omitempty"`

	// scope is None for an abort, ExposedInstances, or AllInstances if a completed release is undone.
	// +optional
	Scope RollbackScope `json:"scope,omitempty"`

	// message is why it started.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// revision is the stored revision that is restored. Absent: not known, so the rollout holds.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`

	// requestedBy is the requester, where the cause is Action.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	RequestedBy string `json:"requestedBy,omitempty"`

	// startTime is when it was decided.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// modelRestoredTime is when the model was first seen restored, rounded up to a second.
	// +optional
	ModelRestoredTime *metav1.Time `json:"modelRestoredTime,omitempty"`

	// completionTime is when it ended. Absent: it is in progress.
	// +optional
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`

	// differences lists what is not as before the first write. Absent: nothing, or in progress.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Differences string `json:"differences,omitempty"`
}

// RollbackKind tells what a rollback restores.
//
// +kubebuilder:validation:Enum=Rollback;Abort
type RollbackKind string

// The kinds of rollback.
const (
	RollbackKindRollback RollbackKind = "Rollback"
	RollbackKindAbort    RollbackKind = "Abort"
)

// RollbackScope is which instances a rollback restores.
//
// +kubebuilder:validation:Enum=None;ExposedInstances;AllInstances
type RollbackScope string

// The scopes of a rollback.
const (
	ScopeNone             RollbackScope = "None"
	ScopeExposedInstances RollbackScope = "ExposedInstances"
	ScopeAllInstances     RollbackScope = "AllInstances"
)

// RollbackCause is the cause of a rollback.
//
// +kubebuilder:validation:Enum=Action;FailurePolicy;ApprovalTimeout;Deletion;Target;Recorded
type RollbackCause string

// The causes of a rollback.
const (
	CauseAction          RollbackCause = "Action"
	CauseFailurePolicy   RollbackCause = "FailurePolicy"
	CauseApprovalTimeout RollbackCause = "ApprovalTimeout"
	CauseDeletion        RollbackCause = "Deletion"
	CauseTarget          RollbackCause = "Target"
	CauseRecorded        RollbackCause = "Recorded"
)

// HistoryEntry is a run that ended.
type HistoryEntry struct {
	// run is its number.
	// +required
	// +kubebuilder:validation:Minimum=1
	Run int64 `json:"run"`

	// revision is the digest of its target.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Revision string `json:"revision,omitempty"`

	// image is the exact version that target.image stood for. Absent: target.image named it.
	// +optional
	// +kubebuilder:validation:MaxLength=600
	Image string `json:"image,omitempty"`

	// baseline is the revision before the run, for toRevision. Absent: none is kept.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Baseline string `json:"baseline,omitempty"`

	// outcome is the result. Promoted: all eligible instances had the target. Superseded, Failed: a new target came, without or after
	// failures.
	// +required
	Outcome HistoryOutcome `json:"outcome"`

	// message is how it ended, in words.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Message string `json:"message,omitempty"`

	// startTime is when it began.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// endTime is when it ended.
	// +optional
	EndTime *metav1.Time `json:"endTime,omitempty"`

	// actions are the RolloutActions that took effect in it, the last 8 of them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Actions []ActionRecord `json:"actions,omitempty"`
}

// HistoryOutcome is how a past run ended.
//
// +kubebuilder:validation:Enum=Promoted;RolledBack;Aborted;Superseded;Failed
type HistoryOutcome string

// The outcomes of past runs.
const (
	HistoryPromoted   HistoryOutcome = "Promoted"
	HistoryRolledBack HistoryOutcome = "RolledBack"
	HistoryAborted    HistoryOutcome = "Aborted"
	HistorySuperseded HistoryOutcome = "Superseded"
	HistoryFailed     HistoryOutcome = "Failed"
)

// ActionRecord is an accepted RolloutAction.
type ActionRecord struct {
	// uid is the action's metadata.uid.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=64
	UID types.UID `json:"uid,omitempty"`

	// action is the requested action.
	// +required
	Action Verb `json:"action"`

	// step is the step that it named.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Step string `json:"step,omitempty"`

	// instance is the id of the instance that it named.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Instance string `json:"instance,omitempty"`

	// requestedBy is the requester, or onTimeout.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	RequestedBy string `json:"requestedBy,omitempty"`

	// verified is true if requestedBy was compared with the caller.
	// +optional
	Verified bool `json:"verified,omitempty"`

	// time is when it was accepted.
	// +optional
	Time *metav1.Time `json:"time,omitempty"`
}

// ZoneProgress counts the instances of one availability zone.
type ZoneProgress struct {
	// name is the zone; "-" for instances outside of zones. Example: "1".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name"`

	// eligible is how many may be touched.
	// +required
	// +kubebuilder:validation:Minimum=0
	Eligible int32 `json:"eligible"`

	// exposed is how many the target may have touched.
	// +required
	// +kubebuilder:validation:Minimum=0
	Exposed int32 `json:"exposed"`

	// updated is how many have the target for certain.
	// +required
	// +kubebuilder:validation:Minimum=0
	Updated int32 `json:"updated"`

	// ready is how many have the target and are healthy.
	// +required
	// +kubebuilder:validation:Minimum=0
	Ready int32 `json:"ready"`
}

// InstanceStatus is one instance that is worth a look.
type InstanceStatus struct {
	// id is the instance id in the scale set. Example: "3".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	ID string `json:"id"`

	// name is the instance's name, where it does not follow from the id. Example: web-3f2a.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// zone is the instance's availability zone. Example: "1".
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Zone string `json:"zone,omitempty"`

	// state is the reason. Behind: outdated by other changes of the model.
	// +required
	State InstanceState `json:"state"`

	// message is the observed reason.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// InstanceState is why an instance is worth a look.
//
// +kubebuilder:validation:Enum=InProgress;Failed;Unhealthy;Retrying;Skipped;Behind
type InstanceState string

// The states of instances.
const (
	InstanceInProgress InstanceState = "InProgress"
	InstanceFailed     InstanceState = "Failed"
	InstanceUnhealthy  InstanceState = "Unhealthy"
	InstanceRetrying   InstanceState = "Retrying"
	InstanceSkipped    InstanceState = "Skipped"
	InstanceBehind     InstanceState = "Behind"
)

// RepairsStatus is how a scale set's automatic instance repairs stand.
type RepairsStatus struct {
	// enabled says that the scale set has them.
	// +required
	Enabled bool `json:"enabled"`

	// suspended says that this rollout suspended them, or may have.
	// +required
	Suspended bool `json:"suspended"`
}
