package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Window is a time that comes again and again.
type Window struct {
	// type says whether work may begin in the window (Allow) or may not (Deny). Deny wins.
	// +required
	Type WindowType `json:"type,omitempty"`

	// schedule is when the window opens, as a cron line of five fields: minute, hour, day of month, month, day of week.
	// Where the clocks skip the time, the window does not open that day; where the time comes twice, it opens twice.
	// Example: "0 22 * * 1-5", weekdays at ten in the evening.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9A-Za-z*?/,-]+( [0-9A-Za-z*?/,-]+){4}$')",message="schedule must be a cron line of five fields separated by single spaces, such as 0 22 * * 1-5"
	Schedule string `json:"schedule,omitempty"`

	// duration is how long the window stays open, 1m to 168h of time that passes, whatever the clocks do. Example: 6h.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('168h')",message="duration must be a duration from 1m to 168h, such as 6h"
	Duration metav1.Duration `json:"duration,omitempty,omitzero"`

	// timeZone is where the schedule's clock hangs, by its name in the time zone database. Example: Europe/Berlin. When absent: UTC.
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
