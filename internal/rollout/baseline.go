package rollout

import (
	"fmt"
	"strings"
)

// forRevision is the baseline as another run takes it over. That the target was itself what there was to go back to says nothing of another
// target.
func (b Baseline) forRevision(same bool) Baseline {
	if !same && b.Unavailable == sameAsTarget {
		b.Unavailable = ""
	}
	return b
}

// inherited is the name of the record that the run's baseline starts from: the one that an ended run had, since what was written
// then was written over it; else the target that completed last.
func (m State) inherited() string {
	if m.Rollback.Baseline.Fixed {
		return m.Rollback.Baseline.Revision
	}
	return m.Rollback.LastCompletedRevision
}

// isSettled says whether this run's way back is settled for good.
func (m State) isSettled() bool {
	return m.Rollback.Baseline.Fixed && m.Rollback.Baseline.Run == m.Run.Number
}

// keepBaseline settles, before anything is written, what the run can go back to, and has it stored. It is done again in every
// round until the first write: whatever changes in the model meanwhile changes what was there before us.
func keepBaseline(r *round) (verdict, bool) {
	if r.isWorking() || r.foreseen || r.memory.isSettled() {
		return undecided()
	}
	snapshot, b, v, waiting := r.takeBaseline()
	if waiting {
		if _, idle := holdIdleBeforeModel(r); idle {
			return undecided() // nothing is written yet, so there is time to find out
		}
		return v, true
	}
	kept := r.memory.Rollback.Baseline
	b.Fixed, b.NewestInstanceAt = kept.Fixed, kept.NewestInstanceAt
	if b == kept {
		return undecided()
	}
	r.memory.Rollback.Baseline = b
	if b.Revision == "" || b.Revision == kept.Revision {
		return undecided()
	}
	r.store = append(r.store, StoredRevision{Revision: b.Revision, Run: r.memory.Run.Number, Snapshot: snapshot})
	return undecided()
}

// previewBaseline is what the run could go back to, if it can be known now. Nothing is stored or remembered of it.
func (r *round) previewBaseline() Baseline {
	if r.isWorking() || r.memory.isSettled() {
		return r.memory.Rollback.Baseline
	}
	if _, b, _, waiting := r.takeBaseline(); !waiting {
		return b
	}
	return r.memory.Rollback.Baseline
}

// takeBaseline works out what to go back to: what was inherited, else what is declared, and for every path that neither has, the
// model as it is.
func (r *round) takeBaseline() (Snapshot, Baseline, verdict, bool) {
	var known Snapshot
	b := Baseline{Source: BaselineSnapshot, Run: r.memory.Run.Number}
	switch name := r.memory.inherited(); {
	case name != "":
		v, waiting := r.requireRecord(name)
		if waiting {
			return known, b, v, true
		}
		record := r.obs.Cluster.Revisions[name]
		if record.State == ReadFailed {
			b.Invalid = fmt.Sprintf("the record %s of what was there before is gone; declare it in spec.baseline", name)
			break
		}
		known, b.Source = record.Value, BaselineCompleted
		if kept := r.memory.Rollback.Baseline; kept.Fixed {
			b.Source, b.Invalid = kept.Source, kept.Invalid
		} else {
			known = known.only(r.spec.Target)
		}
	case r.spec.Baseline != nil:
		known, b.Source = snapshotOf(
			*r.spec.Baseline,
			r.obs.Model.Value,
			r.obs.Cluster.BaselineSettings.Value.Digest,
		).only(r.spec.Target),
			BaselineDeclared
	}
	if p := r.obs.Cluster.BaselineSettings.Problem; p != nil && !isLost(p) {
		return known, b, r.unreadable("the protected settings to go back to", p), true
	}
	whole := r.withVersions(r.fromModel(known, &b))
	b.Revision = whole.name()
	if s := whole.Script; s != nil {
		b.SecretName, b.SecretDigest = s.ProtectedSettings, s.Digest
	}
	r.judgeBaseline(whole, &b)
	return whole, b, verdict{}, false
}

// fromModel fills in the paths that the target declares and the snapshot lacks.
func (r *round) fromModel(known Snapshot, b *Baseline) Snapshot {
	model, t := r.obs.Model.Value, r.spec.Target
	if t.Image != nil && known.Image == nil {
		known.Image = new(model.Image)
		b.Invalid = orElse(b.Invalid, r.contradiction(model.Image))
	}
	if t.Script == nil || known.Script != nil {
		return known
	}
	known.Script = &ScriptSnapshot{Absent: true, Extension: recordedName(t.Script.Extension)}
	if script := model.Script; script != nil {
		known.Script = &ScriptSnapshot{URIs: script.URIs, Command: script.Command, ForceUpdateTag: script.ForceUpdateTag,
			Extension: recordedName(script.Extension), Handler: script.Handler}
		if !script.SecretsInVault {
			b.Invalid = orElse(
				b.Invalid,
				"the script extension in the model was made by somebody else, and its protected settings cannot be read back; "+
					"declare it in spec.baseline.script",
			)
		}
	}
	return known
}

