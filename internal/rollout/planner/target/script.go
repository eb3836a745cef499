package target

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// script is the custom script extension.
type script struct{}

func (script) Name() string { return "the script extension" }

func (script) Part() string { return "the script" }

func (script) IsDeclared(t rollout.Target) bool { return t.Script != nil }

// IsCarried compares what can be read back. Protected settings cannot: they are right only if this run wrote them. In a rollback the same
// holds for what a write may have displaced.
func (script) IsCarried(t rollout.Target, m rollout.Model, written bool) bool {
	if t.Script == nil || written {
		return scriptMatches(t, m)
	}
	displaced := t.Script.Handler != "" && m.Script != nil && t.Script.Handler != m.Script.Handler
	return !t.Script.IsHidden() && !displaced && scriptMatches(t, m)
}

// Shows needs to know that a write with protected settings was accepted, since they cannot be read back. Without that the write is made
// again, which changes nothing if it had been accepted.
func (script) Shows(t rollout.Target, m rollout.Model, accepted bool) bool {
	hidden := t.Script != nil && t.Script.IsHidden()
	return scriptMatches(t, m) && (!hidden || accepted)
}

func (script) Contradicts(t rollout.Target, i rollout.Instance) bool {
	if t.NoScript && (i.Script == rollout.ScriptRunning || i.Script == rollout.ScriptSucceeded || i.Script == rollout.ScriptFailed) {
		return true
	}
	return t.Script != nil && (i.Script == rollout.ScriptAbsent || i.Script == rollout.ScriptFailed)
}

func (script) Failed(t rollout.Target, i rollout.Instance) bool {
	return t.Script != nil && i.Script == rollout.ScriptFailed
}

// Write removes an extension that was not there, or writes the script. Undeclared, the force-update tag stays as it is; in a rollback it
// becomes what it was.
func (script) Write(t rollout.Target, m rollout.Model) rollout.Step {
	if t.NoScript {
		return rollout.RemoveScript{Extension: m.Script.Extension}
	}
	step := rollout.WriteScript{
		Script: *t.Script, ForceUpdateTag: t.RevisionTag, Extension: t.Script.Extension, Handler: m.NewHandler,
	}
	if t.Script.Handler != "" {
		step.Handler = t.Script.Handler
	}
	if m.Script != nil {
		step.Extension, step.Handler = m.Script.Extension, m.Script.Handler
		if step.ForceUpdateTag == "" {
			step.ForceUpdateTag = m.Script.ForceUpdateTag
		}
	}
	if tag := t.Script.ForceUpdateTag; tag != nil {
		step.ForceUpdateTag = *tag
	}
	return step
}

func (script) Doing(operation rollout.OperationKind) string {
	switch operation {
	case rollout.WriteScriptOperation:
		return "writing the script extension into the scale set's model"
	case rollout.RemoveScriptOperation:
		return "removing the script extension from the scale set's model"
	default:
		return ""
	}
}

func (script) Apply(step rollout.Step, m *rollout.Model) bool {
	switch s := step.(type) {
	case rollout.WriteScript:
		was := m.Script
		m.Script = &rollout.ModelScript{
			Extension: s.Extension, URIs: s.Script.URIs, Command: s.Script.Command, ForceUpdateTag: s.ForceUpdateTag, Handler: s.Handler,
			KeyVault: s.Script.KeyVault,
		}
		if was != nil && s.Script.KeyVault == nil && s.Script.ProtectedSettings == "" {
			m.Script.KeyVault = was.KeyVault
		}
	case rollout.RemoveScript:
		m.Script = nil
	default:
		return false
	}
	return true
}

func (script) Contradiction(t rollout.Target, i rollout.Instance) string {
	if i.Script != rollout.ScriptAbsent || t.Script == nil {
		return ""
	}
	return "does not show the script extension"
}

// scriptMatches reports whether the model carries the declared script, as far as the model can be read. Without a revision tag the
// force-update tag is not compared.
func scriptMatches(t rollout.Target, m rollout.Model) bool {
	switch {
	case t.NoScript:
		return m.Script == nil
	case t.Script == nil:
		return true
	case m.Script == nil:
		return false
	case t.Script.ForceUpdateTag != nil && *t.Script.ForceUpdateTag != m.Script.ForceUpdateTag:
		return false
	}
	return slices.Equal(t.Script.URIs, m.Script.URIs) &&
		t.Script.Command == m.Script.Command &&
		isInVault(*t.Script, m.Script.KeyVault) &&
		(t.RevisionTag == "" || t.RevisionTag == m.Script.ForceUpdateTag)
}

func (script) Has(s rollout.Snapshot, t rollout.Target) bool {
	return t.Script == nil || s.Script != nil
}

