package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// VMSSRolloutStatus is what the controller found and did. Fields that the schema lacks are kept, because the controller reads the status of
// an older version once.
//
// +kubebuilder:pruning:PreserveUnknownFields
type VMSSRolloutStatus struct {
	// observedGeneration is the generation of the spec that this status is about.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions say where the rollout stands: Ready, and Reconciling, Stalled, ModelApplied, Throttled and Drifted where they say
	// something.
	// +optional
	// +patchMergeKey=type
	// +patchStrategy=merge
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty" patchStrategy:"merge" patchMergeKey:"type"`

	// run is the number of the attempt that is under way or ended last, from 1. Every change of the target begins a new run.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Run int64 `json:"run,omitempty"`

	// revision is the digest of the target that the run is for.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Revision string `json:"revision,omitempty"`

	// startTime is when the run began.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// step is the step that the rollout is at; absent where there are no steps.
	// +optional
	Step *StepStatus `json:"step,omitempty"`

	// baseline is what this run can be rolled back to. It is present before the first write.
	// +optional
	Baseline *BaselineStatus `json:"baseline,omitempty"`

	// rollback is the rollback or abort of this run, from its decision until a new run starts.
	// +optional
	Rollback *RollbackStatus `json:"rollback,omitempty"`

	// nextTransitionTime is when time alone will change something next: a soak ends, a window opens, a progress deadline passes. Absent: it
	// will not.
	// +optional
	NextTransitionTime *metav1.Time `json:"nextTransitionTime,omitempty"`

	// progress counts instances, as of the last time they were listed.
	// +optional
	Progress *Progress `json:"progress,omitempty"`

	// zones counts instances by availability zone, the first 16 zones by name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Zones []ZoneProgress `json:"zones,omitempty"`

	// instances are the instances worth a look, at most 100, and as many as fit into a status of 32 KiB: in flight, failed, unhealthy,
	// skipped, or behind the model.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=100
	Instances []InstanceStatus `json:"instances,omitempty"`

	// checks are how the checks under way stand, and those that ended while they are of interest, what needs a person first. Where there are
	// many, those that passed and those still running are left out; the instances' own verdicts lead to what status.instances says.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	Checks []CheckStatus `json:"checks,omitempty"`

	// repairs is how the scale set's automatic instance repairs stand. Absent: not known yet.
	// +optional
	Repairs *RepairsStatus `json:"repairs,omitempty"`

	// plan is what the rollout would do. It is there only in mode Plan.
	// +optional
	Plan *Plan `json:"plan,omitempty"`

	// operation is the one effect on Azure that is in flight, from the intent to the verdict on every instance it names.
	// +optional
	Operation *Operation `json:"operation,omitempty"`

	// failedInstances are the first 10 instances that failed in this run and have not recovered; the first 3 carry a message. progress.failed
	// counts all.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	FailedInstances []FailedInstance `json:"failedInstances,omitempty"`

	// actions are the RolloutActions that were accepted in this run, in the order in which they took effect, the last 32 of them. One is
	// recorded here before it takes effect, so that it takes effect once.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Actions []ActionRecord `json:"actions,omitempty"`

	// history are the runs that ended, newest first, at most spec.revisionHistoryLimit, and as many as fit into a status of 32 KiB.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	History []HistoryEntry `json:"history,omitempty"`

	// controllerState is what the controller keeps between two looks at the rollout: JSON with a version, compressed with gzip and encoded
	// with base64 where it is large. It is not for people and not part of the specification; the other fields are made from it. Without it the
	// controller would repeat what it did, so it holds where this cannot be read.
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

	// desired is how many may have the target: canary.percent of eligible, rounded down but at least one.
	// +required
	// +kubebuilder:validation:Minimum=0
	Desired int32 `json:"desired"`

	// exposed is how many the target may have touched: those at the latest model, in flight, or failed in this run.
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

	// inProgress is how many the operation in flight names.
	// +required
	// +kubebuilder:validation:Minimum=0
	InProgress int32 `json:"inProgress"`

	// failed is how many failed in this run.
	// +required
	// +kubebuilder:validation:Minimum=0
	Failed int32 `json:"failed"`

	// skipped is how many are left out: stopped or deallocated, protected, or taken out of the run by a RolloutAction SkipInstance.
	// +required
	// +kubebuilder:validation:Minimum=0
	Skipped int32 `json:"skipped"`

	// unavailable is how many are not known to be well, or in flight.
	// +required
	// +kubebuilder:validation:Minimum=0
	Unavailable int32 `json:"unavailable"`

	// overshoot is how many are exposed beyond desired: percent was lowered, or instances were added with the new model.
	// +required
	// +kubebuilder:validation:Minimum=0
	Overshoot int32 `json:"overshoot"`
}

