package advance

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// CompleteRun ends the run. From here on its target is the baseline of later runs.
func CompleteRun(d *Draft) *view.Hold {
	s := &d.State
	if s.RepairsSuspended {
		return ResumeRepairs(d)
	}
	text := gate.CompletedText(*s)
	EndRun(d, rollout.RunPromoted, text)
	s.Run.Completed = true
	s.Rollback.Baseline = rollout.Baseline{}
	s.Ledger.Exposed, s.Ledger.Verified = nil, nil
	s.Timers.Progress, s.Stage.Timer = rollout.ProgressTimer{}, rollout.Timer{}
	if s.Rollback.LastCompletedRevision != s.Run.Revision {
		s.Rollback.LastCompletedRevision = s.Run.Revision
		snapshot := target.WithVersions(target.SnapshotOf(d.Declared.Target, d.Model(), s.Model.SettingsDigest), d.Instances())
		d.SaveRevisions = append(d.SaveRevisions, rollout.StoredRevision{Revision: s.Run.Revision, Run: s.Run.Number, Snapshot: snapshot})
	}
	NoteCompletion(d)
	return gate.StillCompleted(d.View)
}

// ReopenRun lets a completed run go on, since instances are to be upgraded again.
func ReopenRun(d *Draft) { d.State.Run.Completed = false }

// NoteCompletion remembers the scale set by which an idle round will know that nothing changed. With instances behind there is something to
// keep reporting, so nothing is remembered and the list is read each time.
func NoteCompletion(d *Draft) {
	m, c := &d.State.Model, d.Inventory()
	m.CompletedETag, m.CompletedCapacity = d.Model().ETag, max(0, d.Model().Capacity)
	if d.Missing() > 0 {
		m.CompletedETag = "" // what is not listed may be behind, so the list is read each time
	}
	if d.State.Run.CompletedAtBaseline {
		return // an instance that never left is not behind, whatever the flag says
	}
	if behind := slices.Concat(c.Lacking(), c.Unknown, c.Behind); len(behind) > 0 {
		m.CompletedETag = ""
		d.Facts.Drifted = OtherParts(behind)
	}
}

// OtherParts says that other parts of the model drifted.
func OtherParts(behind []rollout.Instance) string {
	return "other parts of the model: " + view.ListInstances(behind) + " behind"
}

// NoteDrift forgets what was verified where another tool changed what is declared, since instances may have got the other content since.
// What is written again has to be looked at again.
func NoteDrift(d *Draft) {
	drifted := gate.Drift(d.View)
	if drifted == "" {
		return
	}
	d.Facts.Drifted = drifted
	d.State.Ledger.Verified = nil
	if d.Spec.Drift.Overwrite {
		d.State.Run.Completed = false
	}
}

// NoteModelApplied notes that the model has the run's whole target. A refused write became unnecessary.
func NoteModelApplied(d *Draft) {
	d.State.Model.Applied = true
	if op := d.State.Operation; op != nil && op.WritesModel() {
		d.State.Operation = nil
	}
}
