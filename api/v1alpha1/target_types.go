package v1alpha1

// Target is a release: an image, a script, or both.
//
// +kubebuilder:validation:XValidation:rule="has(self.image) || has(self.script)",message="target and baseline need at least one of image and script each: set image to say what instances boot from, script to say what runs on them"
type Target struct {
	// image is what instances boot from. An instance that gets another image loses its OS disk and boots anew.
	// +optional
	Image *Image `json:"image,omitempty"`

	// script is what the custom script extension downloads and runs. It runs in place; the OS disk stays.
	// +optional
	Script *Script `json:"script,omitempty"`

	// revisionTag is part of the identity of the target. Change it to run identical content again, for example when the file
	// behind an unchanged URI is another one, or when the Secret of protectedSettings was rotated. 1 to 64 letters, digits,
	// underscores, hyphens and periods. Example: "2", 2026-11-22.1.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-_.0-9A-Za-z]+$')",message="revisionTag must be letters, digits, underscores, hyphens and periods, such as 2026-11-22.1"
	RevisionTag string `json:"revisionTag,omitempty"`
}

// Image names what instances boot from, pinned: an image that may be another one tomorrow cannot be rolled out in part.
//
// +kubebuilder:validation:XValidation:rule="[has(self.id), has(self.marketplace), has(self.sharedGalleryID), has(self.communityGalleryID)].exists_one(x, x)",message="image needs exactly one of id, marketplace, sharedGalleryID and communityGalleryID: keep one and remove the others"
type Image struct {
	// id is the full ARM id of a managed image, or of an image version in a compute gallery of one's own. Upper and lower case
	// are the same. Examples:
	// /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/images/providers/Microsoft.Compute/images/nginx-v2,
	// /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/web/versions/2.0.0.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('(?i)^/subscriptions/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/resourceGroups/[^/?#[:space:]]+/providers/Microsoft[.]Compute/(images/[-_.0-9a-z]+|galleries/[_.0-9a-z]+/images/[-_.0-9a-z]+/versions/[0-9]+[.][0-9]+[.][0-9]+)$')",message="id must be the full ARM id of an image, /subscriptions/{uuid}/resourceGroups/{group}/providers/Microsoft.Compute/images/{name}, or of one exact version in a gallery, /subscriptions/{uuid}/resourceGroups/{group}/providers/Microsoft.Compute/galleries/{gallery}/images/{name}/versions/{1.2.3}"
	ID string `json:"id,omitempty"`

	// marketplace is an image that a publisher offers.
	// +optional
	Marketplace *MarketplaceImage `json:"marketplace,omitempty"`

	// sharedGalleryID is the id of one exact image version in a gallery that was shared with the subscription or tenant.
	// Example: /SharedGalleries/00000000-0000-0000-0000-000000000001-SHOP/Images/nginx/Versions/2.0.0.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('(?i)^/sharedGalleries/[-_.0-9a-z]+/images/[-_.0-9a-z]+/versions/[0-9]+[.][0-9]+[.][0-9]+$')",message="sharedGalleryID must name one exact version: /SharedGalleries/{gallery unique name}/Images/{name}/Versions/{1.2.3}"
	SharedGalleryID string `json:"sharedGalleryID,omitempty"`

	// communityGalleryID is the id of one exact image version in a community gallery.
	// Example: /CommunityGalleries/nginx-0000aaaa/Images/nginx/Versions/2.0.0.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('(?i)^/communityGalleries/[-_.0-9a-z]+/images/[-_.0-9a-z]+/versions/[0-9]+[.][0-9]+[.][0-9]+$')",message="communityGalleryID must name one exact version: /CommunityGalleries/{gallery public name}/Images/{name}/Versions/{1.2.3}"
	CommunityGalleryID string `json:"communityGalleryID,omitempty"`
}

