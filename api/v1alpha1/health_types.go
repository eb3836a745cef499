package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Health is when an upgraded instance counts as well.
//
// +kubebuilder:validation:XValidation:rule="!has(self.minReady) || !has(self.timeout) || !self.minReady.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') || !self.timeout.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') || duration(self.minReady) < duration(self.timeout)",message="health.minReady must be shorter than health.timeout, or no instance could pass: lower minReady or raise timeout"
type Health struct {
	// source is where an instance's health is read. ApplicationHealth: the application health extension, or the load balancer's
	// probe; the scale set must have one. ProvisioningState: provisioning succeeded and the instance runs; this says nothing of the
	// application. Default: ApplicationHealth.
	// +optional
	// +kubebuilder:default=ApplicationHealth
	Source HealthSource `json:"source,omitempty"`

	// minReady is how long an upgraded instance has to be well without a break, 0s to 24h, shorter than timeout.
	// Example: 1m. Default: 0s.
	// +optional
	// +kubebuilder:default="0s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) <= duration('24h')",message="minReady must be a duration from 0s to 24h, such as 1m"
	MinReady *metav1.Duration `json:"minReady,omitempty"`

	// timeout is how long after the end of its upgrade an instance that is not well counts as failed, 1s to 24h.
	// Example: 30m. Default: 15m.
	// +optional
	// +kubebuilder:default="15m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="timeout must be a duration from 1s to 24h, such as 15m"
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// consecutiveSuccesses is how many readings in a row, at least 10 seconds apart, have to find an upgraded instance well, 1 to 100; with
	// minReady both have to be met. Example: 3. When absent: 1.
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
