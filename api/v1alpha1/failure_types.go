package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// FailurePolicy is how much may go wrong, and what happens when more does.
type FailurePolicy struct {
	// maxFailed is how many instances may fail in a run: 0 to 1000, or "0%" to "100%" of the eligible instances, rounded down. Tolerated
	// failures count as exposed. Example: 1, "5%". Default: 0.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:default=0
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 0 && self <= 1000 : self.matches('^([0-9]|[1-9][0-9]|100)%$')",message="maxFailed must be a count from 0 to 1000 or a percentage from \"0%\" to \"100%\", such as 1 or \"5%\""
	MaxFailed *intstr.IntOrString `json:"maxFailed,omitempty"`

	// retries is how often a failed instance is retried in a run, 0 to 10. An instance at the latest model is retried only with
	// UpgradeThenReimage. Example: 1. Default: 0.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 10",message="retries must be 0 to 10"
	Retries int32 `json:"retries,omitempty"`

	// progressDeadline is the time for one more verified instance, 1m to 720h, longer than batch.pause and health.minReady together. It
	// stands still while the rollout is held or blocked by something other than the release. Example: 2h. Absent: no limit.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('720h')",message="progressDeadline must be a duration from 1m to 720h, such as 2h"
	ProgressDeadline *metav1.Duration `json:"progressDeadline,omitempty"`

	// action applies beyond maxFailed or progressDeadline. Pause: no further instance is upgraded. Abort: the model is restored. Rollback:
	// the exposed instances, too, also outside windows. Without a baseline both act as Pause. Default: Pause.
	// +optional
	// +kubebuilder:default=Pause
	Action FailureAction `json:"action,omitempty"`
}

// FailureAction is the reaction to too many failures.
//
// +kubebuilder:validation:Enum=Pause;Abort;Rollback
type FailureAction string

// The failure actions.
const (
	OnFailurePause    FailureAction = "Pause"
	OnFailureAbort    FailureAction = "Abort"
	OnFailureRollback FailureAction = "Rollback"
)

// Drift defines what happens when another tool changes the scale set.
type Drift struct {
	// declared applies to the declared image and script extension. Pause: hold and report. Overwrite: write it again. Default: Pause.
	// +optional
	// +kubebuilder:default=Pause
	Declared DeclaredDrift `json:"declared,omitempty"`

	// other applies to instances that other changes of the model left outdated. Report: count them in the status. Roll: upgrade them in
	// batches. Default: Report.
	// +optional
	// +kubebuilder:default=Report
	Other OtherDrift `json:"other,omitempty"`
}

// DeclaredDrift is the reaction to another writer's change of what a rollout declares.
//
// +kubebuilder:validation:Enum=Pause;Overwrite
type DeclaredDrift string

// The policies for what is declared.
const (
	DeclaredDriftPause     DeclaredDrift = "Pause"
	DeclaredDriftOverwrite DeclaredDrift = "Overwrite"
)

// OtherDrift is the reaction to instances that fell behind without a release.
//
// +kubebuilder:validation:Enum=Report;Roll
type OtherDrift string

// The policies for everything else.
const (
	OtherDriftReport OtherDrift = "Report"
	OtherDriftRoll   OtherDrift = "Roll"
)

// DeletionPolicy is the effect of a rollout's deletion on the scale set.
//
// +kubebuilder:validation:Enum=Leave;Rollback
type DeletionPolicy string

// The deletion policies.
const (
	OnDeleteLeave    DeletionPolicy = "Leave"
	OnDeleteRollback DeletionPolicy = "Rollback"
)
