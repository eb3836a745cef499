package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Hook is a call to a program of yours at a point of the rollout: a POST with a JSON body that says what it is about. 2xx is delivered;
// other answers below 500, but for 408, 425 and 429, are refusals; everything else is tried again. A call may be made more than once, each
// time with the same Idempotency-Key header.
//
// +kubebuilder:validation:XValidation:rule="!has(self.credentials) || self.url.startsWith('https://')",message="hook.credentials are sent over https only: use an https url, or remove credentials"
// +kubebuilder:validation:XValidation:rule="!has(self.onFailure) || self.onFailure != 'SkipInstance' || self.at == 'BeforeInstance' || self.at == 'AfterInstance'",message="onFailure can be SkipInstance only at BeforeInstance and AfterInstance: use Fail or Ignore"
// +kubebuilder:validation:XValidation:rule="!has(self.onFailure) || self.onFailure == 'Ignore' || self.at != 'OnFailure'",message="onFailure must be Ignore or absent at OnFailure, where nothing waits for the call"
type Hook struct {
	// name tells hooks apart, 1 to 63 lower-case letters, digits and hyphens. Example: deregister.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="name must be lower-case letters, digits and hyphens, such as deregister"
	Name string `json:"name,omitempty"`

	// at is when it is called. BeforeInstance: for each instance that was chosen, before it is touched, also on the way back. AfterInstance:
	// for each instance that was verified, before it counts. BeforeStep: before anything of the step is begun. AfterStep: when all its gates
	// have opened. OnFailure: when the run failed; nothing waits for it.
	// +required
	At HookPoint `json:"at,omitempty"`

	// url is where to post. Example: https://lb.example/deregister.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('http://') || self.startsWith('https://')",message="url must begin with http:// or https://"
	URL string `json:"url,omitempty"`

	// args are handed over in the body, at most 16.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Args []Argument `json:"args,omitempty"`

	// tls says how the endpoint proves who it is.
	// +optional
	TLS *TLSOptions `json:"tls,omitempty"`

	// credentials say who calls. They are sent over https only.
	// +optional
	Credentials *Credentials `json:"credentials,omitempty"`

	// timeout is how long a call is tried before it has failed, 1s to 24h. One try takes at most 30s of it. Example: 10m. When absent: 5m.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="hook.timeout must be a duration from 1s to 24h, such as 5m"
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// onFailure is what a call that failed leads to. Fail: the instance failed, or at a step the whole run, and failurePolicy goes on from
	// there. Ignore: it is as if it had been delivered. SkipInstance: the instance is left out of the run. The way back goes on in any case.
	// When absent: Fail, and Ignore at OnFailure.
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

// HookFailurePolicy is what it leads to that somebody outside could not be asked about an instance.
//
// +kubebuilder:validation:Enum=Fail;Ignore;SkipInstance
type HookFailurePolicy string

// What a failed call leads to.
const (
	HookFail         HookFailurePolicy = "Fail"
	HookIgnore       HookFailurePolicy = "Ignore"
	HookSkipInstance HookFailurePolicy = "SkipInstance"
)

// Drain is how instances that are nodes of this cluster are emptied before they are touched: their node is cordoned, its pods are evicted
// as far as PodDisruptionBudgets let them, and once the instance is verified it takes pods again. Pods of DaemonSets and static pods stay.
// Instances that are no nodes of this cluster need nothing. The controller has to be bound to the ClusterRole vmssrollout-node-drainer.
type Drain struct {
	// timeout is how long draining an instance may take, 10s to 24h. Example: 30m. When absent: 10m.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('10s') && duration(self) <= duration('24h')",message="drain.timeout must be a duration from 10s to 24h, such as 10m"
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// onFailure is what an instance leads to that could not be drained. Fail: it failed, and failurePolicy goes on from there. Ignore: it is
	// upgraded all the same. SkipInstance: it is left out of the run. When absent: Fail.
	// +optional
	OnFailure HookFailurePolicy `json:"onFailure,omitempty"`

	// gracePeriod is how long pods have to end, 0s to 24h. When absent: as long as each pod says.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) <= duration('24h')",message="drain.gracePeriod must be a duration from 0s to 24h, such as 1m"
	GracePeriod *metav1.Duration `json:"gracePeriod,omitempty"`

	// deleteEmptyDirData lets pods be evicted that have data in an emptyDir, which is lost. When absent: false; such a pod fails the drain.
	// +optional
	DeleteEmptyDirData bool `json:"deleteEmptyDirData,omitempty"`

	// force lets pods be evicted that nobody will make again elsewhere. When absent: false; such a pod fails the drain.
	// +optional
	Force bool `json:"force,omitempty"`
}
