package rollout

// startRun begins a new run when the target is not the one the last run was for. What is in flight stays in flight: the new target
// waits for it, and it is judged by nobody.
func startRun(r *round) (verdict, bool) {
	revision := r.spec.Target.Revision()
	if r.memory.Run > 0 && r.memory.Revision == revision {
		return undecided()
	}
	if r.memory.Run > 0 {
		ending := EndingSuperseded
		if len(r.memory.Failed) > 0 {
			ending = EndingFailed
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
	r.memory = Memory{
		Run:              old.Run + 1,
		Set:              old.Set,
		Revision:         revision,
		Started:          r.at,
		Operation:        old.Operation,
		Former:           old.Former,
		FormerSince:      old.FormerSince,
		FormerBegun:      old.FormerBegun,
		FormerID:         old.FormerID,
		Pace:             old.Pace,
		NotBefore:        old.NotBefore,
		Throttled:        old.Throttled,
		PutOff:           old.PutOff,
		Unread:           old.Unread,
		Stable:           old.Stable,
		RepairsSuspended: old.RepairsSuspended,
		Ended:            old.Ended,
		Drained:          old.Drained,
	}
	if !old.Completed {
		r.memory.Baseline = old.Baseline.forRevision(revision == old.Revision)
	}
	if !old.Completed && old.hasActed() && !r.looksAnew(old) {
		r.memory.Exposed = old.Exposed // else what looked exposed is how things were
	}
	if old.OtherSet != "" {
		r.memory.beginOnOther(old)
	}
	if op := r.memory.Operation; op != nil && op.Refused != nil {
		// It never touched anything, so there is nothing to wait for.
		r.memory.Operation = nil
	}
	r.recount()
}

// looksAnew says whether the run goes back to what the model is before its own first write, since the one before wrote nothing: what
// machines have of that other target is then what was there. Where nobody knew what was there before, it may still be declared, and then
// they go along.
func (r *round) looksAnew(old Memory) bool {
	wrote := old.Baseline.Fixed || old.Operation != nil && !old.Operation.touches()
	return !wrote && old.Baseline.Source == BaselineSnapshot && old.Baseline.Why == "" && r.spec.Baseline == nil
}

// HasWorked says whether any run wrote the model or touched a machine, or may have, or has something to take back.
func (m Memory) HasWorked() bool {
	return m.hasActed() || len(m.Exposed) > 0 || len(m.Ended) > 0 || m.Stable != "" || m.RepairsSuspended || len(m.Drained) > 0
}

// hasActed says whether the run wrote the model or touched a machine, or may have.
func (m Memory) hasActed() bool {
	return m.Baseline.Fixed || !m.Baseline.Since.IsZero() || !m.LastBatchEnd.IsZero() || m.Fruitless > 0 || m.Operation != nil ||
		(m.Return != nil && !m.Return.RestoredAt.IsZero())
}

// end writes a run that is over into the history, once.
func (r *round) end(ending Ending, why string) {
	m := &r.memory
	if len(m.Ended) > 0 && m.Ended[0].Run == m.Run {
		if taken := m.lastTaken(); len(taken) > len(m.Ended[0].Taken) {
			m.Ended[0].Taken = taken
		}
		if ending != EndingRolledBack {
			return
		}
		m.Ended[0].Outcome, m.Ended[0].Why, m.Ended[0].Stopped = ending, why, r.at // an abort that was completed to a rollback
		return
	}
	ended := Ended{
		Run: m.Run, Revision: m.Revision, Before: m.before(), Outcome: ending, Why: why, Started: m.Started, Stopped: r.at, Taken: m.lastTaken(),
	}
	m.Ended = append([]Ended{ended}, m.Ended...)
	if most := max(r.spec.History, 1); len(m.Ended) > most {
		m.Ended = m.Ended[:most]
	}
}

// before names the record of what was there before the run, if that can be gone back to: the very first release has no other one.
func (m Memory) before() string {
	if !m.Baseline.rollbackable() {
		return ""
	}
	return m.Baseline.Name
}

// lastTaken is what is kept of a run's actions.
func (m Memory) lastTaken() []Taken {
	return m.Taken[max(0, len(m.Taken)-mostTakenKept):]
}

// keep names the records that are still needed: what the run may go back to, and the revisions that history names.
func (m Memory) keep() []string {
	names := []string{m.Baseline.Name, m.Stable}
	if m.Return != nil {
		names = append(names, m.Return.Record)
	}
	for _, e := range m.Ended {
		if e.Outcome == EndingPromoted {
			names = append(names, e.Revision, e.Before)
		}
	}
	return names
}
