package view

import (
	"cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// readScript takes the extension that the round works on as the model's script, and with its state as that of the script on
// each instance. Without a name it is the only extension there is. Where it is not known which one it is, the worst state of all stays.
func (v *View) readScript() {
	if name := ScriptName(v); name != "" {
		v.Obs.Model.Value = v.Model().WithScript(name)
	}
	name := instanceScriptName(v)
	if name == "" {
		return
	}
	v.Obs.Instances.Value = inventory.Changed(v.Instances(), func(i rollout.Instance) (rollout.Instance, bool) {
		was := i.Script
		i.Script = i.ScriptStateOf(name)
		return i, i.Script != was
	})
}

// instanceScriptName is the name of the extension whose state on the instances counts; "": not known.
func instanceScriptName(v *View) string {
	if name := ScriptName(v); name != "" {
		return name
	}
	if m := v.Model(); m.Script != nil && len(m.MoreScripts) == 0 {
		return m.Script.Extension
	}
	return ""
}

// ScriptName is the name of the script extension that the round works on; "": not known.
func ScriptName(v *View) string {
	name := cmp.Or(target.ScriptExtension(v.Spec.Target), recordedScriptName(v), target.ScriptExtension(v.Declared.Target))
	if name != "" || v.Spec.Baseline == nil {
		return name
	}
	return target.ScriptExtension(*v.Spec.Baseline)
}

// recordedScriptName is the name that the stored revisions of the run tell; "": none. A revision of an older version does not tell the
// default name from another one.
func recordedScriptName(v *View) string {
	known := RecordedScript(v)
	switch {
	case known == nil:
		return ""
	case known.Extension == "" && (known.Absent || known.Handler != "" || v.Model().HasScriptExtension(rollout.DefaultScriptExtension)):
		return rollout.DefaultScriptExtension
	}
	return known.Extension
}

// RecordedScript is the script extension that the rollout writes, as the stored revisions of the run hold it; nil: none that was read.
func RecordedScript(v *View) *rollout.ScriptSnapshot {
	names := []string{v.State.Rollback.InheritedRevision(), v.State.Rollback.LastCompletedRevision}
	if current := v.State.Rollback.Current; current != nil {
		names = append([]string{current.Revision}, names...)
	}
	for _, name := range names {
		if script := v.Obs.Cluster.Revisions[name].Value.Script; script != nil {
			return script
		}
	}
	return nil
}

// NeedsScriptName reports that the round may write a script extension whose name is not declared: a stored revision has it then.
func NeedsScriptName(v *View) bool {
	script, m := v.Spec.Target.Script, v.Model()
	if script == nil || script.Extension != "" || v.Obs.Model.State != rollout.Read {
		return false
	}
	isOther := m.Script == nil || target.RecordedName(m.Script.Extension) != ""
	return len(m.MoreScripts) > 0 || isOther && !target.IsScriptCarried(v.Spec.Target, m, v.State.Model.ScriptWritten)
}
