package v1alpha1

// Application is one version of a gallery application. If it cannot be installed, the instance fails.
type Application struct {
	// id is the ARM id of one exact version, case ignored. Example: /subscriptions/…/galleries/shop/applications/web/versions/1.1.0.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('(?i)^/subscriptions/[-0-9a-f]{36}/resourceGroups/[^/[:space:]]+/providers/Microsoft[.]Compute/galleries/[^/[:space:]]+/applications/[^/[:space:]]+/versions/[0-9]+[.][0-9]+[.][0-9]+$')",message="id must be the full ARM id of one exact version: /subscriptions/…/galleries/{gallery}/applications/{name}/versions/{1.2.3}"
	ID string `json:"id,omitempty"`

	// order is when it is installed: 1 to 1000, lower ones first, those without an order last. Example: 1.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Order int32 `json:"order,omitempty"`

	// configurationReference is the URI of a blob that replaces the version's configuration. Readers of this object can read it. Example:
	// https://store.example/web.json.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^[:space:]]+$')",message="configurationReference must be an http:// or https:// URI"
	ConfigurationReference string `json:"configurationReference,omitempty"`

	// tags is a text that Azure keeps with the application, 1 to 256 characters. Example: team-a.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Tags string `json:"tags,omitempty"`
}
