package rollout

import "fmt"

// isReplaced reports that the scale set of this name is not the one that the rollout belongs to: that one was deleted, and another one was
// created under its name. What the rollout remembers of instances, and of what to go back to, says nothing of the other one.
func (r *round) isReplaced() bool {
	if r.obs.Model.State != Read || r.obs.Model.Value.UniqueID == "" {
		return r.memory.ScaleSet.ReplacedBy != ""
	}
	return r.memory.ScaleSet.ID != "" && r.memory.ScaleSet.ID != r.obs.Model.Value.UniqueID
}

// requireSameSet decides nothing on another scale set than the one that the rollout belongs to, until the rollout is told to begin anew: by
// a Retry, or by a new target after this was said. A rollout that did nothing yet belongs to none.
func requireSameSet(r *round) (verdict, bool) {
	m, shown := &r.memory, r.obs.Model.Value.UniqueID
	switch {
	case shown == "" && m.ScaleSet.ReplacedBy == "":
		return undecided()
	case !r.isReplaced() || !m.HasWorked():
		m.ScaleSet.ID, m.ScaleSet.ReplacedBy = shown, ""
		return undecided()
	}
	if shown != "" {
		m.ScaleSet.ReplacedBy = shown
	}
	m.hangUp(BeforeInstance)
	r.blocked = true
	if r.spec.Deletion != DeletionNone {
		v := r.release("")
		if r.released {
			v = wait(ReasonScaleSetReplaced, recheckMissing,
				"deleted: the scale set was deleted and created again since; the other one stays as it is")
		}
		return v, true
	}
	return wait(ReasonScaleSetReplaced, recheckHeld,
		"the scale set was deleted and created again under its name, so it is another one (%s, before %s); nothing is written to it; to roll "+
			"the target out to it, create a RolloutAction Retry, or change spec.target",
		m.ScaleSet.ReplacedBy, m.ScaleSet.ID), true
}

// beginOnOther has the run that begins belong to the scale set that took the place of the former one. What is remembered of the former one
// is dropped; its history stays, for people to read.
func (m *State) beginOnOther(former State) {
	*m = State{
		Run:      Run{Number: m.Run.Number, Revision: m.Run.Revision, StartedAt: m.Run.StartedAt},
		ScaleSet: ScaleSetState{ID: former.ScaleSet.ReplacedBy},
		Pacing:   Pacing{NotBefore: m.Pacing.NotBefore, Throttled: m.Pacing.Throttled, ReadsDeferred: m.Pacing.ReadsDeferred},
		History:  m.History,
		Ledger:   Ledger{Cordoned: m.Ledger.Cordoned},
	}
}

// objectToOther returns why the action does nothing to a scale set that was created again, "" where it may.
func (r *round) objectToOther(a Action) string {
	if !r.isReplaced() || a.Verb == VerbRetry {
		return ""
	}
	return fmt.Sprintf("the scale set was created again since, and %s is about the former one; create a RolloutAction Retry to begin anew",
		a.Verb)
}
