package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// HTTPCheck asks one instance itself, since any instance may answer at a load balancer's shared port. It passes when status and body are
// as declared.
//
// +kubebuilder:validation:XValidation:rule="!has(self.credentials) || (has(self.scheme) && self.scheme == 'https')",message="http.credentials are sent over https only: set scheme to https, or remove credentials"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || (has(self.scheme) && self.scheme == 'https')",message="http.tls is for https: set scheme to https, or remove tls"
type HTTPCheck struct {
	// via is the route. PrivateAddress: the address in the virtual network. NATPort: the instance's port of the load balancer. The flag
	// --allow-outbound must permit it. Absent: PrivateAddress.
	// +optional
	Via MachineRoute `json:"via,omitempty"`

	// scheme is http or https. When absent: http.
	// +optional
	// +kubebuilder:validation:Enum=http;https
	Scheme string `json:"scheme,omitempty"`

	// port is the port on the instance, 1 to 65535. Example: 80.
	// +required
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 65535",message="port must be 1 to 65535"
	Port int32 `json:"port,omitempty"`

	// path is the path with an optional query, at most 1024 characters. Example: /healthz. Absent: /.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="path must begin with /, such as /healthz"
	Path string `json:"path,omitempty"`

	// method is GET or HEAD. Absent: GET.
	// +optional
	// +kubebuilder:validation:Enum=GET;HEAD
	Method string `json:"method,omitempty"`

	// host is the Host header. Example: shop.example. When absent: the address.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Host string `json:"host,omitempty"`

	// headers are sent, at most 16. Secrets belong in credentials.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Headers []HTTPHeader `json:"headers,omitempty"`

	// status are the codes or ranges that pass, at most 8. Example: ["200-299", "304"]. Absent: 200-299.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=7
	// +kubebuilder:validation:XValidation:rule="self.all(s, s.matches('^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$'))",message="status must be codes or ranges of codes, such as \"200-299\" or \"304\""
	Status []string `json:"status,omitempty"`

	// bodyRegex is an RE2 expression that the body must contain, at most 1024 characters. Example: "nginx v2".
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	BodyRegex string `json:"bodyRegex,omitempty"`

	// json compares one value of a JSON body. Absent: any body.
	// +optional
	JSON *JSONCondition `json:"json,omitempty"`

	// tls verifies the instance.
	// +optional
	TLS *TLSOptions `json:"tls,omitempty"`

	// credentials are sent over https only.
	// +optional
	Credentials *Credentials `json:"credentials,omitempty"`

	// timeout is for the whole call, 1s to 60s. Example: 3s. Absent: 10s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('60s')",message="http.timeout must be a duration from 1s to 60s, such as 3s"
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// MachineRoute is by which way an instance is called.
//
// +kubebuilder:validation:Enum=PrivateAddress;NATPort
type MachineRoute string

// The ways to an instance.
const (
	ViaPrivateAddress MachineRoute = "PrivateAddress"
	ViaNATPort        MachineRoute = "NATPort"
)

// HTTPHeader is a header of a request.
type HTTPHeader struct {
	// name is the header's name. Example: Accept.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9-]+$')",message="the name of a header must be letters, digits and hyphens, such as Accept"
	Name string `json:"name,omitempty"`

	// value is one line of at most 1024 characters without control characters. Example: application/json.
	// +required
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^[:cntrl:]]*$')",message="the value of a header must be one line without control characters"
	Value *string `json:"value,omitempty"`
}

// JSONCondition holds one value of a JSON body against a text or a threshold.
//
// +kubebuilder:validation:XValidation:rule="has(self.equals) != has(self.threshold)",message="json needs exactly one of equals and threshold"
type JSONCondition struct {
	// path is a JSONPath in braces as kubectl has it, at most 256 characters, without .. and with at most two wildcards. Example: {.status}.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.startsWith('{') && self.endsWith('}') && !self.contains('..')",message="json.path must be a JSONPath in braces without .., such as {.status}"
	Path string `json:"path,omitempty"`

	// equals is the expected text, as JSON writes it. Example: "ok".
	// +optional
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=256
	Equals *string `json:"equals,omitempty"`

	// threshold is the range of a number.
	// +optional
	Threshold *Threshold `json:"threshold,omitempty"`
}

