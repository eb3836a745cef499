package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// RollbackStatus says whether a run can be taken back, and to what.
type RollbackStatus struct {
	// rollbackable says whether there is something to go back to. Where it is false, Rollback and Abort act as Pause.
	// +required
	Rollbackable bool `json:"rollbackable"`

	// baseline is the revision that is gone back to, stored in the ControllerRevision whose name ends with this. Empty: there is
	// none.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Baseline string `json:"baseline,omitempty"`

	// source is where the baseline is from. Completed: the target of the last run that completed. Declared: spec.baseline. Snapshot: what
	// the scale set's model was before the first write.
	// +optional
	Source BaselineSource `json:"source,omitempty"`

	// reason is why there is nothing to go back to, and what mends it.
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

// GoingBack is why and how a run is being taken back, or was.
type GoingBack struct {
	// kind is how far. Rollback: the model, and then every machine that the target touched. Abort: the model; the machines stay as they are.
	// +required
	Kind GoingBackKind `json:"kind"`

	// cause is what began it. Action: a RolloutAction. FailurePolicy: spec.failurePolicy. ApprovalTimeout: nobody approved in time.
	// Deletion: onDelete. Target: the target was set to the baseline. Recorded: the status of that run was lost, and the annotation
	// rollouts.vmss.dev/taken-back says that the revision was rolled back or aborted.
	// +required
	Cause GoingBackCause `json:"cause"`

	// message is what happened, in words.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// revision is what is gone back to, stored in the ControllerRevision whose name ends with this. Absent: nobody knows.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`

	// requestedBy is who asked for it, where the cause is Action; status.actions tells whether that was verified.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	RequestedBy string `json:"requestedBy,omitempty"`

	// startTime is when it was decided.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// restoredTime is when the scale set's model was first seen to be what it was before.
	// +optional
	RestoredTime *metav1.Time `json:"restoredTime,omitempty"`

	// all says that every machine goes along, not only those that the target touched: a completed release is undone.
	// +optional
	All bool `json:"all,omitempty"`

	// done says that it is over.
	// +optional
	Done bool `json:"done,omitempty"`

	// differences is what is not as it was before, by comparing what was read before the first write with what is read after. Absent: nothing
	// differs, or done is false. Example: the newest version of the image is 24.04.2 on instance 0, and was 24.04.1 before.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Differences string `json:"differences,omitempty"`
}

// GoingBackKind is how far a run is taken back.
//
// +kubebuilder:validation:Enum=Rollback;Abort
type GoingBackKind string

// The kinds of going back.
const (
	GoingBackRollback GoingBackKind = "Rollback"
	GoingBackAbort    GoingBackKind = "Abort"
)

// GoingBackCause is what began it.
//
// +kubebuilder:validation:Enum=Action;FailurePolicy;ApprovalTimeout;Deletion;Target;Recorded
type GoingBackCause string

// The causes of going back.
const (
	CauseAction          GoingBackCause = "Action"
	CauseFailurePolicy   GoingBackCause = "FailurePolicy"
	CauseApprovalTimeout GoingBackCause = "ApprovalTimeout"
	CauseDeletion        GoingBackCause = "Deletion"
	CauseTarget          GoingBackCause = "Target"
	CauseRecorded        GoingBackCause = "Recorded"
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

	// baseline is the revision that was there before the run, to go back to with toRevision. Absent: none is kept.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Baseline string `json:"baseline,omitempty"`

	// outcome is how it ended. Promoted: every eligible machine had the target and was well. RolledBack, Aborted: it was taken back, whole or
	// the model alone. Superseded: another target came. Failed: it was held by failures when another target came.
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

// ActionRecord is a RolloutAction that was accepted. It outlives the object.
type ActionRecord struct {
	// uid is the action's metadata.uid: by it, it takes effect once. In the history, only the newest run has it.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=64
	UID types.UID `json:"uid,omitempty"`

	// action is what was asked for.
	// +required
	Action Verb `json:"action"`

	// step is the step that it named.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Step string `json:"step,omitempty"`

	// instance is the id of the machine that it named.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Instance string `json:"instance,omitempty"`

	// requestedBy is who asked for it; onTimeout where nobody did and the approval's onTimeout opened the gate.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	RequestedBy string `json:"requestedBy,omitempty"`

	// verified says that the API server held requestedBy to the caller. False: it is what the caller said.
	// +optional
	Verified bool `json:"verified,omitempty"`

	// time is when it was accepted.
	// +optional
	Time *metav1.Time `json:"time,omitempty"`
}

// ZoneProgress counts the machines of one availability zone.
type ZoneProgress struct {
	// name is the zone; "-" for machines outside of zones. Example: "1".
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

	// ready is how many have the target and are well.
	// +required
	// +kubebuilder:validation:Minimum=0
	Ready int32 `json:"ready"`
}

// InstanceStatus is one machine that is worth a look.
type InstanceStatus struct {
	// id is the instance id in the scale set. Example: "3".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	ID string `json:"id"`

	// name is the machine's name, where it does not follow from the id. Example: web-3f2a.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// zone is the machine's availability zone. Example: "1".
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Zone string `json:"zone,omitempty"`

	// state is why it is worth a look. InProgress: it is being worked on. Failed: it failed in this run. Unhealthy: it is not well. Retrying:
	// it failed and is tried again. Skipped: it is left out. Behind: it is not at the model, through no release of ours.
	// +required
	State InstanceState `json:"state"`

	// message is what was seen.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// InstanceState is why a machine is worth a look.
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