// OperationKind is what an operation does.
//
// +kubebuilder:validation:Enum=WriteImage;WriteScript;RemoveScript;Upgrade;Reimage;SuspendRepairs;ResumeRepairs
type OperationKind string

// The kinds of operation.
const (
	OperationWriteImage     OperationKind = "WriteImage"
	OperationWriteScript    OperationKind = "WriteScript"
	OperationRemoveScript   OperationKind = "RemoveScript"
	OperationUpgrade        OperationKind = "Upgrade"
	OperationReimage        OperationKind = "Reimage"
	OperationSuspendRepairs OperationKind = "SuspendRepairs"
	OperationResumeRepairs  OperationKind = "ResumeRepairs"
)

// Operation is an effect on Azure. It is written before the effect, so that nothing is ever done twice.
//
// +kubebuilder:pruning:PreserveUnknownFields
type Operation struct {
	// kind is what the operation does.
	// +required
	Kind OperationKind `json:"kind"`

	// run is the number of the run that it was begun for.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Run int64 `json:"run,omitempty"`

	// rollback is true where it belongs to a rollback.
	// +optional
	Rollback bool `json:"rollback,omitempty"`

	// replacesOSDisk is true where each of its instances gets a new OS disk, so that only a later health report counts.
	// +optional
	ReplacesOSDisk bool `json:"replacesOSDisk,omitempty"`

	// attempt is 1, and one more for each time that it changed nothing.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Attempt int32 `json:"attempt,omitempty"`

	// instances are its instances, at most 100, and at most 10 where the status is large; none for writes of the model.
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

	// azureTime is when Azure accepted it or shortly before, by Azure's clock. Health reports are compared with it.
	// +optional
	AzureTime *metav1.Time `json:"azureTime,omitempty"`

	// endedTime is when it ended in Azure. Absent: not known.
	// +optional
	EndedTime *metav1.Time `json:"endedTime,omitempty"`

	// nextPollTime is when Azure is asked for its progress next, rounded up to a second.
	// +optional
	NextPollTime *metav1.Time `json:"nextPollTime,omitempty"`

	// id is Azure's name of it, for the activity log and for support. Example: 0d3a2b6e-6f3d-4b6f-9c1e-6f1f2f3a4b5c.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	ID string `json:"id,omitempty"`

	// error is why it failed, in Azure's words.
	// +optional
	Error *Problem `json:"error,omitempty"`

	// rejection is why Azure refused it permanently. Nothing was changed.
	// +optional
	Rejection *Problem `json:"rejection,omitempty"`
}

// InstanceReference names one instance exactly: Azure may give an id to another instance later, but not with the same vmID.
type InstanceReference struct {
	// id is the instance id in the scale set. Example: "3".
	// +required
	// +kubebuilder:validation:MaxLength=256
	ID string `json:"id"`

	// vmID is the beginning of the instance's own UUID: enough to tell it from another one that gets its id.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	VMID string `json:"vmID,omitempty"`

	// osDisk stands for the disk that a reimage is to replace: the beginning of a digest of its id.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	OSDisk string `json:"osDisk,omitempty"`

	// healthySince is since when the instance was seen well without a break.
	// +optional
	HealthySince *metav1.Time `json:"healthySince,omitempty"`

	// attempt is how many attempts at the instance there were in this run before this one. Example: 1 on its first retry.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Attempt int32 `json:"attempt,omitempty"`

	// successes is how many readings in a row found it well, where more than one is asked for.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Successes int32 `json:"successes,omitempty"`
}

// Problem is what went wrong with an effect on Azure. It never holds a secret.
type Problem struct {
	// kind is the class of the problem. Example: Forbidden.
	// +required
	// +kubebuilder:validation:MaxLength=64
	Kind string `json:"kind"`

	// code is Azure's own code. Example: AuthorizationFailed.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Code string `json:"code,omitempty"`

	// message is what happened.
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
	// FailureReimage: it failed before its reimage, or nobody can say whether its disk was replaced; it is not sent a second time.
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

	// message is what was seen.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// time is when it failed.
	// +optional
	Time *metav1.Time `json:"time,omitempty"`
}
