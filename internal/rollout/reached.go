package rollout

import (
	"fmt"
	"slices"
)

// completed says the same in an idle round, which knows no counts.
func (m State) completed() string {
	if failed := len(m.Ledger.Failed); failed > 0 {
		return fmt.Sprintf(
			"every eligible instance but %d whose failure is tolerated has the target and was well when the run completed",
			failed,
		)
	}
	return "every eligible instance has the target and was well when the run completed"
}

// idleCompleted spends one cheap read an hour on a run that is over, as long as the scale set stays as it was.
func idleCompleted(r *round) (verdict, bool) {
	if !r.isCompleted() || r.memory.Operation != nil || !r.isAsSettled() {
		return undecided()
	}
	return wait(ReasonCompleted, recheckCompleted, "%s", r.memory.completed()), true
}

// stayCompleted keeps a completed run completed: later illness is not the release's, and instances that fall behind because
// somebody changed other parts of the model are reported, not rolled (docs/spec/v1alpha1/vmssrollouts.md, Drift).
func stayCompleted(r *round) (verdict, bool) {
	if !r.isCompleted() {
		return undecided()
	}
	if r.spec.Drift.RollOther && !r.memory.Run.CompletedAtBaseline && len(r.count().lacking()) > 0 {
		r.memory.Run.Completed = false // they come along as they would have during the run
		return undecided()
	}
	r.settle()
	return wait(ReasonCompleted, recheckCompleted, "%s", r.memory.completed()), true
}

// complete ends the run. From here on its target is what later runs go back to.
func (r *round) complete() verdict {
	m := &r.memory
	if m.RepairsSuspended {
		return r.resumeRepairs()
	}
	r.end(RunPromoted, m.completed())
	m.Run.Completed = true
	m.Rollback.Baseline, m.Ledger.Exposed, m.Ledger.Verified, m.Timers.Progress, m.Stage.Timer = Baseline{}, nil, nil, ProgressTimer{}, Timer{}
	if m.Rollback.LastCompletedRevision != m.Run.Revision {
		m.Rollback.LastCompletedRevision = m.Run.Revision
		r.store = append(r.store, StoredRevision{
			Revision: m.Run.Revision, Run: m.Run.Number, Snapshot: r.withVersions(snapshotOf(r.declared.Target, r.obs.Model.Value, m.Model.SettingsDigest)),
		})
	}
	r.settle()
	return wait(ReasonCompleted, recheckCompleted, "%s", m.completed())
}

// isCompleted says whether the run reached every eligible instance, or never had to leave.
func (r *round) isCompleted() bool {
	return r.memory.Run.Completed && (r.memory.Run.CompletedAtBaseline || r.spec.wholly(r.memory))
}

// settle remembers the scale set by which an idle round will know that nothing moved. With instances behind there is something
// to keep reporting, so nothing is remembered and the list is read each time.
func (r *round) settle() {
	r.memory.Model.CompletedETag, r.memory.Model.CompletedCapacity = r.obs.Model.Value.ETag, max(0, r.obs.Model.Value.Capacity)
	c := r.count()
	if r.missing() > 0 {
		r.memory.Model.CompletedETag = "" // what is not listed may be behind, so the list is read each time
	}
	if r.memory.Run.CompletedAtBaseline {
		return // who never left is not behind, whatever the flag says
	}
	if behind := slices.Concat(c.lacking(), c.unsure, c.behind); len(behind) > 0 {
		r.memory.Model.CompletedETag = ""
		r.facts.Drifted = otherParts(behind)
	}
}

// reached declares success: as many instances as desired have the target for certain and are well, and have been for as long as
// was asked.
func (r *round) reached() verdict {
	r.memory.Operation = nil // what was refused is not needed any more
	c := r.count()
	if r.spec.wholly(r.memory) {
		return r.complete()
	}
	overshoot := ""
	if len(c.exposed) > c.desired {
		overshoot = "; more have it than desired, which scaling, repair or a lowered percentage brings about and nothing takes back"
	}
	return wait(ReasonCanaryReached, recheckHeld, "%d of %d instances have the target and are well, %d desired%s%s",
		len(c.verified), c.n, c.desired, r.spec.step(r.memory).percentage(), overshoot)
}
