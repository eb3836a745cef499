package advance

import (
	"cmp"
	"fmt"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// DecideBaseline decides, before anything is written, what the run can go back to, and has it stored. It is done again in every round
// until the first write: whatever changes in the model meanwhile changes what was there before the run.
func DecideBaseline(d *Draft) *view.Hold {
	if d.State.IsWorking() || d.IsPreview || d.State.IsBaselineDecided() {
		return nil
	}
	snapshot, b, h := takeBaseline(d.View)
	if h != nil {
		if gate.HeldBeforeWrite(d.View) != nil {
			return nil // nothing is written yet, so there is time to find out; the same gate ends the round
		}
		return h
	}
	kept := d.State.Rollback.Baseline
	b.Fixed, b.NewestInstanceAt = kept.Fixed, kept.NewestInstanceAt
	d.State.Rollback.Baseline = b
	if b.Revision != "" && b.Revision != kept.Revision {
		saveRevision(d, snapshot)
	}
	return nil
}

// saveRevision has a snapshot stored, and returns its name.
func saveRevision(d *Draft, s rollout.Snapshot) string {
	name := s.Name()
	d.SaveRevisions = append(d.SaveRevisions, rollout.StoredRevision{Revision: name, Run: d.State.Run.Number, Snapshot: s})
	return name
}

// PreviewBaseline is the baseline that the run would have, if that can be known now. Nothing is stored or remembered of it.
func PreviewBaseline(v *view.View) rollout.Baseline {
	if v.State.IsWorking() || v.State.IsBaselineDecided() {
		return v.State.Rollback.Baseline
	}
	if _, b, h := takeBaseline(v); h == nil {
		return b
	}
	return v.State.Rollback.Baseline
}

// takeBaseline works out what to go back to: what was inherited, else what is declared, and for every part that neither has, the model as
// it is.
func takeBaseline(v *view.View) (rollout.Snapshot, rollout.Baseline, *view.Hold) {
	known, b, h := knownBaseline(v)
	if h != nil {
		return known, b, h
	}
	if p := v.Obs.Cluster.BaselineSettings.Problem; p != nil && !view.IsSecretLost(p) {
		return known, b, view.Unreadable("the protected settings of the baseline", p)
	}
	whole, unreliable := target.CompleteFromModel(known, v.Spec.Target, v.Model(), v.Instances())
	whole = target.WithVersions(whole, v.Instances())
	b.Invalid = cmp.Or(b.Invalid, unreliable)
	b.Revision = whole.Name()
	if s := whole.Script; s != nil {
		b.SecretName, b.SecretDigest = s.ProtectedSettings, s.Digest
	}
	switch {
	case b.Invalid != "":
	case target.Meets(whole, v.Spec.Target):
		b.IsTarget = true
	default:
		b.Unavailable = view.SecretProblem(v, b)
	}
	return whole, b, nil
}

// knownBaseline is the inherited baseline, else the declared one, else none.
func knownBaseline(v *view.View) (rollout.Snapshot, rollout.Baseline, *view.Hold) {
	b := rollout.Baseline{Source: rollout.BaselineSnapshot, Run: v.State.Run.Number}
	name := v.State.Rollback.InheritedRevision()
	switch {
	case name != "":
	case v.Spec.Baseline != nil:
		b.Source = rollout.BaselineDeclared
		return DeclaredBaseline(v), b, nil
	default:
		return rollout.Snapshot{}, b, nil
	}
	if h := view.Revision(v, name); h != nil {
		return rollout.Snapshot{}, b, h
	}
	stored := v.Obs.Cluster.Revisions[name]
	if stored.State == rollout.ReadFailed {
		b.Invalid = fmt.Sprintf("the stored baseline %s is gone; declare spec.baseline", name)
		return rollout.Snapshot{}, b, nil
	}
	b.Source = rollout.BaselineCompleted
	if kept := v.State.Rollback.Baseline; kept.Fixed {
		b.Source, b.Invalid = kept.Source, kept.Invalid
		return stored.Value, b, nil
	}
	return target.Only(stored.Value, v.Spec.Target), b, nil
}

// DeclaredBaseline is the part of spec.baseline that the target declares, too.
func DeclaredBaseline(v *view.View) rollout.Snapshot {
	return target.Only(target.SnapshotOf(*v.Spec.Baseline, v.Model(), v.Obs.Cluster.BaselineSettings.Value.Digest), v.Spec.Target)
}

// WatchBaselineSecret notices, while the run goes forward, that the protected settings that a rollback needs changed.
func WatchBaselineSecret(d *Draft) {
	if b := &d.State.Rollback.Baseline; b.Fixed && b.SecretName != "" && !b.IsTarget {
		b.Unavailable = view.SecretProblem(d.View, *b)
	}
}

// EnsureStored makes sure, before the first write, that the snapshot is stored (I3): the shell stores what this round took before it does
// anything else; what an earlier round took is read back.
func EnsureStored(d *Draft) *view.Hold {
	b := d.State.Rollback.Baseline
	if b.Fixed || d.State.Rollback.Current != nil || d.IsPreview || len(d.SaveRevisions) > 0 {
		return nil
	}
	if h := view.Revision(d.View, b.Revision); h != nil {
		return h
	}
	if d.Obs.Cluster.Revisions[b.Revision].Value.Name() != b.Revision { // it is gone, or another one
		d.State.Rollback.Baseline = rollout.Baseline{}
		return view.Wait(rollout.ReasonProgressing, view.RecheckSoon, "the baseline was not stored; taking it again")
	}
	return nil
}

// LoseBaseline notes that what was to be restored cannot be. Where it is the run's baseline, that is known from now on: another baseline is
// looked for, so that spec.baseline and a Retry count. A stored revision that is gone does not come back; a Secret may.
func LoseBaseline(d *Draft, why string, forGood bool) {
	if b, current := &d.State.Rollback.Baseline, d.State.Rollback.Current; current.Revision == b.Revision {
		current.Revision = ""
		if b.Unavailable = why; forGood {
			b.Invalid = why
		}
	}
}

// ForgetRevision lets the rollback restore nothing, since nothing was written.
func ForgetRevision(d *Draft) { d.State.Rollback.Current.Revision = "" }

// RestoreBaseline lets the rollback go to the run's baseline, which is complete again.
func RestoreBaseline(d *Draft) {
	s := &d.State
	s.Rollback.Baseline.Unavailable, s.Rollback.Current.Revision, s.Ledger.Failed = "", s.Rollback.Baseline.Revision, nil
}

// AdoptDeclaredBaseline lets the rollback go to what spec.baseline declares, and has it stored.
func AdoptDeclaredBaseline(d *Draft, declared rollout.Snapshot) {
	s := &d.State
	b := rollout.Baseline{
		Revision: declared.Name(), Source: rollout.BaselineDeclared, Run: s.Run.Number, Fixed: true,
		NewestInstanceAt: s.Rollback.Baseline.NewestInstanceAt,
	}
	if declared.Script != nil {
		b.SecretName, b.SecretDigest = declared.Script.ProtectedSettings, declared.Script.Digest
	}
	s.Rollback.Baseline = b
	s.Rollback.Current.Revision, s.Ledger.Failed = saveRevision(d, declared), nil
}

// CompleteRevision lets the rollback go to an older revision that was completed, and has it stored.
func CompleteRevision(d *Draft, whole rollout.Snapshot) {
	d.State.Rollback.Current.Revision = saveRevision(d, whole)
}

// ReturnToBaseline starts a rollback where the target is the baseline: only the instances that left it have to be restored.
func ReturnToBaseline(d *Draft) *view.Hold {
	revision := d.State.Rollback.Baseline.Revision
	h := RollBack(d, rollout.FullRollback, rollout.CauseTarget, "the target is the baseline")
	d.State.Rollback.Current.Revision, d.State.Ledger.Failed = revision, nil
	return h
}
