package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// VMSSRolloutStatus shows what the controller found and did. Fields that the schema lacks are kept, because the controller reads the
// status of an older version once.
//
// +kubebuilder:pruning:PreserveUnknownFields
type VMSSRolloutStatus struct {
	// observedGeneration is the generation of the spec that this status is about.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, and Reconciling, Stalled, ModelApplied, Throttled and Drifted where they apply.
	// +optional
	// +patchMergeKey=type
	// +patchStrategy=merge
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty" patchStrategy:"merge" patchMergeKey:"type"`

	// run is the number of the current or last run, from 1. A change of the target starts a new run.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Run int64 `json:"run,omitempty"`

	// image is the exact version that target.image stands for in this run. Absent: target.image names it. Example:
	// Canonical:ubuntu-24_04-lts:server:24.04.202611100.
	// +optional
	// +kubebuilder:validation:MaxLength=600
	Image string `json:"image,omitempty"`

	// revision is the digest of the target that the run is for.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Revision string `json:"revision,omitempty"`

	// startTime is when the run began.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// step is the current step; absent without steps.
	// +optional
	Step *StepStatus `json:"step,omitempty"`

	// baseline is the state that this run can be rolled back to.
	// +optional
	Baseline *BaselineStatus `json:"baseline,omitempty"`

	// rollback is the rollback or abort of this run.
	// +optional
	Rollback *RollbackStatus `json:"rollback,omitempty"`

	// nextTransitionTime is when time alone changes something. Absent: not known.
	// +optional
	NextTransitionTime *metav1.Time `json:"nextTransitionTime,omitempty"`

	// progress counts instances at the last list.
	// +optional
	Progress *Progress `json:"progress,omitempty"`

	// zones counts instances by zone, the first 16 zones by name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Zones []ZoneProgress `json:"zones,omitempty"`

	// instances are those that need attention, at most 100, and as many as fit into 32 KiB of status.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=100
	Instances []InstanceStatus `json:"instances,omitempty"`

	// checks are the checks under way and the recent ones. Of many, passed and running ones are left out.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	Checks []CheckStatus `json:"checks,omitempty"`

	// repairs is the state of automatic repairs. Absent: not known.
	// +optional
	Repairs *RepairsStatus `json:"repairs,omitempty"`

	// plan is the forecast, in mode Plan.
	// +optional
	Plan *Plan `json:"plan,omitempty"`

	// operation is the one Azure operation in flight.
	// +optional
	Operation *Operation `json:"operation,omitempty"`

	// failedInstances are the first 10 failed instances; progress.failed counts all.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	FailedInstances []FailedInstance `json:"failedInstances,omitempty"`

	// actions are the accepted RolloutActions of the run, the last 32.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Actions []ActionRecord `json:"actions,omitempty"`

	// history are past runs, newest first, at most revisionHistoryLimit.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	History []HistoryEntry `json:"history,omitempty"`

	// controllerState is the controller's own state, versioned and maybe compressed. It is not part of the specification. If it cannot be
	// read, the controller holds.
	// +optional
	// +kubebuilder:validation:MaxLength=65536
	ControllerState string `json:"controllerState,omitempty"`
}

// StepStatus is the step that a rollout is at.
type StepStatus struct {
	// name is the step's name.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// index is its place in the list, from 1.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Index int32 `json:"index,omitempty"`

	// total is the number of steps.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Total int32 `json:"total,omitempty"`
}

// Progress counts instances.
type Progress struct {
	// total is how many are listed and not being deleted.
	// +required
	// +kubebuilder:validation:Minimum=0
	Total int32 `json:"total"`

	// eligible is how many of those are not skipped.
	// +required
	// +kubebuilder:validation:Minimum=0
	Eligible int32 `json:"eligible"`

	// desired is how many may have the target.
	// +required
	// +kubebuilder:validation:Minimum=0
	Desired int32 `json:"desired"`

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

	// inProgress is how many the operation in flight names.
	// +required
	// +kubebuilder:validation:Minimum=0
	InProgress int32 `json:"inProgress"`

	// failed is how many failed in this run.
	// +required
	// +kubebuilder:validation:Minimum=0
	Failed int32 `json:"failed"`

	// skipped is how many are left out: stopped, deallocated, protected, or by a RolloutAction.
	// +required
	// +kubebuilder:validation:Minimum=0
	Skipped int32 `json:"skipped"`

	// unavailable is how many are in flight or not known to be healthy.
	// +required
	// +kubebuilder:validation:Minimum=0
	Unavailable int32 `json:"unavailable"`

	// overshoot is how many are exposed beyond desired.
	// +required
	// +kubebuilder:validation:Minimum=0
	Overshoot int32 `json:"overshoot"`
}

