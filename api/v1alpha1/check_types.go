package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Check says how to find out whether the release is good, where health only says that an instance is alive. It is declared in place, or by
// a CheckTemplate.
//
// +kubebuilder:validation:XValidation:rule="(has(self.http) ? 1 : 0) + (has(self.prometheus) ? 1 : 0) + (has(self.webhook) ? 1 : 0) + (has(self.runCommand) ? 1 : 0) + (has(self.azureMonitor) ? 1 : 0) + (has(self.templateRef) ? 1 : 0) == 1",message="a check needs exactly one of http, prometheus, webhook, runCommand, azureMonitor and templateRef: keep one and remove the others"
// +kubebuilder:validation:XValidation:rule="!has(self.templateRef) || !(has(self.scope) || has(self.background) || has(self.initialDelay) || has(self.interval) || has(self.count) || has(self.failureLimit) || has(self.errorLimit) || has(self.minSamples) || has(self.onNoData))",message="a check with templateRef has only name, args and enforce beside it: remove the other fields, or change them in the CheckTemplate"
type Check struct {
	// name tells checks apart, 1 to 63 lower-case letters, digits and hyphens. Example: error-rate.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="name must be lower-case letters, digits and hyphens, such as error-rate"
	Name string `json:"name,omitempty"`

	// templateRef names a CheckTemplate in this namespace that says everything else about the check. Example: {name: error-rate}.
	// +optional
	TemplateRef *CheckTemplateReference `json:"templateRef,omitempty"`

	// args are handed to the template, to queries as .Args, to expressions as args, and to webhooks in the payload, at most 16.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Args []Argument `json:"args,omitempty"`

	// enforce is whether a verdict that is not good leads to anything. false: it is shown in status.checks and changes nothing, to try a check
	// out. When absent: true.
	// +optional
	Enforce *bool `json:"enforce,omitempty"`

	CheckDefinition `json:",inline"`
}

// CheckDefinition is what a check measures, how often, and what of it passes. It has exactly one of the kinds.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.background) && self.background && has(self.count))",message="count must not be set for a background check, which goes on until the run is over: remove count, or background"
// +kubebuilder:validation:XValidation:rule="!has(self.failureLimit) || (has(self.background) && self.background) || self.failureLimit < (has(self.count) ? self.count : 1)",message="failureLimit must be less than count, or a check that only fails would pass: raise count or lower failureLimit"
// +kubebuilder:validation:XValidation:rule="!has(self.scope) || self.scope != 'Step' || !(has(self.http) || has(self.runCommand))",message="scope must be Instance for http and runCommand, which are about one instance: remove scope, or use webhook or prometheus for a step"
// +kubebuilder:validation:XValidation:rule="!has(self.minSamples) || !(has(self.http) || has(self.runCommand) || has(self.webhook))",message="minSamples counts the data of a prometheus samples query or the minutes of azureMonitor: remove it for other kinds"
type CheckDefinition struct {
	// scope is what the check is about. Instance: each upgraded instance for itself, before it counts as verified. Step: the instances with
	// the target together, before the step's gate opens. When absent: Instance.
	// +optional
	Scope CheckScope `json:"scope,omitempty"`

	// background makes the check go on from the first instance that is verified to the end of the run, instead of ending after count
	// measurements; it can only fail. When absent: false.
	// +optional
	Background bool `json:"background,omitempty"`

	// initialDelay passes before the first measurement, 0s to 24h. Example: 30s. When absent: 0s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) <= duration('24h')",message="initialDelay must be a duration from 0s to 24h, such as 30s"
	InitialDelay *metav1.Duration `json:"initialDelay,omitempty"`

	// interval is between the beginnings of two measurements, 1s to 24h. Example: 10s. When absent: 30s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="interval must be a duration from 1s to 24h, such as 10s"
	Interval *metav1.Duration `json:"interval,omitempty"`

	// count is how many measurements, passed ones and tolerated failures together, are enough, 1 to 1000. Example: 5. When absent: 1; not
	// for background checks.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 1000",message="count must be 1 to 1000"
	Count *int32 `json:"count,omitempty"`

	// failureLimit is how many failed measurements are tolerated in all, 0 to 1000, less than count. Example: 1. When absent: 0.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 1000",message="failureLimit must be 0 to 1000"
	FailureLimit *int32 `json:"failureLimit,omitempty"`

	// errorLimit is how many errors are tolerated in a row, 0 to 1000. An error is a measurement that could not be made, which says nothing
	// about the release. More of them count as a failed check. Example: 10. When absent: 4.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 1000",message="errorLimit must be 0 to 1000"
	ErrorLimit *int32 `json:"errorLimit,omitempty"`

	// minSamples is how much data a measurement has to rest on, 0 to 1000000000; with less there was no data. It is for prometheus with a
	// samples query, and for azureMonitor, where a sample is a minute. Example: 100. When absent: 0.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 1000000000",message="minSamples must be 0 to 1000000000"
	MinSamples *int32 `json:"minSamples,omitempty"`

	// onNoData is what a measurement without data counts as, such as a query that finds nothing for lack of traffic. Wait: as nothing; the
	// check goes on. Pass, Fail: as a measurement that passed, or failed. When absent: Wait.
	// +optional
	OnNoData NoDataPolicy `json:"onNoData,omitempty"`

	// http asks each instance itself.
	// +optional
	HTTP *HTTPCheck `json:"http,omitempty"`

	// prometheus asks a Prometheus server for a number, or for two to compare.
	// +optional
	Prometheus *PrometheusCheck `json:"prometheus,omitempty"`

	// webhook asks a program of yours.
	// +optional
	Webhook *WebhookCheck `json:"webhook,omitempty"`

	// runCommand runs a script on each instance through Azure's agent. It needs no network path to the instance.
	// +optional
	RunCommand *RunCommandCheck `json:"runCommand,omitempty"`

	// azureMonitor asks Azure Monitor for a metric of the instance, or at scope Step of the scale set.
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
	// name is the argument's name: letters, digits and underscores, not beginning with a digit. Example: service.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_]*$')",message="the name of an argument must be letters, digits and underscores, such as service"
	Name string `json:"name,omitempty"`

	// value is its text, at most 1024 characters. Example: shop-frontend.
	// +required
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=1024
	Value *string `json:"value,omitempty"`
}

// CheckScope is what a check is about.
//
// +kubebuilder:validation:Enum=Instance;Step
type CheckScope string

// The scopes.
const (
	CheckScopeInstance CheckScope = "Instance"
	CheckScopeStep     CheckScope = "Step"
)

// NoDataPolicy is what a measurement without data counts as.
//
// +kubebuilder:validation:Enum=Wait;Pass;Fail
type NoDataPolicy string

// The policies for measurements without data.
const (
	NoDataWait NoDataPolicy = "Wait"
	NoDataPass NoDataPolicy = "Pass"
	NoDataFail NoDataPolicy = "Fail"
)
