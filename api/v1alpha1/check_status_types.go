package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CheckStatus is how one check stands, about one instance or the step.
type CheckStatus struct {
	// name is the check's name.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// scope is the subject of the check.
	// +optional
	Scope CheckScope `json:"scope,omitempty"`

	// instance is the id of the instance, at scope Instance.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Instance string `json:"instance,omitempty"`

	// verdict is the result. Errored: more errors in a row than errorLimit; counts as failed.
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

	// value is the last measured value.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Value string `json:"value,omitempty"`

	// threshold is the range it was compared with.
	// +optional
	// +kubebuilder:validation:MaxLength=160
	Threshold string `json:"threshold,omitempty"`

	// lastMeasurementTime is the start of the last measurement.
	// +optional
	LastMeasurementTime *metav1.Time `json:"lastMeasurementTime,omitempty"`

	// message is the reason of the verdict or of the last bad measurement.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// CheckVerdict is the result of a check.
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
