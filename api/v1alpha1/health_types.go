package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Health is when an upgraded instance counts as well.
//
// +kubebuilder:validation:XValidation:rule="!has(self.minReady) || !has(self.timeout) || !self.minReady.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') || !self.timeout.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') || duration(self.minReady) < duration(self.timeout)",message="health.minReady must be shorter than health.timeout, or no instance could pass: lower minReady or raise timeout"
type Health struct {
	// source is ApplicationHealth (the application health extension or the health probe, which the scale set must have) or ProvisioningState
	// (provisioned and running). Default: ApplicationHealth.
	// +optional
	// +kubebuilder:default=ApplicationHealth
	Source HealthSource `json:"source,omitempty"`

	// minReady is how long an upgraded instance must stay healthy, 0s to 24h, shorter than timeout. Example: 1m. Default: 0s.
	// +optional
	// +kubebuilder:default="0s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) <= duration('24h')",message="minReady must be a duration from 0s to 24h, such as 1m"
	MinReady *metav1.Duration `json:"minReady,omitempty"`

	// timeout is how long after its upgrade an unhealthy instance fails, 1s to 24h. Example: 30m. Default: 15m.
	// +optional
	// +kubebuilder:default="15m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="timeout must be a duration from 1s to 24h, such as 15m"
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// consecutiveSuccesses is how many readings in a row, 10 seconds apart, must be healthy, 1 to 100. Example: 3. Absent: 1.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 100",message="consecutiveSuccesses must be 1 to 100"
	ConsecutiveSuccesses *int32 `json:"consecutiveSuccesses,omitempty"`
}

// HealthSource is where an instance's health is read.
//
// +kubebuilder:validation:Enum=ApplicationHealth;ProvisioningState
type HealthSource string

// The health sources.
const (
	HealthApplication  HealthSource = "ApplicationHealth"
	HealthProvisioning HealthSource = "ProvisioningState"
)
