package v1alpha1

// RolloutMode is whether a rollout acts.
//
// +kubebuilder:validation:Enum=Apply;Plan
type RolloutMode string

// The modes.
const (
	ModeApply RolloutMode = "Apply"
	ModePlan  RolloutMode = "Plan"
)

// Plan is the forecast of the rollout, if nothing else changes and every instance becomes healthy.
type Plan struct {
	// writes are the writes of the scale set's model, in order.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Writes []OperationKind `json:"writes,omitempty"`

	// batches are the calls in order, with the first 300 instances, or as many as fit into 32 KiB of status.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=600
	Batches []PlannedBatch `json:"batches,omitempty"`

	// omittedInstances is how many instances of later batches are not listed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	OmittedInstances int32 `json:"omittedInstances,omitempty"`

	// skipped are the skipped instances, the first 50.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	Skipped []SkippedInstance `json:"skipped,omitempty"`

	// estimatedAPICalls is the number of Azure API calls, without polls, with one page for each list.
	// +optional
	// +kubebuilder:validation:Minimum=0
	EstimatedAPICalls int32 `json:"estimatedAPICalls,omitempty"`

	// expectedReason is the reason with which it would end or hold. Example: Completed.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	ExpectedReason string `json:"expectedReason,omitempty"`
}

// PlannedBatch is the instances of one call.
type PlannedBatch struct {
	// step is the step that it belongs to; absent where there are no steps.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Step string `json:"step,omitempty"`

	// action is the operation: Upgrade or Reimage.
	// +required
	Action OperationKind `json:"action"`

	// instances are the instances.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	Instances []PlannedInstance `json:"instances,omitempty"`
}

// PlannedInstance is one instance of a planned batch.
type PlannedInstance struct {
	// id is the instance id in the scale set. Example: "3".
	// +required
	// +kubebuilder:validation:MaxLength=256
	ID string `json:"id"`

	// name is the instance's name. Example: web_3.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// zone is the instance's availability zone. Example: "1".
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Zone string `json:"zone,omitempty"`
}

// SkippedInstance is an instance that would be left as it is.
type SkippedInstance struct {
	// id is the instance id in the scale set. Example: "3".
	// +required
	// +kubebuilder:validation:MaxLength=256
	ID string `json:"id"`

	// reason is why.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason,omitempty"`
}
