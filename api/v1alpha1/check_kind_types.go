package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// HTTPCheck asks one instance itself: what answers at a load balancer's shared port is anybody. It passes when status and body are as
// declared.
//
// +kubebuilder:validation:XValidation:rule="!has(self.credentials) || (has(self.scheme) && self.scheme == 'https')",message="http.credentials are sent over https only: set scheme to https, or remove credentials"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || (has(self.scheme) && self.scheme == 'https')",message="http.tls is for https: set scheme to https, or remove tls"
type HTTPCheck struct {
	// via is by which way the instance is called. PrivateAddress: at its own address in the virtual network. NATPort: at its own port of the
	// load balancer, through a NAT pool or an inbound NAT rule. The manager's flag --allow-outbound has to permit the address.
	// When absent: PrivateAddress.
	// +optional
	Via MachineRoute `json:"via,omitempty"`

	// scheme is http or https. When absent: http.
	// +optional
	// +kubebuilder:validation:Enum=http;https
	Scheme string `json:"scheme,omitempty"`

	// port is the port on the instance, also behind a NAT port, 1 to 65535. Example: 80.
	// +required
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 65535",message="port must be 1 to 65535"
	Port int32 `json:"port,omitempty"`

	// path is the path, with a query if need be, at most 1024 characters. Example: /healthz. When absent: /.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="path must begin with /, such as /healthz"
	Path string `json:"path,omitempty"`

	// method is GET or HEAD: a check changes nothing. When absent: GET.
	// +optional
	// +kubebuilder:validation:Enum=GET;HEAD
	Method string `json:"method,omitempty"`

	// host is the Host header. Example: shop.example. When absent: the address.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Host string `json:"host,omitempty"`

	// headers are sent along, at most 16. Secrets do not belong here: see credentials.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Headers []HTTPHeader `json:"headers,omitempty"`

	// status are the status codes that pass, each a code or a range, at most 8. Example: ["200-299", "304"]. When absent: 200-299.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=7
	// +kubebuilder:validation:XValidation:rule="self.all(s, s.matches('^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$'))",message="status must be codes or ranges of codes, such as \"200-299\" or \"304\""
	Status []string `json:"status,omitempty"`

	// bodyRegex is a regular expression (RE2) that the body has to match somewhere, at most 1024 characters. Example: "nginx v2".
	// When absent: any body.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	BodyRegex string `json:"bodyRegex,omitempty"`

	// json holds one value of a JSON body against a text or a threshold. When absent: any body.
	// +optional
	JSON *JSONCondition `json:"json,omitempty"`

	// tls says how the instance proves who it is.
	// +optional
	TLS *TLSOptions `json:"tls,omitempty"`

	// credentials say who asks. They are sent over https only.
	// +optional
	Credentials *Credentials `json:"credentials,omitempty"`

	// timeout is for the whole call, 1s to 60s. Example: 3s. When absent: 10s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
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

	// value is its text, one line of at most 1024 characters without control characters. Example: application/json.
	// +required
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^[:cntrl:]]*$')",message="the value of a header must be one line without control characters, such as application/json"
	Value *string `json:"value,omitempty"`
}

// JSONCondition holds one value of a JSON body against a text or a threshold.
//
// +kubebuilder:validation:XValidation:rule="has(self.equals) != has(self.threshold)",message="json needs exactly one of equals and threshold: keep one and remove the other"
type JSONCondition struct {
	// path is a JSONPath in braces as kubectl has it, at most 256 characters, without .. and with at most two wildcards. Example: {.status}.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.startsWith('{') && self.endsWith('}') && !self.contains('..')",message="json.path must be a JSONPath in braces without .., such as {.status}"
	Path string `json:"path,omitempty"`

	// equals is the text that the value has to be; numbers and truths are compared as JSON writes them. Example: "ok".
	// +optional
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=256
	Equals *string `json:"equals,omitempty"`

	// threshold is what the value, a number, has to be within.
	// +optional
	Threshold *Threshold `json:"threshold,omitempty"`
}

// Threshold says which numbers are good.
//
// +kubebuilder:validation:XValidation:rule="has(self.expr) != (has(self.min) || has(self.max))",message="threshold needs min, max or both, or expr alone: remove what is too much"
type Threshold struct {
	// min is the least that is good, a decimal number. Example: "0.99".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^-?[0-9]+([.][0-9]+)?$')",message="min must be a decimal number in quotes, such as \"0.99\""
	Min *string `json:"min,omitempty"`

	// max is the most that is good, a decimal number. Example: "0.05".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^-?[0-9]+([.][0-9]+)?$')",message="max must be a decimal number in quotes, such as \"0.05\""
	Max *string `json:"max,omitempty"`

	// expr is a CEL expression over value (also called canary), samples, args, and, where there is a baseline query, baseline; true is good.
	// At most 1024 characters. Example: "canary <= 0.01 || canary <= 2.0 * baseline".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Expr string `json:"expr,omitempty"`
}

// TLSOptions say how an endpoint proves who it is. There is no way not to ask.
type TLSOptions struct {
	// ca are the certificates of the authorities to trust, PEM, at most 16384 characters. When absent: the system's.
	// +optional
	// +kubebuilder:validation:MaxLength=16384
	// +kubebuilder:validation:XValidation:rule="self.startsWith('-----BEGIN CERTIFICATE-----')",message="tls.ca must be PEM: it begins with -----BEGIN CERTIFICATE-----"
	CA string `json:"ca,omitempty"`

	// serverName is the name that the certificate has to be for. Example: shop.example. When absent: the host that is called.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	ServerName string `json:"serverName,omitempty"`
}

