package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// VMSSRollout declares what the instances of one Azure virtual instance scale set run, and how many of them may have it.
//
// The controller writes the target into the scale set's model, upgrades outdated instances batch by batch, checks each, and
// goes on until the declared share is reached. It never deletes a scale set and never changes its capacity.
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

	// spec is what is declared.
	// +required
	Spec VMSSRolloutSpec `json:"spec,omitempty,omitzero"`

	// status is what the controller found and remembers. Only the controller writes it.
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

// VMSSRolloutSpec is what is declared.
//
// +kubebuilder:validation:XValidation:rule="!has(self.failurePolicy) || !has(self.failurePolicy.progressDeadline) || !self.failurePolicy.progressDeadline.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') || (has(self.strategy.batch) && has(self.strategy.batch.pause) && self.strategy.batch.pause.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') ? duration(self.strategy.batch.pause) : duration('0s')) + (has(self.health) && has(self.health.minReady) && self.health.minReady.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') ? duration(self.health.minReady) : duration('0s')) < duration(self.failurePolicy.progressDeadline)",message="failurePolicy.progressDeadline must be longer than strategy.batch.pause and health.minReady together, or a run that only waits would fail: raise progressDeadline, such as 2h, or lower those"
// +kubebuilder:validation:XValidation:rule="!has(self.baseline) || !has(self.baseline.script) || !has(self.baseline.script.extensionName) || !has(self.target.script) || !has(self.target.script.extensionName) || self.baseline.script.extensionName.lowerAscii() == self.target.script.extensionName.lowerAscii()",message="baseline.script.extensionName must be target.script.extensionName, since a rollout writes one script extension: make them equal, or remove the one of baseline"
type VMSSRolloutSpec struct {
	// scaleSet names the scale set. It cannot be changed: another scale set is another rollout.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="scaleSet cannot be changed: delete this VMSSRollout (the scale set stays as it is) and create one for the other scale set"
	ScaleSet ScaleSetReference `json:"scaleSet,omitempty,omitzero"`

	// paused holds the rollout: no new batch starts and the model is not written. What is in flight finishes.
	// Example: `kubectl patch vmssr web --type=merge -p '{"spec":{"paused":true}}'`. Default: false.
	// +optional
	Paused bool `json:"paused,omitempty"`

	// mode is whether the rollout acts. Apply: it does. Plan: it writes status.plan, what it would do now, and touches nothing; what is in
	// flight finishes. The plan is made anew whenever the scale set changes. Default: Apply.
	// +optional
	// +kubebuilder:default=Apply
	Mode RolloutMode `json:"mode,omitempty"`

	// target is the release: an image, a script, or both.
	// +required
	Target Target `json:"target,omitempty,omitzero"`

	// baseline is what to go back to before any run of this rollout completed; from then on, the target of the last run that did is.
	// Declare it where the scale set's own state cannot be read back, for example because somebody else made its script extension.
	// When absent: what the scale set's model was before the first write, if no instance contradicts it; status.baseline shows it.
	// +optional
	Baseline *Target `json:"baseline,omitempty"`

	// strategy is how the target reaches the instances.
	// +required
	Strategy Strategy `json:"strategy,omitempty,omitzero"`

	// windows are the times at which work may begin: a batch, or a write of the model. What is in flight finishes. Work may begin while
	// an Allow window is open, or always where there is none, and no Deny window is. At most 16. When absent: always.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Windows []Window `json:"windows,omitempty"`

	// bake is how long the last share has to stay reached and well, without a break, before the rollout is Ready, after the last step's
	// own soak, 0s to 168h. Example: 30m. When absent: 0s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) <= duration('168h')",message="bake must be a duration from 0s to 168h, such as 30m"
	Bake *metav1.Duration `json:"bake,omitempty"`

	// health is when an upgraded instance counts as well.
	// +optional
	// +kubebuilder:default={}
	Health Health `json:"health,omitempty,omitzero"`

	// checks say whether the release is good, beyond each instance's health, at most 16.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Checks []Check `json:"checks,omitempty"`

	// hooks are calls to programs of yours at points of the rollout, at most 16. Those of one point are called at the same time.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Hooks []Hook `json:"hooks,omitempty"`

	// drain empties instances that are nodes of this cluster before they are touched. When absent: they are not drained.
	// +optional
	Drain *Drain `json:"drain,omitempty"`

	// failurePolicy is how much may go wrong, and what happens when more does.
	// +optional
	// +kubebuilder:default={}
	FailurePolicy FailurePolicy `json:"failurePolicy,omitempty,omitzero"`

	// drift is what is done about changes that somebody else makes to the scale set.
	// +optional
	// +kubebuilder:default={}
	Drift Drift `json:"drift,omitempty,omitzero"`

	// onDelete is what is done to the scale set when this object is deleted. Leave: nothing; it stays as it is. Rollback: the model and
	// the instances that the target touched go back to the baseline first, and the object goes when they are. The scale set itself is
	// never deleted. Default: Leave.
	// +optional
	// +kubebuilder:default=Leave
	OnDelete DeletionPolicy `json:"onDelete,omitempty"`

	// revisionHistoryLimit is how many past runs are kept in status.history, and with them the ControllerRevisions one can go back to,
	// 0 to 50; what is still needed to go back now is always kept. Example: 3. Default: 10.
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

	// resourceGroup is the name of the resource group, 1 to 90 characters: letters, digits, underscores, parentheses, hyphens
	// and periods, not ending in a period. Example: shop-rg.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=90
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-_.()0-9A-Za-z\\\\p{L}]*[-_()0-9A-Za-z\\\\p{L}]$')",message="resourceGroup must be the name of a resource group: letters, digits, underscores, parentheses, hyphens and periods, not ending in a period; give the name alone, not its id"
	ResourceGroup string `json:"resourceGroup,omitempty"`

	// name is the name of the scale set, 1 to 64 characters: letters, digits, underscores, hyphens and periods, beginning with a
	// letter or digit, not ending in a hyphen or period. Example: web.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9A-Za-z]([-_.0-9A-Za-z]*[_0-9A-Za-z])?$')",message="name must be the name of a scale set: letters, digits, underscores, hyphens and periods, beginning with a letter or digit, not ending in a hyphen or period; give the name alone, not its id"
	Name string `json:"name,omitempty"`
}