// contradiction says which machine shows that the model's image is not what was there before, "" for none.
func (r *round) contradiction(image Image) string {
	for _, i := range byOrder(OrderInstanceID, r.obs.Instances.Value) {
		if i.State != StateDeleting && i.Disk.Image != nil && !image.same(*i.Disk.Image) {
			return fmt.Sprintf(
				"instance %s boots from another image than the model had, so nobody knows what to go back to; declare it in "+
					"spec.baseline.image",
				i.ID,
			)
		}
	}
	return ""
}

// judgeBaseline says why a snapshot would not be a way back.
func (r *round) judgeBaseline(s Snapshot, b *Baseline) {
	switch {
	case b.Invalid != "":
	case s.meets(r.spec.Target):
		b.Unavailable = sameAsTarget
	default:
		b.Unavailable = r.settingsLost(*b)
	}
}

// isWithoutSecret says whether only the Secret is missing that going back needs. That can come back.
func (b Baseline) isWithoutSecret() bool {
	return b.Invalid == "" && b.Unavailable != "" && b.Unavailable != sameAsTarget
}

// sameAsTarget is why a run that puts back what was there before cannot itself be taken back.
const sameAsTarget = "what was there before is the target itself, so there is nothing to go back to; declare spec.baseline"

// settingsLost says why the protected settings of the baseline cannot be written again.
func (r *round) settingsLost(b Baseline) string {
	if b.SecretName == "" {
		return ""
	}
	switch read := r.obs.Cluster.BaselineSettings; {
	case read.State == ReadFailed && isLost(read.Problem):
		return "the protected settings to go back to are gone: " + read.Problem.Error()
	case read.State == Read && read.Value.Digest != b.SecretDigest:
		return notAsItWas(b.SecretName)
	case read.State == NotRead || read.State == ReadFailed:
		return strings.TrimPrefix(r.memory.Rollback.Baseline.Unavailable, sameAsTarget) // not known now: what was known stays
	}
	return ""
}

// notAsItWas says that a Secret came to hold something else.
func notAsItWas(secret string) string {
	return fmt.Sprintf("Secret %q is not what it was when its settings were in force", secret)
}

// watchWayBack notices, while the run goes forward, that the protected settings it would need on the way back changed.
func watchWayBack(r *round) (verdict, bool) {
	if b := &r.memory.Rollback.Baseline; b.Fixed && b.SecretName != "" && b.Unavailable != sameAsTarget {
		b.Unavailable = r.settingsLost(*b)
	}
	return undecided()
}

// isLost says whether a Secret that could not be read will not be readable by itself.
func isLost(p *Problem) bool { return p.Kind == KindInvalid || p.Kind == KindForbidden }

// seeksDeclared says whether what spec.baseline declares is to be gone back to, since what was stored cannot be.
func (r *round) seeksDeclared() bool {
	back := r.memory.Rollback.Current
	return back != nil && !back.Done && back.Revision == "" && r.spec.Baseline != nil
}

// backSecret names the Secret that going back would need, "" for none.
func (r *round) backSecret() string {
	if r.seeksDeclared() {
		if script := r.spec.Baseline.Script; script != nil {
			return script.ProtectedSettings
		}
		return ""
	}
	if r.memory.Rollback.Baseline.SecretName != "" {
		return r.memory.Rollback.Baseline.SecretName
	}
	if script := r.obs.Cluster.Revisions[r.memory.inherited()].Value.Script; script != nil {
		return script.ProtectedSettings
	}
	if b := r.spec.Baseline; b != nil && b.Script != nil {
		return b.Script.ProtectedSettings
	}
	return ""
}

// requireRecord waits for a record to be read. One that is gone is for the caller to judge.
func (r *round) requireRecord(name string) (verdict, bool) {
	switch record := r.obs.Cluster.Revisions[name]; {
	case record.State == NotRead:
		return wait(ReasonProgressing, recheckSoon, "reading what to go back to"), true
	case record.State == ReadFailed && record.Problem.Kind != KindNotFound:
		return r.unreadable("what to go back to", record.Problem), true
	}
	return undecided()
}

// requireStored makes sure, before the first write, that the snapshot is stored (I3): the shell stores what this round took before it
// does anything else; what an earlier round took is read back.
func requireStored(r *round) (verdict, bool) {
	b := r.memory.Rollback.Baseline
	if b.Fixed || b.Revision == "" || r.memory.Rollback.Current != nil || r.foreseen || len(r.store) > 0 {
		return undecided()
	}
	if v, waiting := r.requireRecord(b.Revision); waiting {
		return v, true
	}
	if record := r.obs.Cluster.Revisions[b.Revision]; record.State == ReadFailed || record.Value.name() != b.Revision {
		r.memory.Rollback.Baseline = Baseline{}
		return wait(ReasonProgressing, recheckSoon, "what to go back to was not stored after all; taking it again"), true
	}
	return undecided()
}
