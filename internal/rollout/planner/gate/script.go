package gate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// NamedScript does nothing to a scale set with several script extensions while it is not known which one is meant: each other one belongs
// to another tool.
func NamedScript(v *view.View) *view.Hold {
	t, extensions := v.Spec.Target, v.Model().ScriptExtensions()
	if t.Script == nil && !t.NoScript || len(extensions) < 2 || view.ScriptName(v) != "" {
		return nil
	}
	if h := view.ScriptRevision(v); h != nil {
		return h
	}
	field := "spec.target.script.extensionName"
	if v.IsRestoring {
		field = "spec.baseline.script.extensionName"
	}
	return view.Wait(rollout.ReasonInvalid, view.RecheckMissing,
		"the scale set has %d script extensions: %s; nothing is written; set %s to the name of one of them",
		len(extensions), extensionNames(extensions), field)
}

// OwnScript does nothing, before the first write of a script, where the extension to be written is not the rollout's. The protected
// settings of another one cannot be read back. A target without a script has nothing to write.
func OwnScript(v *view.View) *view.Hold {
	t := v.Spec.Target
	if target.IsScriptCarried(t, v.Model(), v.State.Model.ScriptWritten) {
		return nil
	}
	if h := view.ScriptRevision(v); h != nil {
		return h
	}
	if finding := cmp.Or(foreignScript(v, *t.Script), replacedVault(*t.Script, v.Model().Script)); finding != "" {
		return view.Wait(rollout.ReasonInvalid, view.RecheckMissing, "%s", finding)
	}
	return nil
}

// foreignScript returns why the script is not written; "": it may be.
func foreignScript(v *view.View, script rollout.Script) string {
	m, known, name := v.Model(), view.RecordedScript(v), cmp.Or(view.ScriptName(v), rollout.DefaultScriptExtension)
	isOther := func(other string) bool { return m.Script == nil && strings.EqualFold(other, name) }
	switch {
	case known != nil && script.Extension != "" && !strings.EqualFold(cmp.Or(known.Extension, script.Extension), script.Extension):
		return fmt.Sprintf("earlier runs of this rollout wrote script extension %q, and spec.target.script.extensionName is %q; nothing is "+
			"written; set it to %q",
			known.Extension, script.Extension, known.Extension)
	case slices.ContainsFunc(m.OtherExtensions, isOther):
		return fmt.Sprintf("extension %q of the scale set runs no script; nothing is written; set spec.target.script.extensionName to another "+
			"name", name)
	case m.Script == nil && len(m.MoreScripts) > 0:
		return fmt.Sprintf("the scale set has script extension %s and none named %q; nothing is written; set spec.target.script.extensionName "+
			"to the name of an existing one",
			extensionNames(m.MoreScripts), name)
	case m.Script != nil && !mayOverwrite(v, *m.Script, known):
		return fmt.Sprintf("script extension %q is not this rollout's, and its protected settings cannot be read; nothing is written; "+
			"declare spec.baseline.script, or set spec.target.script.extensionName to %q to overwrite it",
			m.Script.Extension, m.Script.Extension)
	}
	return ""
}

// replacedVault returns why a managed identity is not written: it is a protected setting, and would remove a reference that the target
// leaves as it is; "": it is written. A rollback restores both.
func replacedVault(script rollout.Script, there *rollout.ModelScript) string {
	hasVault := there != nil && there.KeyVault != nil
	if !hasVault || script.ManagedIdentity == nil || script.ProtectedSettings != "" || script.Handler != "" {
		return ""
	}
	return fmt.Sprintf("script extension %q has its protected settings in a key vault, and managedIdentity would take their place; nothing "+
		"is written; put managedIdentity into that secret, or declare target.script.protectedSettings.secretRef", there.Extension)
}

// mayOverwrite reports whether the extension may be overwritten: a rollout made it, an earlier run wrote it, or its owner declared what
// to go back to, or its name.
func mayOverwrite(v *view.View, there rollout.ModelScript, known *rollout.ScriptSnapshot) bool {
	baseline := v.Spec.Baseline
	return v.State.Model.ScriptWritten || known != nil || v.Spec.Target.Script.Extension != "" || baseline != nil && baseline.Script != nil ||
		target.RecordedName(there.Extension) == ""
}

// extensionNames lists the names in words.
func extensionNames(scripts []rollout.ModelScript) string {
	var names []string
	for _, s := range scripts {
		names = append(names, s.Extension)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
