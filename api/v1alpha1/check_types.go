package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Check judges the release beyond health. It is declared in place or by a CheckTemplate.
//
// +kubebuilder:validation:XValidation:rule="(has(self.http) ? 1 : 0) + (has(self.prometheus) ? 1 : 0) + (has(self.webhook) ? 1 : 0) + (has(self.runCommand) ? 1 : 0) + (has(self.azureMonitor) ? 1 : 0) + (has(self.templateRef) ? 1 : 0) == 1",message="a check needs exactly one of http, prometheus, webhook, runCommand, azureMonitor and templateRef"
// +kubebuilder:validation:XValidation:rule="!has(self.templateRef) || !(has(self.scope) || has(self.background) || has(self.initialDelay) || has(self.interval) || has(self.count) || has(self.failureLimit) || has(self.errorLimit) || has(self.minSamples) || has(self.onNoData))",message="a check with templateRef has only name, args and enforce beside it: remove the other fields, or change them in the CheckTemplate"
type Check struct {
	// name identifies the check, 1 to 63 lower-case letters, digits and hyphens. Example: error-rate.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="name must be lower-case letters, digits and hyphens, such as error-rate"
	Name string `json:"name,omitempty"`

	// templateRef names a CheckTemplate in this namespace that defines the rest of the check.
	// +optional
	TemplateRef *CheckTemplateReference `json:"templateRef,omitempty"`

	// args are passed to the template, to queries as .Args, to expressions as args, and to webhooks, at most 16.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Args []Argument `json:"args,omitempty"`

	// enforce makes a failed check fail the rollout. false: the result is only shown in status.checks. Absent: true.
	// +optional
	Enforce *bool `json:"enforce,omitempty"`

	CheckDefinition `json:",inline"`
}

// CheckDefinition declares what a check measures, how often, and which results pass. It has exactly one of the kinds.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.background) && self.background && has(self.count))",message="count must not be set for a background check, which goes on until the run is over: remove count, or background"
// +kubebuilder:validation:XValidation:rule="!has(self.failureLimit) || (has(self.background) && self.background) || self.failureLimit < (has(self.count) ? self.count : 1)",message="failureLimit must be less than count, or a check that only fails would pass: raise count or lower failureLimit"
// +kubebuilder:validation:XValidation:rule="!has(self.scope) || self.scope != 'Step' || !(has(self.http) || has(self.runCommand))",message="scope must be Instance for http and runCommand, which are about one instance: remove scope, or use webhook or prometheus for a step"
// +kubebuilder:validation:XValidation:rule="!has(self.minSamples) || !(has(self.http) || has(self.runCommand) || has(self.webhook))",message="minSamples counts the data of a prometheus samples query or the minutes of azureMonitor: remove it for other kinds"
type CheckDefinition struct {
	// scope is the subject. Instance: each upgraded instance, before it is verified. Step: all instances with the target, before the step's
	// gate opens. Absent: Instance.
	// +optional
	Scope CheckScope `json:"scope,omitempty"`

	// background continues the check until the end of the run; it can only fail. Absent: false.
	// +optional
	Background bool `json:"background,omitempty"`

	// initialDelay is the time before the first measurement, 0s to 24h. Example: 30s. Absent: 0s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) <= duration('24h')",message="initialDelay must be a duration from 0s to 24h, such as 30s"
	InitialDelay *metav1.Duration `json:"initialDelay,omitempty"`

	// interval is the time between the starts of two measurements, 1s to 24h. Example: 10s. Absent: 30s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="interval must be a duration from 1s to 24h, such as 10s"
	Interval *metav1.Duration `json:"interval,omitempty"`

	// count is how many measurements, passed or tolerated, are enough, 1 to 1000. Not for background checks. Example: 5. Absent: 1.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 1000",message="count must be 1 to 1000"
	Count *int32 `json:"count,omitempty"`

	// failureLimit is how many failed measurements are tolerated, 0 to 1000, less than count. Example: 1. Absent: 0.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 1000",message="failureLimit must be 0 to 1000"
	FailureLimit *int32 `json:"failureLimit,omitempty"`

	// errorLimit is how many measurements in a row may be impossible, 0 to 1000. Example: 10. Absent: 4.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 1000",message="errorLimit must be 0 to 1000"
	ErrorLimit *int32 `json:"errorLimit,omitempty"`

	// minSamples is how many samples a measurement needs, 0 to 1000000000; for prometheus with a samples query, and azureMonitor, where a
	// sample is a minute. Example: 100. Absent: 0.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 1000000000",message="minSamples must be 0 to 1000000000"
	MinSamples *int32 `json:"minSamples,omitempty"`

	// onNoData is how a measurement without data counts. Wait: not at all. Pass, Fail: as passed or failed. Absent: Wait.
	// +optional
	OnNoData NoDataPolicy `json:"onNoData,omitempty"`

	// http calls each instance.
	// +optional
	HTTP *HTTPCheck `json:"http,omitempty"`

	// prometheus queries a Prometheus server for one number, or two to compare.
	// +optional
	Prometheus *PrometheusCheck `json:"prometheus,omitempty"`

	// webhook calls your program.
	// +optional
	Webhook *WebhookCheck `json:"webhook,omitempty"`

	// runCommand runs a script on each instance through Azure's agent. It needs no network path.
	// +optional
	RunCommand *RunCommandCheck `json:"runCommand,omitempty"`

	// azureMonitor reads an Azure Monitor metric of the instance, or at scope Step of the scale set.
	// +optional
	AzureMonitor *AzureMonitorCheck `json:"azureMonitor,omitempty"`
}

// CheckTemplateReference names a CheckTemplate in the same namespace.
type CheckTemplateReference struct {
	// name is the CheckTemplate's name. Example: error-rate.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",message="templateRef.name must be the name of a CheckTemplate: lower-case letters, digits, hyphens and periods"
	Name string `json:"name,omitempty"`
}

// Argument is a named text.
type Argument struct {
	// name is letters, digits and underscores. Example: service.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_]*$')",message="the name of an argument must be letters, digits and underscores, such as service"
	Name string `json:"name,omitempty"`

	// value is at most 1024 characters.
	// +required
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=1024
	Value *string `json:"value,omitempty"`
}

// CheckScope is the subject of a check.
//
// +kubebuilder:validation:Enum=Instance;Step
type CheckScope string

// The scopes.
const (
	CheckScopeInstance CheckScope = "Instance"
	CheckScopeStep     CheckScope = "Step"
)

// NoDataPolicy is the meaning of a measurement without data.
//
// +kubebuilder:validation:Enum=Wait;Pass;Fail
type NoDataPolicy string

// The policies for measurements without data.
const (
	NoDataWait NoDataPolicy = "Wait"
	NoDataPass NoDataPolicy = "Pass"
	NoDataFail NoDataPolicy = "Fail"
)
