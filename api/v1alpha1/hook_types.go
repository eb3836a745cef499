package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Hook is an HTTP POST with a JSON body to your program. 2xx: delivered. Below 500, except 408, 425 and 429: refused. Other answers are
// retried. A call may be repeated with the same Idempotency-Key header.
//
// +kubebuilder:validation:XValidation:rule="!has(self.credentials) || self.url.startsWith('https://')",message="hook.credentials are sent over https only: use an https url, or remove credentials"
// +kubebuilder:validation:XValidation:rule="!has(self.onFailure) || self.onFailure != 'SkipInstance' || self.at == 'BeforeInstance' || self.at == 'AfterInstance'",message="onFailure can be SkipInstance only at BeforeInstance and AfterInstance: use Fail or Ignore"
// +kubebuilder:validation:XValidation:rule="!has(self.onFailure) || self.onFailure == 'Ignore' || self.at != 'OnFailure'",message="onFailure must be Ignore or absent at OnFailure, where nothing waits for the call"
type Hook struct {
	// name identifies the hook, 1 to 63 lower-case letters, digits and hyphens. Example: deregister.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="name must be lower-case letters, digits and hyphens, such as deregister"
	Name string `json:"name,omitempty"`

	// at is the point. BeforeInstance: before an instance is upgraded, also in a rollback. AfterInstance: before a verified instance counts.
	// BeforeStep, AfterStep: before a step starts, and after its gates. OnFailure: nothing waits for it.
	// +required
	At HookPoint `json:"at,omitempty"`

	// url is the address to post to. Example: https://lb.example/deregister.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('http://') || self.startsWith('https://')",message="url must begin with http:// or https://"
	URL string `json:"url,omitempty"`

	// args are passed in the body, at most 16.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Args []Argument `json:"args,omitempty"`

	// tls verifies the endpoint.
	// +optional
	TLS *TLSOptions `json:"tls,omitempty"`

	// credentials are sent over https only.
	// +optional
	Credentials *Credentials `json:"credentials,omitempty"`

	// timeout is how long a call is retried, 1s to 24h. One try takes at most 30s. Example: 10m. Absent: 5m.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="hook.timeout must be a duration from 1s to 24h, such as 5m"
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// onFailure is the effect of a failed call. Fail: the instance fails, or at a step the run. Ignore. SkipInstance. A rollback always
	// continues. Absent: Fail, and Ignore at OnFailure.
	// +optional
	OnFailure HookFailurePolicy `json:"onFailure,omitempty"`
}

// HookPoint is when a hook is called.
//
// +kubebuilder:validation:Enum=BeforeInstance;AfterInstance;BeforeStep;AfterStep;OnFailure
type HookPoint string

// The points.
const (
	HookBeforeInstance HookPoint = "BeforeInstance"
	HookAfterInstance  HookPoint = "AfterInstance"
	HookBeforeStep     HookPoint = "BeforeStep"
	HookAfterStep      HookPoint = "AfterStep"
	HookOnFailure      HookPoint = "OnFailure"
)

// HookFailurePolicy is the effect of a failed hook on its instance.
//
// +kubebuilder:validation:Enum=Fail;Ignore;SkipInstance
type HookFailurePolicy string

// What a failed call leads to.
const (
	HookFail         HookFailurePolicy = "Fail"
	HookIgnore       HookFailurePolicy = "Ignore"
	HookSkipInstance HookFailurePolicy = "SkipInstance"
)

// Drain cordons the node of an instance and evicts its pods within PodDisruptionBudgets before an upgrade, and uncordons it after
// verification. Pods of DaemonSets and static pods stay. The controller needs the ClusterRole vmssrollout-node-drainer.
type Drain struct {
	// timeout is for the drain of a batch, 10s to 24h. Example: 30m. Absent: 10m.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('10s') && duration(self) <= duration('24h')",message="drain.timeout must be a duration from 10s to 24h, such as 10m"
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// onFailure is the effect of a failed drain. Fail: the instance fails. Ignore: it is upgraded. SkipInstance: it is skipped. Absent: Fail.
	// +optional
	OnFailure HookFailurePolicy `json:"onFailure,omitempty"`

	// gracePeriod is the termination period of pods, 0s to 24h. Absent: that of each pod.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) <= duration('24h')",message="drain.gracePeriod must be a duration from 0s to 24h, such as 1m"
	GracePeriod *metav1.Duration `json:"gracePeriod,omitempty"`

	// deleteEmptyDirData evicts pods with data in an emptyDir, which is lost. Absent: false; such a pod fails the drain.
	// +optional
	DeleteEmptyDirData bool `json:"deleteEmptyDirData,omitempty"`

	// force evicts pods without a controller. Absent: false; such a pod fails the drain.
	// +optional
	Force bool `json:"force,omitempty"`
}
