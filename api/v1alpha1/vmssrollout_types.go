package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// VMSSRollout declares the image or script of an Azure virtual machine scale set, and how many of its instances may have it. The
// controller writes the target into the model, upgrades instances in batches, verifies each, and stops at the declared share. It never
// deletes a scale set, and changes its capacity only in a blue-green release.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=vmssr,scope=Namespaced
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why the rollout stands where it stands"
// +kubebuilder:printcolumn:name="Updated",type=integer,JSONPath=`.status.progress.updated`,description="Instances that have the target"
// +kubebuilder:printcolumn:name="Desired",type=integer,JSONPath=`.status.progress.desired`,description="Instances that may have the target"
// +kubebuilder:printcolumn:name="Total",type=integer,JSONPath=`.status.progress.total`,description="Instances of the scale set"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="ScaleSet",type=string,JSONPath=`.spec.scaleSet.name`,priority=1
// +kubebuilder:printcolumn:name="Run",type=integer,JSONPath=`.status.run`,priority=1,description="Number of the attempt"
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1
type VMSSRollout struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is the declaration.
	// +required
	Spec VMSSRolloutSpec `json:"spec,omitempty,omitzero"`

	// status shows what the controller found and remembers. Only the controller writes it.
	// +optional
	Status VMSSRolloutStatus `json:"status,omitempty,omitzero"`
}

// VMSSRolloutList is a list of rollouts.
//
// +kubebuilder:object:root=true
type VMSSRolloutList struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty,omitzero"`

	// items are the rollouts.
	Items []VMSSRollout `json:"items"`
}

