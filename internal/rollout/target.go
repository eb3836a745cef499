package rollout

// Each kind of target adds its member to the types of this file: to what is declared, what is put back, what a model shows and what an
// instance shows. The types of the members are in the file of the kind.

// Target is the release: an image, a script, gallery applications, or several of them.
type Target struct {
	Image       *Image
	Script      *Script
	RevisionTag string // changing it makes a new revision of identical content

	NoScript     bool          `json:",omitempty"` // only in a rollback: the model had no script extension
	Applications []Application `json:",omitempty"` // one a gallery application; those of the model that are not declared stay as they are
}

// ModelExtensions is the other software that the model puts on its instances.
type ModelExtensions struct {
	MoreScripts     []ModelScript // the other custom script extensions
	OtherExtensions []string      // names of the extensions that run no script
	Applications    []Application // all gallery applications, in their order
}

// InstanceReports are the reports of extensions and applications on an instance.
type InstanceReports struct {
	Scripts      []InstanceScript      // every custom script extension that it shows
	Applications []InstanceApplication // every gallery application that it shows
	Message      string                // what the platform reports of a failure, with the last lines of the script's stderr
}

// Snapshot is the part of a model that can be restored: the paths that a target declares, as they were. It is stored before the first
// write.
type Snapshot struct {
	Image  *Image          // nil: not ours to put back
	Script *ScriptSnapshot // nil: not ours to put back

	ImageVersions []string      `json:",omitempty"` // that the instances booted from, where Image names no version
	Applications  []Application `json:",omitempty"` // those to be put back, one a gallery application
}

// ScriptSnapshot is the custom script extension as it was.
type ScriptSnapshot struct {
	Absent            bool   // there was none
	Extension         string `json:",omitempty"` // its name; "": the default name, or a record of an older version
	URIs              []string
	Command           string
	ForceUpdateTag    string
	ProtectedSettings string // name of the Secret, "" for none
	Digest            string // of the Secret's content

	ManagedIdentity *ManagedIdentity `json:",omitempty"`
	KeyVault        *KeyVaultSecret  `json:",omitempty"` // that holds the protected settings

	Handler ScriptHandler `json:",omitempty"` // what of it a target does not declare; "": a record of an older version
}

// StoredRevision is a snapshot under the name by which it is stored. The same content has the same name, so storing it twice is storing it
// once.
type StoredRevision struct {
	Revision string
	Run      int64
	Snapshot Snapshot
}
