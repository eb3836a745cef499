package rollout

import (
	"fmt"
	"slices"
	"strings"
)

// DefaultScriptExtension names the script extension that is made where a scale set has none and no name is declared.
const DefaultScriptExtension = "vmssrollout-script"

// recordedName is an extension's name as a record keeps it: the default name goes without saying, as in records of older versions.
func recordedName(extension string) string {
	if strings.EqualFold(extension, DefaultScriptExtension) {
		return ""
	}
	return extension
}

// scripts are all script extensions of the model.
func (m Model) scripts() []ModelScript {
	if m.Script == nil {
		return m.MoreScripts
	}
	return append([]ModelScript{*m.Script}, m.MoreScripts...)
}

// has returns whether one of the model's script extensions has the name.
func (m Model) has(extension string) bool {
	return slices.ContainsFunc(m.scripts(), func(s ModelScript) bool { return strings.EqualFold(s.Extension, extension) })
}

// choose makes the named extension the model's script.
func (m Model) choose(extension string) Model {
	all := m.scripts()
	m.Script, m.MoreScripts = nil, nil
	for _, s := range all {
		if strings.EqualFold(s.Extension, extension) {
			m.Script = &s
		} else {
			m.MoreScripts = append(m.MoreScripts, s)
		}
	}
	return m
}

// chooseScript makes the extension that the round works on the model's script. Without a name it is the only one there is.
func (r *round) chooseScript() {
	if model := r.obs.Model.Value; len(model.scripts()) > 0 {
		if name := r.scriptName(); name != "" {
			r.obs.Model.Value = model.choose(name)
		}
	}
	r.chooseInstanceScripts()
}

// chooseInstanceScripts makes, on each instance, the state of the extension that the round works on the state of the script. Where it is
// not known which extension that is, the worst state of all stays.
func (r *round) chooseInstanceScripts() {
	name := r.instanceScriptName()
	if name == "" {
		return
	}
	chosen := false
	for n, i := range r.obs.Instances.Value {
		state := i.scriptState(name)
		if state == i.Script {
			continue
		}
		if !chosen {
			r.obs.Instances.Value, chosen = slices.Clone(r.obs.Instances.Value), true
		}
		r.obs.Instances.Value[n].Script = state
	}
}

// instanceScriptName is the name of the extension whose state on the instances counts, "" where it is not known.
func (r *round) instanceScriptName() string {
	if name := r.scriptName(); name != "" {
		return name
	}
	if model := r.obs.Model.Value; model.Script != nil && len(model.MoreScripts) == 0 {
		return model.Script.Extension
	}
	return ""
}

// scriptState is the state of the named extension, or of those whose name is not shown. An instance that shows only others does not have
// it.
func (i Instance) scriptState(extension string) ScriptState {
	if len(i.Scripts) == 0 {
		return i.Script
	}
	var unnamed []InstanceScript
	for _, s := range i.Scripts {
		switch {
		case strings.EqualFold(s.Extension, extension):
			return s.State
		case s.Extension == "":
			unnamed = append(unnamed, s)
		}
	}
	if len(unnamed) == 0 {
		return ScriptAbsent
	}
	return WorstScript(unnamed)
}

// WorstScript is the state of several script extensions together: failed if one failed, succeeded if all did.
func WorstScript(scripts []InstanceScript) ScriptState {
	for _, state := range []ScriptState{ScriptFailed, ScriptRunning, ScriptUnknown} {
		if slices.ContainsFunc(scripts, func(s InstanceScript) bool { return s.State == state }) {
			return state
		}
	}
	if len(scripts) == 0 {
		return ScriptUnknown
	}
	return ScriptSucceeded
}

// scriptName is the name of the script extension that the round works on, "" where it is not known.
func (r *round) scriptName() string {
	name := orElse(r.spec.Target.extension(), r.recordedName())
	name = orElse(name, r.declared.Target.extension())
	if r.spec.Baseline == nil {
		return name
	}
	return orElse(name, r.spec.Baseline.extension())
}

// extension is the name that the target declares, "" for none.
func (t Target) extension() string {
	if t.Script == nil {
		return ""
	}
	return t.Script.Extension
}

// recordedName is the name that the records of the run tell, "" for none. A record of an older version does not tell the default name from
// another one.
func (r *round) recordedName() string {
	known := r.recordedScript()
	switch {
	case known == nil:
		return ""
	case known.Extension == "" && (known.Absent || known.Handler != "" || r.obs.Model.Value.has(DefaultScriptExtension)):
		return DefaultScriptExtension
	}
	return known.Extension
}