func (script) Complete(from rollout.Snapshot, to *rollout.Snapshot) {
	to.Script = cmp.Or(to.Script, from.Script)
}

func (script) Keep(t rollout.Target, s *rollout.Snapshot) {
	if t.Script == nil {
		s.Script = nil
	}
}

func (script) Meets(s rollout.Snapshot, t rollout.Target) bool {
	if t.Script == nil {
		return true
	}
	if s.Script == nil || s.Script.Absent {
		return false
	}
	was, declared := *s.Script, *t.Script
	return isSameExtension(was.Extension, declared.Extension) && slices.Equal(was.URIs, declared.URIs) && was.Command == declared.Command &&
		areSameSettings(was, declared) && (t.RevisionTag == "" || t.RevisionTag == was.ForceUpdateTag)
}

// areSameSettings compares where the protected settings come from.
func areSameSettings(was rollout.ScriptSnapshot, declared rollout.Script) bool {
	return was.ProtectedSettings == declared.ProtectedSettings && isSameIdentity(was.ManagedIdentity, declared.ManagedIdentity) &&
		isInVault(declared, was.KeyVault)
}

// isInVault reports whether the protected settings are in the key vault that the script declares. Undeclared, they may be in any.
func isInVault(declared rollout.Script, secret *rollout.KeyVaultSecret) bool {
	return declared.KeyVault == nil || declared.KeyVault.Same(secret)
}

func isSameIdentity(a, b *rollout.ManagedIdentity) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// isSameExtension compares the names of extensions. One that is not known may be the other.
func isSameExtension(a, b string) bool { return a == "" || b == "" || strings.EqualFold(a, b) }

func (script) Declare(s rollout.Snapshot, t *rollout.Target) {
	switch {
	case s.Script == nil:
	case s.Script.Absent:
		t.NoScript = true
	default:
		tag := s.Script.ForceUpdateTag
		t.Script = &rollout.Script{
			URIs: s.Script.URIs, Command: s.Script.Command, ProtectedSettings: s.Script.ProtectedSettings,
			Extension: s.Script.Extension, ForceUpdateTag: &tag, Handler: s.Script.Handler, ManagedIdentity: s.Script.ManagedIdentity,
			KeyVault: s.Script.KeyVault,
		}
	}
}

// FromTarget takes the force-update tag from the model where none is declared.
func (script) FromTarget(t rollout.Target, m rollout.Model, digest string, to *rollout.Snapshot) {
	if t.Script == nil {
		return
	}
	tag := t.RevisionTag
	if tag == "" && m.Script != nil {
		tag = m.Script.ForceUpdateTag
	}
	to.Script = &rollout.ScriptSnapshot{
		URIs: t.Script.URIs, Command: t.Script.Command, ForceUpdateTag: tag,
		ProtectedSettings: t.Script.ProtectedSettings, Extension: RecordedName(t.Script.Extension),
		ManagedIdentity: t.Script.ManagedIdentity, KeyVault: t.Script.KeyVault,
	}
	if m.Script != nil {
		to.Script.Extension, to.Script.Handler = RecordedName(m.Script.Extension), m.Script.Handler
	}
	if t.Script.ProtectedSettings != "" {
		to.Script.Digest = digest
	}
}

// FromModel does not rely on an extension whose protected settings cannot be read back.
func (script) FromModel(t rollout.Target, m rollout.Model, _ []rollout.Instance, to *rollout.Snapshot) string {
	if m.Script == nil {
		to.Script = &rollout.ScriptSnapshot{Absent: true, Extension: RecordedName(t.Script.Extension)}
		return ""
	}
	to.Script = &rollout.ScriptSnapshot{
		URIs: m.Script.URIs, Command: m.Script.Command, ForceUpdateTag: m.Script.ForceUpdateTag,
		Extension: RecordedName(m.Script.Extension), Handler: m.Script.Handler, KeyVault: m.Script.KeyVault,
	}
	if m.Script.KeyVault != nil {
		return ""
	}
	return "another tool made the script extension in the model, and its protected settings cannot be read; " +
		"declare spec.baseline.script"
}

// RecordedName returns an extension's name as a stored revision keeps it: the default name is left out, as in revisions of older versions.
func RecordedName(extension string) string {
	if strings.EqualFold(extension, rollout.DefaultScriptExtension) {
		return ""
	}
	return extension
}

// IsScriptCarried reports whether the model has the script that the target declares.
func IsScriptCarried(t rollout.Target, m rollout.Model, written bool) bool {
	return script{}.IsCarried(t, m, written)
}

// ScriptExtension returns the name of the extension that the target declares; "": none.
func ScriptExtension(t rollout.Target) string {
	if t.Script == nil {
		return ""
	}
	return t.Script.Extension
}
