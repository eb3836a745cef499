package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// FailurePolicy is how much may go wrong, and what happens when more does.
type FailurePolicy struct {
	// maxFailed is how many instances may fail in a run before action applies: a count from 0 to 1000, or a percentage of the eligible
	// instances from "0%" to "100%", rounded down; 5% of 10 is none. Failed instances that are tolerated stay as they are, count
	// as touched, and the run may end without them. Example: 1, "5%". Default: 0.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:default=0
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 0 && self <= 1000 : self.matches('^([0-9]|[1-9][0-9]|100)%$')",message="maxFailed must be a count from 0 to 1000 or a percentage from \"0%\" to \"100%\", such as 1 or \"5%\""
	MaxFailed *intstr.IntOrString `json:"maxFailed,omitempty"`

	// retries is how often an instance that failed is tried again in the same run before it counts as failed, 0 to 10. An instance that is at
	// the model already is tried again only with instanceAction UpgradeThenReimage: anything else would change nothing.
	// Example: 1. Default: 0.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 10",message="retries must be 0 to 10"
	Retries int32 `json:"retries,omitempty"`

	// progressDeadline is how long a run may go without another instance becoming updated and well before action applies, 1m to 720h, and
	// longer than strategy.batch.pause and health.minReady together. The clock runs while a batch is permitted: not while the rollout is
	// paused, waits at a gate, is outside its windows, or is blocked by something that is not the release. Example: 2h. When absent: for ever.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('720h')",message="progressDeadline must be a duration from 1m to 720h, such as 2h"
	ProgressDeadline *metav1.Duration `json:"progressDeadline,omitempty"`

	// action is what happens when more than maxFailed instances failed, or progressDeadline passed. Pause: no further instance is touched,
	// and somebody looks. Abort: the model goes back to the baseline, the instances stay as they are, to be looked at. Rollback: the
	// model goes back, and then every instance that the target touched; this does not wait for a window. Where there is no baseline
	// (status.baseline), Abort and Rollback act as Pause. Default: Pause.
	// +optional
	// +kubebuilder:default=Pause
	Action FailureAction `json:"action,omitempty"`
}

// FailureAction is what happens when too much went wrong.
//
// +kubebuilder:validation:Enum=Pause;Abort;Rollback
type FailureAction string

// The failure actions.
const (
	OnFailurePause    FailureAction = "Pause"
	OnFailureAbort    FailureAction = "Abort"
	OnFailureRollback FailureAction = "Rollback"
)

// Drift is what is done about changes that somebody else makes to the scale set.
type Drift struct {
	// declared is what is done when somebody else changed what this rollout declares: the image, or our script extension. Pause: hold, and say
	// what was found. Overwrite: write it again. Default: Pause.
	// +optional
	// +kubebuilder:default=Pause
	Declared DeclaredDrift `json:"declared,omitempty"`

	// other is what is done about instances that fell behind the model because somebody else changed other parts of it. Report: count them in
	// status, and touch them only as a batch brings them the target. Roll: bring them to the model as well, batch by batch.
	// Default: Report.
	// +optional
	// +kubebuilder:default=Report
	Other OtherDrift `json:"other,omitempty"`
}

// DeclaredDrift is what is done when somebody else changed what a rollout declares.
//
// +kubebuilder:validation:Enum=Pause;Overwrite
type DeclaredDrift string

// The policies for what is declared.
const (
	DeclaredDriftPause     DeclaredDrift = "Pause"
	DeclaredDriftOverwrite DeclaredDrift = "Overwrite"
)

// OtherDrift is what is done about instances that fell behind through no release of ours.
//
// +kubebuilder:validation:Enum=Report;Roll
type OtherDrift string

// The policies for everything else.
const (
	OtherDriftReport OtherDrift = "Report"
	OtherDriftRoll   OtherDrift = "Roll"
)

// DeletionPolicy is what is done to the scale set when a rollout is deleted.
//
// +kubebuilder:validation:Enum=Leave;Rollback
type DeletionPolicy string

// The deletion policies.
const (
	OnDeleteLeave    DeletionPolicy = "Leave"
	OnDeleteRollback DeletionPolicy = "Rollback"
)