// MarketplaceImage names one version of an image that a publisher offers. `az vm image list --all --publisher Canonical` shows them.
type MarketplaceImage struct {
	// publisher is who offers the image. Example: Canonical.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-_.0-9A-Za-z]+$')",message="publisher must be letters, digits, underscores, hyphens and periods, such as Canonical"
	Publisher string `json:"publisher,omitempty"`

	// offer is the name of the offer. Example: ubuntu-24_04-lts.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-_.0-9A-Za-z]+$')",message="offer must be letters, digits, underscores, hyphens and periods, such as ubuntu-24_04-lts"
	Offer string `json:"offer,omitempty"`

	// sku is the variant of the offer. Example: server.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-_.0-9A-Za-z]+$')",message="sku must be letters, digits, underscores, hyphens and periods, such as server"
	SKU string `json:"sku,omitempty"`

	// version is one exact version; "latest" is refused, since the rest of the instances could boot something else than the canary.
	// Example: 24.04.202611100.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]+([.][0-9]+)+$')",message="version must be one exact version, such as 24.04.202611100, not latest: the rest of the instances could boot something else than the canary; `az vm image show --urn {publisher}:{offer}:{sku}:latest --query name` prints what latest is now"
	Version string `json:"version,omitempty"`
}

// Script is what the custom script extension downloads and runs on each instance.
//
// +kubebuilder:validation:XValidation:rule="has(self.command) || has(self.protectedSettings)",message="script needs a command: set script.command, or script.protectedSettings to a Secret that holds commandToExecute"
type Script struct {
	// uris are the files to download before the command runs, at most 16, each by http or https. They can be read by everybody
	// who may read this object or the scale set: a URI that carries a signature belongs in protectedSettings.
	// Example: https://store.example/install_nginx_v2.sh.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.all(u, u.matches('^https?://[^/?#[:space:]]+[^[:space:]]*$'))",message="uris must all be http:// or https:// with a host and without white space, such as https://store.example/install.sh"
	URIs []string `json:"uris,omitempty"`

	// command is what is run after the download, in the directory of the downloaded files; at most 8192 characters. It can be read
	// by everybody who may read this object or the scale set: secrets belong in protectedSettings.
	// Example: bash install_nginx_v2.sh.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=8192
	Command string `json:"command,omitempty"`

	// protectedSettings are settings of the extension that only the instance can read.
	// +optional
	ProtectedSettings *ProtectedSettings `json:"protectedSettings,omitempty"`

	// extensionName is the name of the extension in the scale set's model, at most 80 characters; upper and lower case are the same. When
	// absent: the one that an earlier run wrote, else a new one named vmssrollout-script. An extension that another tool made is overwritten
	// only where it is named here, or where spec.baseline.script says what to go back to. With two script extensions in the model a name is
	// required. The name cannot be changed once a run wrote the extension. `az vmss extension list -g GROUP --vmss-name NAME -o table` shows
	// the names. Example: vmssCSE.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9A-Za-z]([-_.0-9A-Za-z]*[-_0-9A-Za-z])?$')",message="extensionName must be the name of an extension: letters, digits, hyphens, underscores and periods, such as vmssCSE"
	ExtensionName string `json:"extensionName,omitempty"`
}

// ProtectedSettings says where the extension's protected settings are.
type ProtectedSettings struct {
	// secretRef names a Secret in the rollout's namespace. Its keys are the extension's own names, and no others are accepted:
	// commandToExecute, fileUris (a JSON list of strings), script, storageAccountName, storageAccountKey. A rotated Secret takes effect
	// with a new revisionTag. The controller may read it only where a RoleBinding to the ClusterRole vmssrollout-secret-reader
	// allows it.
	// +required
	SecretRef SecretReference `json:"secretRef,omitempty,omitzero"`
}

// SecretReference names a Secret in the rollout's namespace.
type SecretReference struct {
	// name is the Secret's name. Example: web-script.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a Secret in the rollout's namespace: lower-case letters, digits, hyphens and periods, such as web-script"
	Name string `json:"name,omitempty"`
}
