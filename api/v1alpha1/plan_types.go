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

// Plan is what the rollout would do if nothing else changed and everything went well.
type Plan struct {
	// writes are the writes of the scale set's model, in order.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4
	Writes []OperationKind `json:"writes,omitempty"`

	// batches are the calls that touch machines, in order. The first 300 machines are listed, or as many as fit into a status of 32 KiB.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=600
	Batches []PlannedBatch `json:"batches,omitempty"`

	// unlistedInstances is how many machines of later batches are not listed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	UnlistedInstances int32 `json:"unlistedInstances,omitempty"`

	// skipped are the machines that would be left as they are, the first 50 of them, with the reason.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	Skipped []SkippedInstance `json:"skipped,omitempty"`

	// azureCalls is how many ARM calls it takes at the least: without polls, with one page a list.
	// +optional
	// +kubebuilder:validation:Minimum=0
	AzureCalls int32 `json:"azureCalls,omitempty"`

	// ends is the reason it would end with, or be held by. Example: Completed.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Ends string `json:"ends,omitempty"`
}

// PlannedBatch is the machines of one call.
type PlannedBatch struct {
	// step is the step that it belongs to; absent where there are no steps.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Step string `json:"step,omitempty"`

	// action is what is done to the machines: Upgrade or Reimage.
	// +required
	Action OperationKind `json:"action"`

	// instances are the machines.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	Instances []PlannedInstance `json:"instances,omitempty"`
}

// PlannedInstance is one machine of a planned batch.
type PlannedInstance struct {
	// id is the instance id in the scale set. Example: "3".
	// +required
	// +kubebuilder:validation:MaxLength=256
	ID string `json:"id"`

	// name is the machine's name. Example: web_3.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// zone is the machine's availability zone. Example: "1".
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Zone string `json:"zone,omitempty"`
}

// SkippedInstance is a machine that would be left as it is.
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
