package view

import (
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// Revision waits for a stored revision to be read; nil: it was, or it is gone, which the caller judges.
func Revision(v *View, name string) *Hold {
	switch stored := v.Obs.Cluster.Revisions[name]; {
	case stored.State == rollout.NotRead:
		return Wait(rollout.ReasonProgressing, RecheckSoon, "reading the baseline")
	case stored.State == rollout.ReadFailed && stored.Problem.Kind != rollout.KindNotFound:
		return Unreadable("the baseline", stored.Problem)
	}
	return nil
}

// ScriptRevision waits for the stored revision that may name the script extension. One that is gone names none.
func ScriptRevision(v *View) *Hold {
	name := v.State.Rollback.InheritedRevision()
	if name == "" || v.State.Rollback.Current != nil || v.State.IsBaselineDecided() && !NeedsScriptName(v) {
		return nil
	}
	return Revision(v, name)
}

// IsKnownOther reports that the stored revision was read and holds something else than the target.
func IsKnownOther(v *View, name string) bool {
	stored := v.Obs.Cluster.Revisions[name]
	return stored.State == rollout.Read && !target.Meets(stored.Value, v.Spec.Target)
}

// SecretProblem says why the protected settings of the baseline cannot be written again; "": they can.
func SecretProblem(v *View, b rollout.Baseline) string {
	if b.SecretName == "" {
		return ""
	}
	switch read := v.Obs.Cluster.BaselineSettings; {
	case read.State == rollout.ReadFailed && IsSecretLost(read.Problem):
		return "the protected settings of the baseline are gone: " + read.Problem.Error()
	case read.State == rollout.Read && read.Value.Digest != b.SecretDigest:
		return SecretChanged(b.SecretName)
	case read.State == rollout.NotRead || read.State == rollout.ReadFailed:
		return v.State.Rollback.Baseline.Unavailable // not known now: what was known stays
	}
	return ""
}

// IsSecretLost reports that a Secret that could not be read does not become readable by itself.
func IsSecretLost(p *rollout.Problem) bool {
	return p.Kind == rollout.KindInvalid || p.Kind == rollout.KindForbidden
}

// IsWithoutSecret reports that only the Secret is missing that a rollback needs. That can come back.
func IsWithoutSecret(b rollout.Baseline) bool {
	return b.Invalid == "" && b.Unavailable != "" && !b.IsTarget
}

// IsComplete reports that a rollback to the baseline, which was not possible, is possible now.
func IsComplete(v *View, b rollout.Baseline) bool {
	isRead := b.SecretName == "" || b.SecretName == BaselineSecret(v)
	return b.Fixed && b.Revision != "" && b.Invalid == "" && !b.IsTarget && isRead && SecretProblem(v, b) == ""
}

// BaselineSecret names the Secret that a rollback needs; "": none.
func BaselineSecret(v *View) string {
	declared := v.Spec.Baseline
	if seeksDeclaredBaseline(v) {
		return secretOf(declared.Script)
	}
	if secret := v.State.Rollback.Baseline.SecretName; secret != "" {
		return secret
	}
	if script := v.Obs.Cluster.Revisions[v.State.Rollback.InheritedRevision()].Value.Script; script != nil {
		return script.ProtectedSettings
	}
	if declared != nil {
		return secretOf(declared.Script)
	}
	return ""
}

// seeksDeclaredBaseline reports that the rollback goes to what spec.baseline declares, since what was stored cannot be restored.
func seeksDeclaredBaseline(v *View) bool {
	current := v.State.Rollback.Current
	return current != nil && current.Revision == "" && v.Spec.Baseline != nil
}

func secretOf(script *rollout.Script) string {
	if script == nil {
		return ""
	}
	return script.ProtectedSettings
}

// Differences says what a rollback did not restore: what was read before the first write, compared with what is read now; "": nothing. What
// was not recorded is not compared.
func Differences(v *View) string {
	current := v.State.Rollback.Current
	before := v.Obs.Cluster.Revisions[current.Revision].Value
	var found []string
	if script := target.ScriptDifference(before, v.Model()); script != "" {
		found = append(found, script)
	}
	if versions := movedVersions(v, before); current.Kind == rollout.FullRollback && versions != "" {
		found = append(found, versions)
	}
	return strings.Join(found, "; ")
}

// movedVersions says where the reference to an image that names no version stands for another version than before; "": nowhere.
func movedVersions(v *View, before rollout.Snapshot) string {
	var touched []rollout.Instance
	for _, i := range v.Instances() {
		if v.State.Rollback.Current.AllInstances || v.State.Ledger.IsExposed(i.ID) {
			touched = append(touched, i)
		}
	}
	moved, versions := target.MovedVersions(before, touched)
	if len(moved) == 0 {
		return ""
	}
	return "the latest version of the image is " + target.First(versions) + " on " + ListInstances(moved) + "; it was " +
		target.First(before.ImageVersions) + " before"
}
