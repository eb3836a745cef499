package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CheckTemplate is a check that several rollouts of a namespace use by its name. In every text of it, {{args.NAME}} stands for the value of
// an argument. A change of it applies to checks that are under way.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=vmssct,scope=Namespaced
// +kubebuilder:printcolumn:name="Scope",type=string,JSONPath=`.spec.scope`,description="What the check is about; empty: Instance"
// +kubebuilder:printcolumn:name="Interval",type=string,JSONPath=`.spec.interval`
// +kubebuilder:printcolumn:name="Count",type=integer,JSONPath=`.spec.count`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type CheckTemplate struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec declares the measurement.
	// +required
	Spec CheckTemplateSpec `json:"spec,omitempty,omitzero"`
}

// CheckTemplateList is a list of templates.
//
// +kubebuilder:object:root=true
type CheckTemplateList struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty,omitzero"`

	// items are the templates.
	Items []CheckTemplate `json:"items"`
}

// CheckTemplateSpec is a check with arguments.
//
// +kubebuilder:validation:XValidation:rule="(has(self.http) ? 1 : 0) + (has(self.prometheus) ? 1 : 0) + (has(self.webhook) ? 1 : 0) + (has(self.runCommand) ? 1 : 0) + (has(self.azureMonitor) ? 1 : 0) == 1",message="a template needs exactly one of http, prometheus, webhook, runCommand and azureMonitor"
type CheckTemplateSpec struct {
	// args are the arguments, at most 16. A check gives those without a value.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Args []TemplateArgument `json:"args,omitempty"`

	CheckDefinition `json:",inline"`
}

// TemplateArgument is an argument of a template.
type TemplateArgument struct {
	// name is the argument's name: letters, digits and underscores, not beginning with a digit. Example: service.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_]*$')",message="the name of an argument must be letters, digits and underscores, such as service"
	Name string `json:"name,omitempty"`

	// value is the default, at most 1024 characters. When absent: a check has to give the value.
	// +optional
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=1024
	Value *string `json:"value,omitempty"`
}