// Threshold says which numbers are good.
//
// +kubebuilder:validation:XValidation:rule="has(self.expr) != (has(self.min) || has(self.max))",message="threshold needs min, max or both, or expr alone"
type Threshold struct {
	// min is the smallest good decimal. Example: "0.99".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^-?[0-9]+([.][0-9]+)?$')",message="min must be a decimal number in quotes, such as \"0.99\""
	Min *string `json:"min,omitempty"`

	// max is the largest good decimal. Example: "0.05".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^-?[0-9]+([.][0-9]+)?$')",message="max must be a decimal number in quotes, such as \"0.05\""
	Max *string `json:"max,omitempty"`

	// expr is a CEL expression over value (or canary), baseline, samples and args, at most 1024 characters. Example: "canary <= 2.0 *
	// baseline".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Expr string `json:"expr,omitempty"`
}

// TLSOptions are how an endpoint is verified. Verification cannot be turned off.
type TLSOptions struct {
	// ca are trusted authorities, PEM, at most 16384 characters. Absent: the system's.
	// +optional
	// +kubebuilder:validation:MaxLength=16384
	// +kubebuilder:validation:XValidation:rule="self.startsWith('-----BEGIN CERTIFICATE-----')",message="tls.ca must be PEM: -----BEGIN CERTIFICATE-----"
	CA string `json:"ca,omitempty"`

	// serverName is the certificate's name. Absent: the host.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	ServerName string `json:"serverName,omitempty"`
}

// Credentials are read from Secrets of this namespace for every call. The Secret must allow the use and the host by its annotations
// rollouts.vmss.dev/allowed-uses (check, hook) and rollouts.vmss.dev/allowed-hosts. The controller needs the ClusterRole
// vmssrollout-secret-reader.
//
// +kubebuilder:validation:XValidation:rule="has(self.bearer) != has(self.basic)",message="credentials need exactly one of bearer and basic"
type Credentials struct {
	// bearer is the token.
	// +optional
	Bearer *SecretKeyReference `json:"bearer,omitempty"`

	// basic is a user name and a password.
	// +optional
	Basic *BasicCredentials `json:"basic,omitempty"`
}

// BasicCredentials are a user name with a password.
type BasicCredentials struct {
	// user is the user name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	User string `json:"user,omitempty"`

	// password is the password.
	// +required
	Password SecretKeyReference `json:"password,omitempty,omitzero"`
}

// SecretKeyReference names a key of a Secret in the same namespace.
type SecretKeyReference struct {
	// name is the Secret's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",message="name must be the name of a Secret: a-z, 0-9, - and ."
	Name string `json:"name,omitempty"`

	// key is the key in the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="key must be a key of a Secret: A-Z, a-z, 0-9, -, _ and ."
	Key string `json:"key,omitempty"`
}

