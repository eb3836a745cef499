package v1alpha1

// Target is a release: an image, a script, gallery applications, or several of them.
//
// +kubebuilder:validation:XValidation:rule="has(self.image) || has(self.script) || has(self.applications)",message="target and baseline need at least one of image, script and applications each"
type Target struct {
	// image is the image that instances boot from. A new image replaces the OS disk.
	// +optional
	Image *Image `json:"image,omitempty"`

	// script is run by the custom script extension.
	// +optional
	Script *Script `json:"script,omitempty"`

	// applications are 1 to 25 versions of gallery applications. Those of the scale set that are not listed stay as they are.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=25
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.id.lowerAscii().split('/versions/')[0] == b.id.lowerAscii().split('/versions/')[0]))",message="applications must name each gallery application once"
	Applications []Application `json:"applications,omitempty"`

	// revisionTag is part of the revision. Change it to run the same content again. 1 to 64 letters, digits, underscores, hyphens and
	// periods. Example: 2026-11-22.1.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-_.0-9A-Za-z]+$')",message="revisionTag must be letters, digits, - _ and ., such as 2026-11-22.1"
	RevisionTag string `json:"revisionTag,omitempty"`
}

// Image names an image. A run asks once which version it stands for where it names none.
//
// +kubebuilder:validation:XValidation:rule="[has(self.id), has(self.marketplace), has(self.sharedGalleryID), has(self.communityGalleryID)].exists_one(x, x)",message="image needs exactly one of id, marketplace, sharedGalleryID and communityGalleryID"
type Image struct {
	// id is the ARM id of a managed image, or of a definition in a gallery with or without a version, case ignored. Example:
	// /subscriptions/…/images/nginx-v2.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('(?i)^/subscriptions/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/resourceGroups/[^/?#[:space:]]+/providers/Microsoft[.]Compute/(images/[-_.0-9a-z]+|galleries/[_.0-9a-z]+/images/[-_.0-9a-z]+(/versions/[0-9]+[.][0-9]+[.][0-9]+)?)$')",message="id must be the full ARM id of an image, /subscriptions/{uuid}/resourceGroups/{group}/providers/Microsoft.Compute/images/{name}, or in a gallery, …/galleries/{gallery}/images/{name}, with or without /versions/{1.2.3}"
	ID string `json:"id,omitempty"`

	// marketplace is an image that a publisher offers.
	// +optional
	Marketplace *MarketplaceImage `json:"marketplace,omitempty"`

	// sharedGalleryID is an image version in a shared gallery. Example: /SharedGalleries/…-SHOP/Images/nginx/Versions/2.0.0.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('(?i)^/sharedGalleries/[-_.0-9a-z]+/images/[-_.0-9a-z]+/versions/[0-9]+[.][0-9]+[.][0-9]+$')",message="sharedGalleryID must name one exact version: /SharedGalleries/{gallery unique name}/Images/{name}/Versions/{1.2.3}"
	SharedGalleryID string `json:"sharedGalleryID,omitempty"`

	// communityGalleryID is an image version in a community gallery. Example: /CommunityGalleries/nginx-0000aaaa/Images/nginx/Versions/2.0.0.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('(?i)^/communityGalleries/[-_.0-9a-z]+/images/[-_.0-9a-z]+/versions/[0-9]+[.][0-9]+[.][0-9]+$')",message="communityGalleryID must name one exact version: /CommunityGalleries/{gallery public name}/Images/{name}/Versions/{1.2.3}"
	CommunityGalleryID string `json:"communityGalleryID,omitempty"`
}

// MarketplaceImage names an image that a publisher offers. `az vm image list --all --publisher Canonical` shows them.
type MarketplaceImage struct {
	// publisher is the publisher. Example: Canonical.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-_.0-9A-Za-z]+$')",message="publisher must be letters, digits, - _ and ., such as Canonical"
	Publisher string `json:"publisher,omitempty"`

	// offer is the offer. Example: ubuntu-24_04-lts.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-_.0-9A-Za-z]+$')",message="offer must be letters, digits, - _ and ., such as ubuntu-24_04-lts"
	Offer string `json:"offer,omitempty"`

	// sku is the variant. Example: server.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-_.0-9A-Za-z]+$')",message="sku must be letters, digits, - _ and ., such as server"
	SKU string `json:"sku,omitempty"`

	// version is one exact version, or latest. Example: 24.04.202611100.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self == 'latest' || self.matches('^[0-9]+([.][0-9]+)+$')",message="version must be one exact version, such as 24.04.202611100, or latest"
	Version string `json:"version,omitempty"`
}