// VMSSRolloutSpec is the declaration.
//
// +kubebuilder:validation:XValidation:rule="!has(self.failurePolicy) || !has(self.failurePolicy.progressDeadline) || !self.failurePolicy.progressDeadline.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') || (has(self.strategy.batch) && has(self.strategy.batch.pause) && self.strategy.batch.pause.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') ? duration(self.strategy.batch.pause) : duration('0s')) + (has(self.health) && has(self.health.minReady) && self.health.minReady.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') ? duration(self.health.minReady) : duration('0s')) < duration(self.failurePolicy.progressDeadline)",message="failurePolicy.progressDeadline must be longer than strategy.batch.pause and health.minReady together, or a run that only waits would fail: raise progressDeadline, such as 2h, or lower those"
// +kubebuilder:validation:XValidation:rule="!has(self.baseline) || !has(self.baseline.image) || ((!has(self.baseline.image.marketplace) || self.baseline.image.marketplace.version != 'latest') && (!has(self.baseline.image.id) || !self.baseline.image.id.matches('(?i)/galleries/[^/]+/images/[^/]+$')))",message="baseline.image must name one exact version: a rollback does not look up the latest one"
// +kubebuilder:validation:XValidation:rule="!has(self.baseline) || !has(self.baseline.script) || !has(self.baseline.script.extensionName) || !has(self.target.script) || !has(self.target.script.extensionName) || self.baseline.script.extensionName.lowerAscii() == self.target.script.extensionName.lowerAscii()",message="baseline.script.extensionName must be target.script.extensionName, since a rollout writes one script extension: make them equal, or remove the one of baseline"
// +kubebuilder:validation:XValidation:rule="!has(self.strategy.blueGreen) || self.strategy.blueGreen.peer.name.lowerAscii() != self.scaleSet.name.lowerAscii() || (has(self.strategy.blueGreen.peer.resourceGroup) && self.strategy.blueGreen.peer.resourceGroup.lowerAscii() != self.scaleSet.resourceGroup.lowerAscii())",message="strategy.blueGreen.peer must be another scale set than scaleSet"
type VMSSRolloutSpec struct {
	// scaleSet names the scale set. It cannot be changed.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="scaleSet cannot be changed: delete this VMSSRollout (the scale set stays as it is) and create one for the other scale set"
	ScaleSet ScaleSetReference `json:"scaleSet,omitempty,omitzero"`

	// paused stops new batches and writes of the model. Operations in flight finish. Default: false.
	// +optional
	Paused bool `json:"paused,omitempty"`

	// mode is Apply or Plan. Apply: the rollout acts. Plan: it only writes status.plan; operations in flight finish. Default: Apply.
	// +optional
	// +kubebuilder:default=Apply
	Mode RolloutMode `json:"mode,omitempty"`

	// target is the release: an image, a script, or both.
	// +required
	Target Target `json:"target,omitempty,omitzero"`

	// baseline is the rollback target until a run completes. Declare it where the current state cannot be read, for example with another
	// tool's script extension. Absent: the model before the first write; see status.baseline.
	// +optional
	Baseline *Target `json:"baseline,omitempty"`

	// strategy is how the target reaches the instances.
	// +required
	Strategy Strategy `json:"strategy,omitempty,omitzero"`

	// windows are when a batch or a write of the model may start: in an Allow window, or always without one, and in no Deny window. At most
	// 16. Absent: always.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Windows []Window `json:"windows,omitempty"`

	// bake is how long the last share must stay healthy before the rollout is Ready, after the last soak, 0s to 168h. Example: 30m. Absent:
	// 0s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) <= duration('168h')",message="bake must be a duration from 0s to 168h, such as 30m"
	Bake *metav1.Duration `json:"bake,omitempty"`

	// health defines when an upgraded instance is healthy.
	// +optional
	// +kubebuilder:default={}
	Health Health `json:"health,omitempty,omitzero"`

	// checks judge the release beyond the health of each instance, at most 16.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Checks []Check `json:"checks,omitempty"`

	// hooks are calls to your programs at points of the rollout, at most 16. The hooks of one point are called in parallel.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Hooks []Hook `json:"hooks,omitempty"`

	// drain empties instances that are nodes of this cluster before an upgrade. Absent: no drain.
	// +optional
	Drain *Drain `json:"drain,omitempty"`

	// failurePolicy limits failures and defines what happens beyond the limit.
	// +optional
	// +kubebuilder:default={}
	FailurePolicy FailurePolicy `json:"failurePolicy,omitempty,omitzero"`

	// drift defines what happens when another tool changes the scale set.
	// +optional
	// +kubebuilder:default={}
	Drift Drift `json:"drift,omitempty,omitzero"`

	// onDelete is the effect of deleting this object. Leave: nothing. Rollback: the model and the exposed instances return to the baseline
	// first. The scale set is never deleted. Default: Leave.
	// +optional
	// +kubebuilder:default=Leave
	OnDelete DeletionPolicy `json:"onDelete,omitempty"`

	// revisionHistoryLimit is how many past runs and their ControllerRevisions are kept, 0 to 50. Example: 3. Default: 10.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 50",message="revisionHistoryLimit must be 0 to 50"
	RevisionHistoryLimit *int32 `json:"revisionHistoryLimit,omitempty"`
}

// ScaleSetReference names one scale set in Azure.
type ScaleSetReference struct {
	// subscriptionID is the Azure subscription, a UUID. Example: 00000000-0000-0000-0000-000000000001.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')",message="subscriptionID must be the UUID of a subscription, such as 00000000-0000-0000-0000-000000000001; `az account show --query id` prints it"
	SubscriptionID string `json:"subscriptionID,omitempty"`

	// resourceGroup is the name of the resource group, 1 to 90 characters. Example: shop-rg.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=90
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-_.()0-9A-Za-z\\\\p{L}]*[-_()0-9A-Za-z\\\\p{L}]$')",message="resourceGroup must be the name of a resource group: letters, digits, underscores, parentheses, hyphens and periods, not ending in a period; give the name alone, not its id"
	ResourceGroup string `json:"resourceGroup,omitempty"`

	// name is the name of the scale set, 1 to 64 characters. Example: web.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9A-Za-z]([-_.0-9A-Za-z]*[_0-9A-Za-z])?$')",message="name must be the name of a scale set: letters, digits, underscores, hyphens and periods, beginning with a letter or digit, not ending in a hyphen or period; give the name alone, not its id"
	Name string `json:"name,omitempty"`
}
