package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// BlueGreen brings the idle one of two scale sets to the target, and then leads the rule of a load balancer to it.
type BlueGreen struct {
	// peer is the other scale set, in the same subscription. The rule leads to the live one; the other one gets the target.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="peer cannot be changed: delete this VMSSRollout and create another one"
	Peer Peer `json:"peer,omitempty,omitzero"`

	// loadBalancer names the rule. Both scale sets have to be in a backend pool of their own.
	// +required
	LoadBalancer LoadBalancerRule `json:"loadBalancer,omitempty,omitzero"`

	// capacity is that of the idle scale set during its upgrade, 1 to 1000, never lowered. Absent: that of the live one.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Capacity int32 `json:"capacity,omitempty"`

	// approval holds the run before the switch until a RolloutAction Approve names step idle. Absent: no approval.
	// +optional
	Approval *Approval `json:"approval,omitempty"`

	// retire scales the former live scale set down. Absent: it keeps its capacity.
	// +optional
	Retire *Retire `json:"retire,omitempty"`
}

// Peer names a scale set.
type Peer struct {
	// resourceGroup is its resource group. Absent: that of scaleSet.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=90
	// +kubebuilder:validation:Pattern=`^[-_.()0-9A-Za-z\p{L}]*[-_()0-9A-Za-z\p{L}]$`
	ResourceGroup string `json:"resourceGroup,omitempty"`

	// name is its name. Example: web-green.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[0-9A-Za-z]([-_.0-9A-Za-z]*[_0-9A-Za-z])?$`
	Name string `json:"name,omitempty"`
}

// LoadBalancerRule names a rule of a load balancer.
type LoadBalancerRule struct {
	// resourceGroup is that of the load balancer. Absent: that of scaleSet.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=90
	// +kubebuilder:validation:Pattern=`^[-_.()0-9A-Za-z\p{L}]*[-_()0-9A-Za-z\p{L}]$`
	ResourceGroup string `json:"resourceGroup,omitempty"`

	// name is the name of the load balancer. Example: web-lb.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	// +kubebuilder:validation:Pattern=`^[0-9A-Za-z]([-_.0-9A-Za-z]*[_0-9A-Za-z])?$`
	Name string `json:"name,omitempty"`

	// rule is the name of its load balancing rule. Example: http.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	// +kubebuilder:validation:Pattern=`^[0-9A-Za-z]([-_.0-9A-Za-z]*[_0-9A-Za-z])?$`
	Rule string `json:"rule,omitempty"`
}

// Retire scales the former live scale set down.
type Retire struct {
	// after is counted from the completion of the run, 0s to 720h; until then a rollback switches back. Example: 2h.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) <= duration('720h')",message="after must be a duration from 0s to 720h, such as 2h"
	After *metav1.Duration `json:"after,omitempty"`

	// capacity is its new capacity, 0 to 1000. Default: 0.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	Capacity int32 `json:"capacity,omitempty"`
}
