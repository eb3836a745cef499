package rollout

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Snapshot is what of a model can be put back: the paths that a target declares, as they were. It is stored before the first write.
type Snapshot struct {
	Image  *Image          // nil: not ours to put back
	Script *ScriptSnapshot // nil: not ours to put back

	ImageVersions []string `json:",omitempty"` // that the instances booted from, where Image names no version
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

	Handler ScriptHandler `json:",omitempty"` // what of it a target does not declare; "": a record of an older version
}

// StoredRevision is a snapshot under the name by which it is stored. The same content has the same name, so storing it twice is storing it
// once.
type StoredRevision struct {
	Revision string
	Run      int64
	Snapshot Snapshot
}

// name is the digest of the snapshot.
func (s Snapshot) name() string {
	encoded, err := json.Marshal(s)
	if err != nil {
		return fmt.Sprintf("unencodable: %v", err)
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])[:revisionLength]
}

// target is the snapshot as something to be rolled out: exactly what it holds, and nothing else.
func (s Snapshot) target() Target {
	t := Target{Image: s.Image}
	switch {
	case s.Script == nil:
	case s.Script.Absent:
		t.NoScript = true
	default:
		tag := s.Script.ForceUpdateTag
		t.Script = &Script{URIs: s.Script.URIs, Command: s.Script.Command, ProtectedSettings: s.Script.ProtectedSettings,
			Extension:      s.Script.Extension,
			ForceUpdateTag: &tag, Handler: s.Script.Handler}
	}
	return t
}

// meets says whether the target declares just what the snapshot holds, in every path that the target declares.
func (s Snapshot) meets(t Target) bool {
	if t.Image != nil && (s.Image == nil || !t.Image.same(*s.Image)) {
		return false
	}
	if t.Script == nil {
		return true
	}
	return s.Script != nil && s.Script.meets(*t.Script, t.RevisionTag)
}

func (s ScriptSnapshot) meets(t Script, tag string) bool {
	if s.Extension != "" && t.Extension != "" && !strings.EqualFold(s.Extension, t.Extension) {
		return false
	}
	return !s.Absent && slices.Equal(s.URIs, t.URIs) && s.Command == t.Command && s.ProtectedSettings == t.ProtectedSettings &&
		(tag == "" || tag == s.ForceUpdateTag)
}

// snapshotOf is what a target puts into a model that carries it. The force-update tag is the model's where none is declared.
func snapshotOf(t Target, m Model, digest string) Snapshot {
	s := Snapshot{Image: t.Image}
	if t.Script == nil {
		return s
	}
	tag := t.RevisionTag
	if tag == "" && m.Script != nil {
		tag = m.Script.ForceUpdateTag
	}
	s.Script = &ScriptSnapshot{URIs: t.Script.URIs, Command: t.Script.Command, ForceUpdateTag: tag,
		ProtectedSettings: t.Script.ProtectedSettings,
		Extension:         recordedName(t.Script.Extension)}
	if m.Script != nil {
		s.Script.Extension, s.Script.Handler = recordedName(m.Script.Extension), m.Script.Handler
	}
	if t.Script.ProtectedSettings != "" {
		s.Script.Digest = digest
	}
	return s
}

// only leaves of the snapshot what the target declares.
func (s Snapshot) only(t Target) Snapshot {
	if t.Image == nil {
		s.Image, s.ImageVersions = nil, nil
	}
	if t.Script == nil {
		s.Script = nil
	}
	return s
}