// recordedScript is what the records of the run say about the script extension that the rollout writes; nil: nothing that was read.
func (r *round) recordedScript() *ScriptSnapshot {
	names := []string{r.memory.inherited(), r.memory.Rollback.LastCompletedRevision}
	if r.memory.Rollback.Current != nil {
		names = append([]string{r.memory.Rollback.Current.Revision}, names...)
	}
	for _, name := range names {
		if script := r.obs.Cluster.Revisions[name].Value.Script; script != nil {
			return script
		}
	}
	return nil
}

// needsScriptName returns whether the round may write a script extension without the name being known: it is in a record then.
func (r *round) needsScriptName() bool {
	script, model := r.spec.Target.Script, r.obs.Model.Value
	if script == nil || script.Extension != "" || r.obs.Model.State != Read {
		return false
	}
	isOther := model.Script == nil || recordedName(model.Script.Extension) != ""
	return len(model.MoreScripts) > 0 || isOther && !scriptSettled(r.spec.Target, model, r.memory.Model.ScriptWritten)
}

// holdUnnamedScript does nothing to a scale set with several script extensions while it is not known which one is meant: each other one is
// somebody else's.
func holdUnnamedScript(r *round) (verdict, bool) {
	t, model := r.spec.Target, r.obs.Model.Value
	if t.Script == nil && !t.NoScript || len(model.scripts()) < 2 || r.scriptName() != "" {
		return undecided()
	}
	if v, waiting := r.requireScriptRecord(); waiting {
		return v, true
	}
	field := "spec.target.script.extensionName"
	if r.backward {
		field = "spec.baseline.script.extensionName"
	}
	return wait(ReasonInvalid, recheckMissing,
		"the scale set has %d script extensions: %s; nothing is written; set %s to the name of one of them",
		len(model.scripts()), extensionNames(model.scripts()), field), true
}

// requireScriptRecord waits for the record that may name the script extension. One that is gone names none.
func (r *round) requireScriptRecord() (verdict, bool) {
	name := r.memory.inherited()
	if name == "" || r.memory.Rollback.Current != nil || r.memory.isSettled() && !r.needsScriptName() {
		return undecided()
	}
	return r.requireRecord(name)
}

// holdOtherScript does nothing, before the first write of a script, where the extension to be written is not the rollout's. The protected
// settings of another one cannot be read back.
func holdOtherScript(r *round) (verdict, bool) {
	t, model := r.spec.Target, r.obs.Model.Value
	if t.Script == nil || r.isWorking() || scriptSettled(t, model, r.memory.Model.ScriptWritten) {
		return undecided()
	}
	if v, waiting := r.requireScriptRecord(); waiting {
		return v, true
	}
	if finding := r.otherScript(*t.Script, model); finding != "" {
		return wait(ReasonInvalid, recheckMissing, "%s", finding), true
	}
	return undecided()
}

// otherScript returns why the script is not written, "" for no reason.
func (r *round) otherScript(script Script, model Model) string {
	known, name := r.recordedScript(), orElse(r.scriptName(), DefaultScriptExtension)
	switch {
	case known != nil && script.Extension != "" && !strings.EqualFold(orElse(known.Extension, script.Extension), script.Extension):
		return fmt.Sprintf("earlier runs of this rollout wrote script extension %q, and spec.target.script.extensionName is %q; nothing is "+
			"written; set it to %q",
			known.Extension, script.Extension, known.Extension)
	case slices.ContainsFunc(model.OtherExtensions, func(other string) bool { return model.Script == nil && strings.EqualFold(other, name) }):
		return fmt.Sprintf("extension %q of the scale set runs no script; nothing is written; set spec.target.script.extensionName to another "+
			"name", name)
	case model.Script == nil && len(model.MoreScripts) > 0:
		return fmt.Sprintf("the scale set has script extension %s and none named %q; nothing is written; set spec.target.script.extensionName "+
			"to the name of one that is there",
			extensionNames(model.MoreScripts), name)
	case model.Script != nil && !r.mayWrite(*model.Script, known):
		return fmt.Sprintf("script extension %q is not this rollout's, and its protected settings cannot be read back; nothing is written; "+
			"declare it in spec.baseline.script, or set spec.target.script.extensionName to %q to overwrite it",
			model.Script.Extension, model.Script.Extension)
	}
	return ""
}

// mayWrite returns whether the extension may be overwritten: a rollout made it, an earlier run wrote it, its owner said what to go back to,
// or said its name.
func (r *round) mayWrite(there ModelScript, known *ScriptSnapshot) bool {
	target, baseline := r.spec.Target.Script, r.spec.Baseline
	return r.memory.Model.ScriptWritten || known != nil || target.Extension != "" || baseline != nil && baseline.Script != nil ||
		recordedName(there.Extension) == ""
}

// extensionNames lists the names in words.
func extensionNames(scripts []ModelScript) string {
	var names []string
	for _, s := range scripts {
		names = append(names, s.Extension)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