// PrometheusCheck asks a Prometheus server for a number, or for one of the canaries and one of the baseline, and holds it against a
// threshold. Queries are templates: {{regex .Canary.Names}} makes a pattern of the instances with the target, {{regex .Baseline.Names}} of
// those without, {{.Instance.Name}} is the instance at scope Instance; there are also IDs, Addresses, .Rollout, .Namespace, .Step,
// .Set.Name and .Args.NAME.
//
// +kubebuilder:validation:XValidation:rule="!has(self.credentials) || self.url.startsWith('https://')",message="prometheus.credentials are sent over https only: use an https url, or remove credentials"
type PrometheusCheck struct {
	// url is the server's. Example: http://prometheus.monitoring.svc:9090.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('http://') || self.startsWith('https://')",message="url must begin with http:// or https://"
	URL string `json:"url,omitempty"`

	// query is PromQL for one number, called value or canary, at most 4096 characters. Example: sum(rate(errors_total{instance=~"{{regex
	// .Canary.Names}}"}[1m])).
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Query string `json:"query,omitempty"`

	// baseline is PromQL for the number to compare with, called baseline. Absent: none.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Baseline string `json:"baseline,omitempty"`

	// samples is PromQL for the number of samples, for minSamples. Absent: one for each measurement.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Samples string `json:"samples,omitempty"`

	// threshold is the range of good numbers.
	// +required
	Threshold Threshold `json:"threshold,omitempty,omitzero"`

	// tls verifies the server.
	// +optional
	TLS *TLSOptions `json:"tls,omitempty"`

	// credentials are sent over https only.
	// +optional
	Credentials *Credentials `json:"credentials,omitempty"`

	// timeout is for all queries together, 1s to 60s. Example: 5s. Absent: 10s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('60s')",message="prometheus.timeout must be a duration from 1s to 60s, such as 5s"
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// WebhookCheck posts to a program of yours what the check is about. 2xx passes; 202 means not known yet; 429, 502, 503 and 504 are errors;
// everything else fails.
//
// +kubebuilder:validation:XValidation:rule="!has(self.credentials) || self.url.startsWith('https://')",message="webhook.credentials are sent over https only: use an https url, or remove credentials"
type WebhookCheck struct {
	// url is the address to post to. Example: https://smoke.example/check.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('http://') || self.startsWith('https://')",message="url must begin with http:// or https://"
	URL string `json:"url,omitempty"`

	// tls verifies the endpoint.
	// +optional
	TLS *TLSOptions `json:"tls,omitempty"`

	// credentials are sent over https only.
	// +optional
	Credentials *Credentials `json:"credentials,omitempty"`

	// timeout is for the whole call, 1s to 60s. Example: 30s. Absent: 10s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('60s')",message="webhook.timeout must be a duration from 1s to 60s, such as 30s"
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// RunCommandCheck runs a script on each instance through Azure's agent. After a crash of the controller it may run twice.
type RunCommandCheck struct {
	// script runs in the instance's shell, or its first line's interpreter, at most 16384 characters. Readers of the rollout can read it.
	// Example: curl -fs http://localhost/.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16384
	Script string `json:"script,omitempty"`

	// exitCode is the code that passes, 0 to 255. Absent: 0.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 255",message="exitCode must be 0 to 255"
	ExitCode *int32 `json:"exitCode,omitempty"`

	// showOutput shows the end of a failed script's output in the status. Absent: false.
	// +optional
	ShowOutput bool `json:"showOutput,omitempty"`

	// timeout is for the script and Azure's agent, which takes tens of seconds, 10s to 5m. Absent: 2m.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('10s') && duration(self) <= duration('5m')",message="runCommand.timeout must be a duration from 10s to 5m, such as 2m"
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// AzureMonitorCheck holds a platform metric against a threshold: of the instance at scope Instance, of the whole scale set at scope Step.
type AzureMonitorCheck struct {
	// namespace is the metric's namespace. When absent: Microsoft.Compute/virtualMachineScaleSets.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Namespace string `json:"namespace,omitempty"`

	// metric is the metric's name. Example: Percentage CPU.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Metric string `json:"metric,omitempty"`

	// aggregation combines the values of a minute, and the minutes of the window. Absent: Average.
	// +optional
	Aggregation MetricAggregation `json:"aggregation,omitempty"`

	// window is how far back to read, 1m to 1h. Azure is late by a minute or more. Absent: 5m.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('1h')",message="window must be a duration from 1m to 1h, such as 5m"
	Window *metav1.Duration `json:"window,omitempty"`

	// threshold is the range of good numbers, without a baseline.
	// +required
	Threshold Threshold `json:"threshold,omitempty,omitzero"`

	// timeout is for the whole call, 1s to 60s. Absent: 30s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('60s')",message="azureMonitor.timeout must be a duration from 1s to 60s, such as 30s"
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// MetricAggregation is how one number is made of several.
//
// +kubebuilder:validation:Enum=Average;Minimum;Maximum;Total
type MetricAggregation string

// The aggregations.
const (
	AggregationAverage MetricAggregation = "Average"
	AggregationMinimum MetricAggregation = "Minimum"
	AggregationMaximum MetricAggregation = "Maximum"
	AggregationTotal   MetricAggregation = "Total"
)
