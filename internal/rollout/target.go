package rollout

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

	Handler ScriptHandler `json:",omitempty"` // what of it a target does not declare; "": a record of an older version
}

// StoredRevision is a snapshot under the name by which it is stored. The same content has the same name, so storing it twice is storing it
// once.
type StoredRevision struct {
	Revision string
	Run      int64
	Snapshot Snapshot
}
