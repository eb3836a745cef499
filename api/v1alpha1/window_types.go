package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Window is a recurring time.
type Window struct {
	// type is Allow or Deny. Deny wins.
	// +required
	Type WindowType `json:"type,omitempty"`

	// schedule is the opening as a cron line of five fields. A time that the clock skips does not open; one that comes twice opens twice.
	// Example: "0 22 * * 1-5".
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9A-Za-z*?/,-]+( [0-9A-Za-z*?/,-]+){4}$')",message="schedule must be a cron line of five fields separated by single spaces, such as 0 22 * * 1-5"
	Schedule string `json:"schedule,omitempty"`

	// duration is how long the window stays open, 1m to 168h. Example: 6h.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('168h')",message="duration must be a duration from 1m to 168h, such as 6h"
	Duration metav1.Duration `json:"duration,omitempty,omitzero"`

	// timeZone is the time zone of the schedule, by its database name. Example: Europe/Berlin. Absent: UTC.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z]+([_+-][A-Za-z0-9]+)*(/[A-Za-z0-9]+([_+-][A-Za-z0-9]+)*)*$') && self != 'Local'",message="timeZone must be a name of the time zone database, such as Europe/Berlin"
	TimeZone string `json:"timeZone,omitempty"`
}

// WindowType says what a window is for.
//
// +kubebuilder:validation:Enum=Allow;Deny
type WindowType string

// The window types.
const (
	WindowAllow WindowType = "Allow"
	WindowDeny  WindowType = "Deny"
)
