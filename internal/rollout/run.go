package rollout

// startRun begins a new run when the target is not the one the last run was for. What is in flight stays in flight: the new target
// waits for it, and it is judged by nobody.
func startRun(r *round) (verdict, bool) {
	revision := r.spec.Target.Revision()
	if r.memory.Run.Number > 0 && r.memory.Run.Revision == revision {
		return undecided()
	}
	if r.memory.Run.Number > 0 {
		ending := RunSuperseded
		if len(r.memory.Ledger.Failed) > 0 {
			ending = RunFailed
		}
		r.end(ending, "the target changed")
	}
	r.beginRun(revision)
	r.standTakenBack()
	return undecided()
}

// beginRun starts timers, failures, approvals and counts afresh. What outlives a run is what people look up, how Azure
// does, and how to go back: a run that ended on its way left machines behind that only its baseline tells what to do with.
func (r *round) beginRun(revision string) {
	old := r.memory
	r.memory = State{
		Run:       Run{Number: old.Run.Number + 1, Revision: revision, StartedAt: r.at},
		ScaleSet:  ScaleSetState{ID: old.ScaleSet.ID},
		Operation: old.Operation,
		Preempted: PreemptedOperation{
			Instances: old.Preempted.Instances,
			At:        old.Preempted.At,
			CreatedAt: old.Preempted.CreatedAt,
			ID:        old.Preempted.ID,
		},
		Pacing: Pacing{
			LastUpgradeDuration: old.Pacing.LastUpgradeDuration,
			NotBefore:           old.Pacing.NotBefore,
			Throttled:           old.Pacing.Throttled,
			Deferred:            old.Pacing.Deferred,
			ReadsDeferred:       old.Pacing.ReadsDeferred,
		},
		Rollback:         RollbackState{LastCompletedRevision: old.Rollback.LastCompletedRevision},
		RepairsSuspended: old.RepairsSuspended,
		History:          old.History,
		Ledger:           Ledger{Cordoned: old.Ledger.Cordoned},
	}
	if !old.Run.Completed {
		r.memory.Rollback.Baseline = old.Rollback.Baseline.forRevision(revision == old.Run.Revision)
	}
	if !old.Run.Completed && old.hasActed() && !r.looksAnew(old) {
		r.memory.Ledger.Exposed = old.Ledger.Exposed // else what looked exposed is how things were
	}
	if old.ScaleSet.ReplacedBy != "" {
		r.memory.beginOnOther(old)
	}
	if op := r.memory.Operation; op != nil && op.Rejection != nil {
		// It never touched anything, so there is nothing to wait for.
		r.memory.Operation = nil
	}
	r.recount()
}

// looksAnew says whether the run goes back to what the model is before its own first write, since the one before wrote nothing: what
// machines have of that other target is then what was there. Where nobody knew what was there before, it may still be declared, and then
// they go along.
func (r *round) looksAnew(old State) bool {
	wrote := old.Rollback.Baseline.Fixed || old.Operation != nil && !old.Operation.TouchesInstances()
	return !wrote && old.Rollback.Baseline.Source == BaselineSnapshot && old.Rollback.Baseline.Invalid == "" && r.spec.Baseline == nil
}

// HasWorked says whether any run wrote the model or touched a machine, or may have, or has something to take back.
func (m State) HasWorked() bool {
	return m.hasActed() || len(m.Ledger.Exposed) > 0 || len(m.History) > 0 || m.Rollback.LastCompletedRevision != "" ||
		m.RepairsSuspended ||
		len(m.Ledger.Cordoned) > 0
}

// hasActed says whether the run wrote the model or touched a machine, or may have.
func (m State) hasActed() bool {
	return m.Rollback.Baseline.Fixed || !m.Rollback.Baseline.NewestInstanceAt.IsZero() || !m.Pacing.LastBatchEnd.IsZero() ||
		m.Pacing.NoEffectCount > 0 ||
		m.Operation != nil ||
		(m.Rollback.Current != nil && !m.Rollback.Current.ModelRestoredAt.IsZero())
}

// end writes a run that is over into the history, once.
func (r *round) end(ending RunResult, why string) {
	m := &r.memory
	if len(m.History) > 0 && m.History[0].Number == m.Run.Number {
		if taken := m.lastTaken(); len(taken) > len(m.History[0].Actions) {
			m.History[0].Actions = taken
		}
		if ending != RunRolledBack {
			return
		}
		m.History[0].Result, m.History[0].Message, m.History[0].EndedAt = ending, why, r.at // an abort that was completed to a rollback
		return
	}
	ended := PastRun{
		Number: m.Run.Number, Revision: m.Run.Revision, PreviousRevision: m.before(), Result: ending, Message: why, StartedAt: m.Run.StartedAt, EndedAt: r.at, Actions: m.lastTaken(),
	}
	m.History = append([]PastRun{ended}, m.History...)
	if most := max(r.spec.HistoryLimit, 1); len(m.History) > most {
		m.History = m.History[:most]
	}
}

// before names the record of what was there before the run, if that can be gone back to: the very first release has no other one.
func (m State) before() string {
	if !m.Rollback.Baseline.IsAvailable() {
		return ""
	}
	return m.Rollback.Baseline.Revision
}

// lastTaken is what is kept of a run's actions.
func (m State) lastTaken() []AppliedAction {
	return m.Actions[max(0, len(m.Actions)-mostTakenKept):]
}

// keep names the records that are still needed: what the run may go back to, and the revisions that history names.
func (m State) keep() []string {
	names := []string{m.Rollback.Baseline.Revision, m.Rollback.LastCompletedRevision}
	if m.Rollback.Current != nil {
		names = append(names, m.Rollback.Current.Revision)
	}
	for _, e := range m.History {
		if e.Result == RunPromoted {
			names = append(names, e.Revision, e.PreviousRevision)
		}
	}
	return names
}
