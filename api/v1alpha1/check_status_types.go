package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CheckStatus is how one check stands, about one machine or the step.
type CheckStatus struct {
	// name is the check's name.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// scope is what the check is about.
	// +optional
	Scope CheckScope `json:"scope,omitempty"`

	// instance is the id of the machine, at scope Instance.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Instance string `json:"instance,omitempty"`

	// verdict is what the check has come to. Running: nothing yet. Passed. Failed: more measurements failed than failureLimit. Errored: it
	// could not be measured, more often in a row than errorLimit, and counts as failed.
	// +required
	Verdict CheckVerdict `json:"verdict"`

	// passed is how many measurements passed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Passed int32 `json:"passed,omitempty"`

	// failed is how many failed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Failed int32 `json:"failed,omitempty"`

	// noData is how many found no data.
	// +optional
	// +kubebuilder:validation:Minimum=0
	NoData int32 `json:"noData,omitempty"`

	// errors is how many could not be made.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Errors int32 `json:"errors,omitempty"`

	// value is what was measured last.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Value string `json:"value,omitempty"`

	// threshold is what it was held against.
	// +optional
	// +kubebuilder:validation:MaxLength=160
	Threshold string `json:"threshold,omitempty"`

	// lastMeasurementTime is when the last measurement was begun.
	// +optional
	LastMeasurementTime *metav1.Time `json:"lastMeasurementTime,omitempty"`

	// message is why the verdict is what it is, or why the last measurement is not good.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// CheckVerdict is what a check has come to.
//
// +kubebuilder:validation:Enum=Running;Passed;Failed;Errored
type CheckVerdict string

// The verdicts.
const (
	CheckVerdictRunning CheckVerdict = "Running"
	CheckVerdictPassed  CheckVerdict = "Passed"
	CheckVerdictFailed  CheckVerdict = "Failed"
	CheckVerdictErrored CheckVerdict = "Errored"
)

// CheckBookkeeping is what is kept of checks.
type CheckBookkeeping struct {
	// passed are the shares whose checks have passed.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=128
	Passed []string `json:"passed,omitempty"`

	// rejected is the check or the hook that the release as a whole failed, with what it said.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Rejected string `json:"rejected,omitempty"`

	// spoilt is how often a share that was being checked was spoilt.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Spoilt int32 `json:"spoilt,omitempty"`
}

// HookBookkeeping is what is kept of hooks and drained nodes.
type HookBookkeeping struct {
	// calls are the occasions at which hooks are being called.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Calls []CallBookkeeping `json:"calls,omitempty"`

	// number is how many occasions the run has had.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Number int32 `json:"number,omitempty"`

	// before is the share before which hooks were called last.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Before string `json:"before,omitempty"`

	// after is the share after which hooks were called last.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	After string `json:"after,omitempty"`
}

// CallBookkeeping is one occasion at which hooks are called. It is written before the first call is made, so that whoever goes on after a
// crash makes the same calls, and what was delivered is not called again.
type CallBookkeeping struct {
	// at is the point.
	// +required
	At HookPoint `json:"at"`

	// number tells the occasions of a run apart.
	// +required
	// +kubebuilder:validation:Minimum=1
	Number int32 `json:"number"`

	// since is when it began.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`

	// instances are the machines, where they are not all of status.operation.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	Instances []InstanceReference `json:"instances,omitempty"`

	// ofOperation are the ids of the machines, written as in exposed, where they are all of status.operation.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=256
	OfOperation []string `json:"ofOperation,omitempty"`

	// drainSince is since when their nodes are drained.
	// +optional
	DrainSince *metav1.Time `json:"drainSince,omitempty"`

	// done says of whom hooks are not called again.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Done []CallsDone `json:"done,omitempty"`

	// about is the share, or what failed.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	About string `json:"about,omitempty"`
}

// CallsDone says of whom one hook is not called again.
type CallsDone struct {
	// hook is its name.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Hook string `json:"hook"`

	// instances are the ids of the machines, written as in exposed; none where the hook is about a step or a failure.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=256
	Instances []string `json:"instances,omitempty"`
}