// Operation is an effect on Azure. It is written before the effect, so that nothing is ever done twice.
//
// +kubebuilder:pruning:PreserveUnknownFields
type Operation struct {
	// kind is the kind of the operation.
	// +required
	Kind OperationKind `json:"kind"`

	// run is the run that started it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Run int64 `json:"run,omitempty"`

	// rollback is true where it belongs to a rollback.
	// +optional
	Rollback bool `json:"rollback,omitempty"`

	// replacesOSDisk is true where each instance gets a new OS disk.
	// +optional
	ReplacesOSDisk bool `json:"replacesOSDisk,omitempty"`

	// attempt is 1, and one more for each attempt without effect.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Attempt int32 `json:"attempt,omitempty"`

	// instances are its instances, at most 100, and 10 where the status is large; none for a write of the model.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	Instances []InstanceReference `json:"instances,omitempty"`

	// creationTime is when it was decided, before anything was sent.
	// +optional
	CreationTime *metav1.Time `json:"creationTime,omitempty"`

	// acceptedTime is when Azure accepted it. Absent: not known.
	// +optional
	AcceptedTime *metav1.Time `json:"acceptedTime,omitempty"`

	// azureTime is the time of acceptance or shortly before, by Azure's clock.
	// +optional
	AzureTime *metav1.Time `json:"azureTime,omitempty"`

	// endedTime is when it ended in Azure. Absent: not known.
	// +optional
	EndedTime *metav1.Time `json:"endedTime,omitempty"`

	// nextPollTime is the time of the next poll, rounded up to a second.
	// +optional
	NextPollTime *metav1.Time `json:"nextPollTime,omitempty"`

	// id is Azure's name of it, for the activity log and support.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	ID string `json:"id,omitempty"`

	// error is Azure's reason for a failure.
	// +optional
	Error *Problem `json:"error,omitempty"`

	// rejection is Azure's reason for a permanent refusal. Nothing was changed.
	// +optional
	Rejection *Problem `json:"rejection,omitempty"`
}

// InstanceReference names one instance exactly: Azure may give an id to another instance later, but not with the same vmID.
type InstanceReference struct {
	// id is the instance id. Example: "3".
	// +required
	// +kubebuilder:validation:MaxLength=256
	ID string `json:"id"`

	// vmID is the start of its UUID.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	VMID string `json:"vmID,omitempty"`

	// osDisk is the disk that a reimage replaces.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	OSDisk string `json:"osDisk,omitempty"`

	// healthySince is since when it is healthy.
	// +optional
	HealthySince *metav1.Time `json:"healthySince,omitempty"`

	// attempt is how often it was tried before.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Attempt int32 `json:"attempt,omitempty"`

	// successes is the number of healthy readings in a row.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Successes int32 `json:"successes,omitempty"`
}

// Problem is an error of a call to Azure. It never holds a secret.
type Problem struct {
	// kind is the class of the problem. Example: Forbidden.
	// +required
	// +kubebuilder:validation:MaxLength=64
	Kind string `json:"kind"`

	// code is Azure's own code. Example: AuthorizationFailed.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Code string `json:"code,omitempty"`

	// message is the error.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// remediation is the next command to run.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Remediation string `json:"remediation,omitempty"`
}

// FailureReason is how an instance failed.
//
// +kubebuilder:validation:Enum=ProvisioningFailed;HealthTimeout;NotApplied;NotReimaged;Stuck;CheckFailed;HookFailed;DrainFailed;Retry;RetryReimage
type FailureReason string

// The failure reasons.
const (
	// FailureProvisioning: the platform or the script says so. The message has the end of the script's error output.
	FailureProvisioning FailureReason = "ProvisioningFailed"
	// FailureHealth: it did not become well within health.timeout.
	FailureHealth FailureReason = "HealthTimeout"
	// FailureNotApplied: it stays at the old model though upgrades succeed.
	FailureNotApplied FailureReason = "NotApplied"
	// FailureReimage: it failed before its reimage, or it is unknown whether its disk was replaced; it is not sent a second time.
	FailureReimage FailureReason = "NotReimaged"
	// FailureStuck: the platform does not finish with it.
	FailureStuck FailureReason = "Stuck"
	// FailureCheck: it failed a check.
	FailureCheck FailureReason = "CheckFailed"
	// FailureHook: a hook about it could not be delivered.
	FailureHook FailureReason = "HookFailed"
	// FailureDrain: the node that it is could not be drained.
	FailureDrain FailureReason = "DrainFailed"
	// FailureRetry: a person asked for another try.
	FailureRetry FailureReason = "Retry"
	// FailureRetryReimage: a person asked for another try, and it lacks the fresh disk that it was to get.
	FailureRetryReimage FailureReason = "RetryReimage"
)

// FailedInstance is one instance that failed in this run.
type FailedInstance struct {
	InstanceReference `json:",inline"`

	// reason is how it failed.
	// +required
	Reason FailureReason `json:"reason"`

	// message is the observed reason.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// time is when it failed.
	// +optional
	Time *metav1.Time `json:"time,omitempty"`
}