// Script is downloaded and run by the custom script extension on each instance.
//
// +kubebuilder:validation:XValidation:rule="has(self.command) || has(self.protectedSettings)",message="script needs a command: set script.command, or script.protectedSettings to what holds commandToExecute"
// +kubebuilder:validation:XValidation:rule="!has(self.managedIdentity) || !has(self.protectedSettings) || !has(self.protectedSettings.keyVault)",message="managedIdentity is a protected setting: with keyVault, put it into the key vault's secret"
type Script struct {
	// uris are files to download before the command, at most 16. Readers of this object can read them; a signed URI belongs in
	// protectedSettings. Example: https://store.example/install_nginx_v2.sh.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.all(u, u.matches('^https?://[^/?#[:space:]]+[^[:space:]]*$'))",message="uris must all be http:// or https:// with a host and without white space, such as https://store.example/install.sh"
	URIs []string `json:"uris,omitempty"`

	// command runs in the directory of the files, at most 8192 characters. Readers of this object can read it. Example: bash
	// install_nginx_v2.sh.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=8192
	Command string `json:"command,omitempty"`

	// protectedSettings are settings that only the instance can read. Absent: a key vault reference of the scale set stays.
	// +optional
	ProtectedSettings *ProtectedSettings `json:"protectedSettings,omitempty"`

	// managedIdentity is the identity of the instances that downloads uris from Azure Storage. {} is the system-assigned one.
	// +optional
	ManagedIdentity *ManagedIdentity `json:"managedIdentity,omitempty"`

	// extensionName is the extension's name in the model, at most 80 characters, case ignored. Absent: that of an earlier run, else
	// vmssrollout-script. Another tool's extension is overwritten only if named here or declared in spec.baseline.script. It cannot change
	// after the first write. Example: vmssCSE.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9A-Za-z]([-_.0-9A-Za-z]*[-_0-9A-Za-z])?$')",message="extensionName must be the name of an extension: letters, digits, - _ and ., such as vmssCSE"
	ExtensionName string `json:"extensionName,omitempty"`
}

// ManagedIdentity names an identity that the instances have. Without an id it is the system-assigned one.
//
// +kubebuilder:validation:XValidation:rule="!has(self.clientID) || !has(self.objectID)",message="managedIdentity needs at most one of clientID and objectID: one of a user-assigned identity, none for the system-assigned one"
type ManagedIdentity struct {
	// clientID is the client id, a UUID. Example: 00000000-0000-0000-0000-000000000002.
	// +optional
	// +kubebuilder:validation:MinLength=36
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:Format=uuid
	ClientID string `json:"clientID,omitempty"`

	// objectID is the object id, a UUID. Example: 00000000-0000-0000-0000-000000000003.
	// +optional
	// +kubebuilder:validation:MinLength=36
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:Format=uuid
	ObjectID string `json:"objectID,omitempty"`
}

// ProtectedSettings says where the extension's protected settings are.
//
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) != has(self.keyVault)",message="protectedSettings needs exactly one of secretRef and keyVault"
type ProtectedSettings struct {
	// secretRef names a Secret in this namespace with the extension's keys: commandToExecute, fileUris (a JSON list), script,
	// storageAccountName, storageAccountKey. Change revisionTag after rotating it. The controller needs the ClusterRole
	// vmssrollout-secret-reader here.
	// +optional
	SecretRef SecretReference `json:"secretRef,omitempty,omitzero"`

	// keyVault names a secret of a key vault with them as JSON. Azure reads it.
	// +optional
	KeyVault *KeyVaultSecret `json:"keyVault,omitempty"`
}

// KeyVaultSecret names one version of a secret in a key vault that is enabled for deployment.
type KeyVaultSecret struct {
	// secretURL is the version's URL, at most 512 characters. Example: https://shop.vault.azure.net/secrets/web/0123abcd.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://[-.0-9A-Za-z]+/secrets/[-0-9A-Za-z]+/[0-9A-Za-z]+$')",message="secretURL must be https://{vault host}/secrets/{name}/{version}"
	SecretURL string `json:"secretURL,omitempty"`

	// vaultID is the vault's ARM id, case ignored, at most 512 characters. Example: /subscriptions/…/vaults/shop.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('(?i)^/subscriptions/[-0-9a-f]{36}/resourceGroups/[^/?#[:space:]]+/providers/Microsoft[.]KeyVault/vaults/[-0-9a-z]+$')",message="vaultID must be the full ARM id, /subscriptions/…/Microsoft.KeyVault/vaults/{name}"
	VaultID string `json:"vaultID,omitempty"`
}

// SecretReference names a Secret in the rollout's namespace.
type SecretReference struct {
	// name is the Secret's name. Example: web-script.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a Secret: a-z, 0-9, - and ., such as web-script"
	Name string `json:"name,omitempty"`
}

// OperationKind is the kind of an operation.
//
// +kubebuilder:validation:Enum=WriteImage;WriteScript;RemoveScript;WriteApplications;Upgrade;Reimage;SuspendRepairs;ResumeRepairs
type OperationKind string

// The kinds of operation.
const (
	OperationWriteImage        OperationKind = "WriteImage"
	OperationWriteScript       OperationKind = "WriteScript"
	OperationRemoveScript      OperationKind = "RemoveScript"
	OperationWriteApplications OperationKind = "WriteApplications"
	OperationUpgrade           OperationKind = "Upgrade"
	OperationReimage           OperationKind = "Reimage"
	OperationSuspendRepairs    OperationKind = "SuspendRepairs"
	OperationResumeRepairs     OperationKind = "ResumeRepairs"
)