// Credentials say who asks. They are read for every call, so that a rotated Secret is followed, from Secrets in this namespace, which the
// ClusterRole vmssrollout-secret-reader has to let the controller read. The Secret has to allow the use and the host, by its annotations
// rollouts.vmss.dev/allowed-uses (check, hook) and rollouts.vmss.dev/allowed-hosts (such as hooks.example.com,*.corp.example:8443).
//
// +kubebuilder:validation:XValidation:rule="has(self.bearer) != has(self.basic)",message="credentials need exactly one of bearer and basic: keep one and remove the other"
type Credentials struct {
	// bearer is where the token is.
	// +optional
	Bearer *SecretKeyReference `json:"bearer,omitempty"`

	// basic is a user name with a password.
	// +optional
	Basic *BasicCredentials `json:"basic,omitempty"`
}

// BasicCredentials are a user name with a password.
type BasicCredentials struct {
	// user is the user name. Example: rollouts.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	User string `json:"user,omitempty"`

	// password is where the password is.
	// +required
	Password SecretKeyReference `json:"password,omitempty,omitzero"`
}

// SecretKeyReference names a key of a Secret in the same namespace.
type SecretKeyReference struct {
	// name is the Secret's name. Example: prometheus.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",message="name must be the name of a Secret: lower-case letters, digits, hyphens and periods"
	Name string `json:"name,omitempty"`

	// key is the key in it. Example: token.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="key must be a key of a Secret: letters, digits, hyphens, underscores and periods"
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

	// query is PromQL that gives one number, called value or canary, at most 4096 characters.
	// Example: sum(rate(errors_total{instance=~"{{regex .Canary.Names}}"}[1m])) /
	// sum(rate(requests_total{instance=~"{{regex .Canary.Names}}"}[1m])).
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Query string `json:"query,omitempty"`

	// baseline is PromQL that gives the number to compare with, called baseline. When absent: there is none.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Baseline string `json:"baseline,omitempty"`

	// samples is PromQL that gives how much data the others rest on, for minSamples. Example: sum(increase(requests_total[1m])).
	// When absent: each measurement is one sample.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Samples string `json:"samples,omitempty"`

	// threshold is which numbers are good.
	// +required
	Threshold Threshold `json:"threshold,omitempty,omitzero"`

	// tls says how the server proves who it is.
	// +optional
	TLS *TLSOptions `json:"tls,omitempty"`

	// credentials say who asks. They are sent over https only.
	// +optional
	Credentials *Credentials `json:"credentials,omitempty"`

	// timeout is for all queries together, 1s to 60s. Example: 5s. When absent: 10s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('60s')",message="prometheus.timeout must be a duration from 1s to 60s, such as 5s"
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// WebhookCheck posts to a program of yours what the check is about. 2xx passes; 202 means not known yet; 429, 502, 503 and 504 are errors;
// everything else fails.
//
// +kubebuilder:validation:XValidation:rule="!has(self.credentials) || self.url.startsWith('https://')",message="webhook.credentials are sent over https only: use an https url, or remove credentials"
type WebhookCheck struct {
	// url is where to post. Example: https://smoke.example/check.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('http://') || self.startsWith('https://')",message="url must begin with http:// or https://"
	URL string `json:"url,omitempty"`

	// tls says how the endpoint proves who it is.
	// +optional
	TLS *TLSOptions `json:"tls,omitempty"`

	// credentials say who asks. They are sent over https only.
	// +optional
	Credentials *Credentials `json:"credentials,omitempty"`

	// timeout is for the whole call, 1s to 60s. Example: 30s. When absent: 10s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('60s')",message="webhook.timeout must be a duration from 1s to 60s, such as 30s"
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// RunCommandCheck runs a script on each instance through Azure's agent. After a crash of the controller it may run twice.
type RunCommandCheck struct {
	// script is run by the instance's shell, or by what its first line names, at most 16384 characters. No secrets: who may read the rollout
	// reads it. Example: curl -fs http://localhost/ | grep -q 'nginx v2'.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16384
	Script string `json:"script,omitempty"`

	// exitCode is the one that passes, 0 to 255. When absent: 0.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 255",message="exitCode must be 0 to 255"
	ExitCode *int32 `json:"exitCode,omitempty"`

	// showOutput puts the end of the output of a script that failed into the status, where everybody who may read the rollout can read it.
	// When absent: false.
	// +optional
	ShowOutput bool `json:"showOutput,omitempty"`

	// timeout is how long the script may take, Azure's agent included, which alone takes tens of seconds; 10s to 5m. When absent: 2m.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('10s') && duration(self) <= duration('5m')",message="runCommand.timeout must be a duration from 10s to 5m, such as 2m"
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// AzureMonitorCheck holds a platform metric against a threshold: of the instance at scope Instance, of the whole scale set at scope Step.
type AzureMonitorCheck struct {
	// namespace is the metric's namespace. When absent: Microsoft.Compute/virtualMachineScaleSets.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Namespace string `json:"namespace,omitempty"`

	// metric is its name. Example: Percentage CPU.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Metric string `json:"metric,omitempty"`

	// aggregation is how one number is made of a minute, and one of the window. When absent: Average.
	// +optional
	Aggregation MetricAggregation `json:"aggregation,omitempty"`

	// window is how far back to look, 1m to 1h. Azure is a minute or more late. Example: 5m. When absent: 5m.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('1h')",message="window must be a duration from 1m to 1h, such as 5m"
	Window *metav1.Duration `json:"window,omitempty"`

	// threshold is which numbers are good. There is no baseline to compare with.
	// +required
	Threshold Threshold `json:"threshold,omitempty,omitzero"`

	// timeout is for the whole call, 1s to 60s. When absent: 30s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
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
