package advance

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// StartRun begins a new run when the target is not the one that the last run was for. What is in flight stays in flight: the new target
// waits for it, and it is not judged.
func StartRun(d *Draft) {
	revision := d.Revision()
	if d.State.Run.Number > 0 && d.State.Run.Revision == revision {
		return
	}
	if d.State.Run.Number > 0 {
		result := rollout.RunSuperseded
		if len(d.State.Ledger.Failed) > 0 {
			result = rollout.RunFailed
		}
		EndRun(d, result, "the target changed")
	}
	beginRun(d, revision)
	staysRolledBack(d)
}

// beginRun resets timers, failures, approvals and counts. A run is outlived by what users look up, how Azure responds, and what
// to go back to: a run that ended on its way left instances behind that only its baseline can restore.
func beginRun(d *Draft, revision string) {
	old := d.State
	d.State = rollout.State{
		ScaleSet:  rollout.ScaleSetState{ID: old.ScaleSet.ID},
		Run:       rollout.Run{Number: old.Run.Number + 1, Revision: revision, StartedAt: d.At()},
		Operation: old.Operation,
		Preempted: old.Preempted,
		Ledger:    rollout.Ledger{Cordoned: old.Ledger.Cordoned},
		Pacing: rollout.Pacing{
			LastUpgradeDuration: old.Pacing.LastUpgradeDuration,
			NotBefore:           old.Pacing.NotBefore,
			Throttled:           old.Pacing.Throttled,
			Deferred:            old.Pacing.Deferred,
			ReadsDeferred:       old.Pacing.ReadsDeferred,
		},
		Rollback:         rollout.RollbackState{LastCompletedRevision: old.Rollback.LastCompletedRevision},
		BlueGreen:        continuedBlueGreen(old.BlueGreen),
		History:          old.History,
		RepairsSuspended: old.RepairsSuspended,
	}
	if !old.Run.Completed {
		d.State.Rollback.Baseline = inheritedBaseline(old.Rollback.Baseline, revision == old.Run.Revision)
		if old.HasActed() && !looksAnew(d, old) {
			d.State.Ledger.Exposed = old.Ledger.Exposed // else what looked exposed is how things were
		}
	}
	if old.ScaleSet.ReplacedBy != "" {
		beginOnOther(&d.State, old)
	}
	if op := d.State.Operation; op != nil && op.Rejection != nil {
		d.State.Operation = nil // it never touched anything, so there is nothing to wait for
	}
	d.UseImage(d.DeclaredImage()) // the run asks anew which version it stands for
}

// beginOnOther lets the run that begins belong to the scale set that took the place of the former one. What is remembered of the former
// one is dropped; its history stays, for people to read.
func beginOnOther(s *rollout.State, former rollout.State) {
	*s = rollout.State{
		ScaleSet: rollout.ScaleSetState{ID: former.ScaleSet.ReplacedBy},
		Run:      s.Run,
		Pacing: rollout.Pacing{
			NotBefore: s.Pacing.NotBefore, Throttled: s.Pacing.Throttled, ReadsDeferred: s.Pacing.ReadsDeferred,
		},
		Ledger:  rollout.Ledger{Cordoned: s.Ledger.Cordoned},
		History: s.History,
	}
}

// inheritedBaseline is the baseline as another run takes it over. That the target was itself what there was to go back to does not hold for
// another target.
func inheritedBaseline(b rollout.Baseline, isSameTarget bool) rollout.Baseline {
	b.IsTarget = b.IsTarget && isSameTarget
	return b
}

// looksAnew reports that the run goes back to what the model is before its own first write, since the one before wrote nothing: what
// instances have of that other target is then what was there. Where it is not known what was there before, it may still be declared, and
// then they go along.
func looksAnew(d *Draft, old rollout.State) bool {
	b := old.Rollback.Baseline
	wrote := b.Fixed || old.Operation != nil && old.Operation.WritesModel()
	return !wrote && b.Source == rollout.BaselineSnapshot && b.Invalid == "" && d.Spec.Baseline == nil
}

// staysRolledBack lets the first run stand where it stood when its status was lost: a revision that was rolled back is not rolled out
// again by itself.
func staysRolledBack(d *Draft) {
	if back := d.Obs.Cluster.RolledBack; d.State.Run.Number == 1 && back.Revision == d.State.Run.Revision {
		d.State.Rollback.Current = &rollout.Rollback{
			Kind: back.Kind, Cause: rollout.CauseRecorded, Message: "the status of that run was lost", StartedAt: d.At(), Done: true,
		}
	}
}

// EndRun writes a run that is over into the history, once. An abort may be completed to a rollback afterwards.
func EndRun(d *Draft, result rollout.RunResult, message string) {
	s := &d.State
	if len(s.History) > 0 && s.History[0].Number == s.Run.Number {
		last := &s.History[0]
		if actions := keptActions(s.Actions); len(actions) >= len(last.Actions) {
			last.Actions = actions // as many may be later ones
		}
		if result == rollout.RunRolledBack {
			last.Result, last.Message, last.EndedAt = result, message, d.At()
		}
		return
	}
	ended := rollout.PastRun{
		Number: s.Run.Number, Revision: s.Run.Revision, PreviousRevision: s.PreviousRevision(), Result: result, Message: message,
		StartedAt: s.Run.StartedAt, EndedAt: d.At(), Actions: keptActions(s.Actions),
	}
	if s.Run.Image != nil {
		ended.Image = s.Run.Image.String()
	}
	s.History = append([]rollout.PastRun{ended}, s.History...)
	s.History = s.History[:min(len(s.History), max(d.Spec.HistoryLimit, 1))]
}
