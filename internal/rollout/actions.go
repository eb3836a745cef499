package rollout

import (
	"fmt"
	"slices"
)

// mostTaken bounds how many actions one run takes: a person does not act more often, and a status has to hold them.
const mostTaken = 32

// mostTakenKept bounds how many of them are kept of a run that is over.
const mostTakenKept = 8

// takeActions decides every action that is not answered yet. What is accepted is remembered with its UID in the very write that makes
// it take effect, so it acts once, whatever becomes of the object that asked for it.
func takeActions(r *round) (verdict, bool) {
	for _, a := range r.obs.Actions {
		if r.hasTaken(a.UID) {
			r.answer(a, "")
			continue
		}
		no := r.objection(a)
		if no == "" && a.Verb == VerbSkipInstance && r.memory.Return == nil && !r.memory.Completed && r.obs.Instances.State != Read {
			if holder := r.holder(); holder != "" {
				r.answer(a, "the scale set is claimed by the older VMSSRollout "+holder+", so this one is not looking at it")
			}
			continue // whether there is such a machine is seen in a later round
		}
		if no == "" {
			no = r.take(a)
		}
		r.answer(a, no)
	}
	return undecided()
}

// answer notes the answer; an objection rejects.
func (r *round) answer(a Action, objection string) {
	said := Answer{UID: a.UID, Accepted: objection == "", Message: objection}
	if said.Accepted {
		said.Message = fmt.Sprintf("%s took effect in run %d", a.Verb, a.Run)
	}
	r.answers = append(r.answers, said)
}

// hasTaken says whether the action took effect before.
func (r *round) hasTaken(uid string) bool {
	is := func(t Taken) bool { return t.UID == uid }
	return slices.ContainsFunc(r.memory.Taken, is) ||
		slices.ContainsFunc(r.memory.Ended, func(e Ended) bool { return slices.ContainsFunc(e.Taken, is) })
}

// objection says why no action at all would be taken now, "" for no reason.
func (r *round) objection(a Action) string {
	switch m := r.memory; {
	case a.Run != m.Run:
		return fmt.Sprintf("it is for run %d, but the rollout is at run %d", a.Run, m.Run)
	case r.spec.PlanOnly:
		return "the rollout only plans (spec.mode is Plan)"
	case r.spec.Deleting != DeletionNone:
		return "the rollout is being deleted"
	case len(m.Taken) >= mostTaken:
		return fmt.Sprintf("run %d has taken %d actions, which is the most one run takes", m.Run, mostTaken)
	}
	return r.objectToOther(a)
}

// take lets the action take effect, or says why it does not.
func (r *round) take(a Action) string {
	taken := Taken{UID: a.UID, Verb: a.Verb, Step: a.Step, Instance: a.Instance, By: a.By, Verified: a.Verified, At: r.at}
	if a.Verb == VerbRetry {
		return r.retryRun(taken)
	}
	verbs := map[Verb]func(Action) string{
		VerbApprove: r.approve, VerbPromote: r.promote, VerbPromoteFull: r.promoteFull,
		VerbAbort: r.abort, VerbRollback: r.rollback, VerbSkipInstance: r.skip,
	}
	verb, known := verbs[a.Verb]
	if !known {
		return fmt.Sprintf("%q is not a known action", a.Verb)
	}
	no := verb(a)
	if no == "" {
		r.memory.Taken = append(r.memory.Taken, taken)
	}
	return no
}

// atGate says why the step's gate cannot be opened now. A step is named, so that asking twice never opens the next gate; and its share
// has to be reached, so that nobody opens it before there is anything to see.
func (r *round) atGate(step string) string {
	switch m := r.memory; {
	case len(r.spec.Steps) == 0:
		return "the rollout has no steps"
	case m.Return != nil:
		return "the run is going back"
	case m.Completed:
		return "the run is completed"
	case r.spec.step(m).Name != step:
		return fmt.Sprintf("step %q is not the one that the rollout is at; it is at %q", step, r.spec.step(m).Name)
	case m.Gate == Gate{}:
		return fmt.Sprintf("step %q is not waiting: its share is not reached, or not well, or the rollout was paused or outside its windows "+
			"since", step)
	}
	return ""
}

func (r *round) approve(a Action) string {
	if no := r.atGate(a.Step); no != "" {
		return no
	}
	if r.spec.step(r.memory).Approval == nil {
		return fmt.Sprintf("step %q asks for no approval", a.Step)
	}
	if r.memory.isApproved(a.Step) {
		return fmt.Sprintf("step %q is approved already", a.Step)
	}
	r.openApproval()
	return ""
}

func (r *round) promote(a Action) string {
	if no := r.atGate(a.Step); no != "" {
		return no
	}
	r.memory.Promoted = a.Step
	return ""
}

func (r *round) promoteFull(Action) string {
	switch m := &r.memory; {
	case m.Return != nil:
		return "the run is going back"
	case m.Completed:
		return "the run is completed"
	case r.hasPassedAll() && r.spec.wholly(*m):
		return "no gate is left in this run that it could open"
	case r.hasPassedAll():
		return "no gate is left in this run that it could open; raise the share in spec.strategy.canary to go on"
	default:
		m.PromoteFull = true
		return ""
	}
}

// hasPassedAll says whether the rollout is at its last share, and nothing has to pass there any more.
func (r *round) hasPassedAll() bool {
	step := r.spec.step(r.memory)
	asks := len(r.spec.checks(CheckStep, false))+len(r.spec.hooks(AfterStep)) > 0 || (step.Approval != nil && !r.memory.isApproved(step.Name))
	return r.spec.isLast(r.memory) && !asks && r.memory.Gate.passed(r.at) >= step.Soak+r.spec.Bake
}

func (r *round) abort(a Action) string {
	switch m := r.memory; {
	case m.Return != nil:
		return fmt.Sprintf("the run is %s already", m.Return.doing())
	case m.Completed:
		return "the run is completed; create a RolloutAction Rollback with toRevision to go back to an older revision"
	}
	r.goBack(ReturnAbort, CauseAction, "a RolloutAction asked for it", a.By)
	return ""
}

func (r *round) rollback(a Action) string {
	m := r.memory
	switch {
	case a.Revision != "":
		return r.undo(a)
	case m.Completed:
		return "the run is completed; name toRevision to go back to an older revision"
	case m.isRollingBack():
		return fmt.Sprintf("the run is %s already", m.Return.doing())
	}
	if m.isBack() {
		r.memory.Baseline.Fixed, r.memory.Baseline.Why, r.memory.Baseline.Lost = true, "", ""
	}
	r.goBack(ReturnRollback, CauseAction, "a RolloutAction asked for it", a.By)
	return ""
}

// isRollingBack says whether asking for a rollback would change nothing: a person asked for it and nothing of it failed, or it is done and
// nobody was left out.
func (m Memory) isRollingBack() bool {
	back := m.Return
	if back == nil || back.Kind != ReturnRollback {
		return false
	}
	if back.Done {
		return len(m.Exposed) == 0
	}
	return back.explicit() && len(m.Failed) == 0
}

// undo goes back to an older revision, with every machine.
func (r *round) undo(a Action) string {
	if a.Revision == r.memory.Revision && r.memory.Completed {
		return fmt.Sprintf("revision %s is what every machine has already", a.Revision)
	}
	record := r.obs.Records[a.Revision]
	if record.State != Read {
		return fmt.Sprintf("no record of revision %s is kept; status.history names those that completed, and spec.revisionHistoryLimit says "+
			"how many are kept", a.Revision)
	}
	if b := r.memory.Baseline; a.Revision == b.Name && b.Why != "" && !r.memory.hasCompleted(a.Revision) {
		return fmt.Sprintf("revision %s is no way back: %s", a.Revision, b.Why)
	}
	if script := record.Value.Script; script != nil && r.isKnownOther(script) {
		return fmt.Sprintf("revision %s is no way back: %s", a.Revision, notAsItWas(script.ProtectedSettings))
	}
	r.goBack(ReturnRollback, CauseAction, "a RolloutAction asked for revision "+a.Revision, a.By)
	r.memory.Return.Record, r.memory.Return.All, r.memory.Failed = a.Revision, true, nil
	return ""
}

// isKnownOther says whether the Secret that the script needs was read as the target's or the baseline's, and is not what it was.
func (r *round) isKnownOther(script *ScriptSnapshot) bool {
	isOther := func(secret string, read Reading[ProtectedSettings]) bool {
		return secret == script.ProtectedSettings && read.State == Read && read.Value.Digest != script.Digest
	}
	if script.ProtectedSettings == "" {
		return false
	}
	target := r.declared.Target.Script
	return target != nil && isOther(target.ProtectedSettings, r.obs.Settings) || isOther(r.memory.Baseline.Secret, r.obs.BackSettings)
}

// hasCompleted says whether the history names the revision as one that every machine had.
func (m Memory) hasCompleted(revision string) bool {
	return revision == m.Stable ||
		slices.ContainsFunc(m.Ended, func(e Ended) bool { return e.Outcome == EndingPromoted && e.Revision == revision })
}

// explicit says whether a person asked for the way back.
func (b *Return) explicit() bool { return b.Cause == CauseAction }

func (r *round) skip(a Action) string {
	switch m := &r.memory; {
	case m.Return != nil:
		return "the run is going back; every machine that was touched goes along"
	case m.Completed:
		return "the run is completed"
	case m.names(Ref{ID: a.Instance}):
		return fmt.Sprintf("instance %s is being worked on; try again when it is verified or has failed", a.Instance)
	case !slices.ContainsFunc(r.obs.Instances.Value, func(i Instance) bool { return i.ID == a.Instance }):
		return fmt.Sprintf("there is no instance %q; az vmss list-instances shows those that there are", a.Instance)
	case len(m.Skipped) >= mostSkipped:
		return fmt.Sprintf("%d instances are skipped, which is the most one run takes", mostSkipped)
	default:
		m.Skipped = append(m.Skipped, Ref{ID: a.Instance})
		m.Failed = slices.DeleteFunc(m.Failed, func(f Failure) bool { return f.Ref.ID == a.Instance })
		return ""
	}
}

// mostSkipped bounds the ledger of machines that people took out of a run.
const mostSkipped = 100

// isSkipped says whether a person took the machine out of the run.
func (m Memory) isSkipped(i Instance) bool {
	return slices.ContainsFunc(m.Skipped, func(ref Ref) bool { return ref.is(i) })
}

// retryRun begins the same target anew, from the first step.
func (r *round) retryRun(taken Taken) string {
	m := r.memory
	switch {
	case m.OtherSet != "":
		// It begins anew, on the scale set that took the place of the former one.
	case m.Completed:
		return "the run is completed; change spec.target.revisionTag to run the same content again"
	case m.isGoingBack() && m.Return.Record != "" && len(m.Failed) == 0:
		return fmt.Sprintf("the run is %s; retry when that is done", m.Return.doing())
	case m.Return == nil && len(m.Failed) == 0 && !r.isDoomed():
		return "nothing failed, so there is nothing to try again"
	}
	r.memory.Taken = append(r.memory.Taken, taken)
	r.end(EndingFailed, "tried again")
	r.beginRun(m.Revision)
	if m.OtherSet == "" {
		r.takeUp(m)
	}
	return ""
}

// takeUp takes over from the run that is tried again what still holds for the same target.
func (r *round) takeUp(old Memory) {
	if old.Return == nil || old.Return.Record == "" { // else what failed did so on the way back
		for _, f := range old.Failed {
			r.memory.Failed = append(r.memory.Failed, f.again())
		}
	}
	if old.Return != nil {
		if old.Return.Record == "" {
			r.memory.Verified = old.Verified // nothing was written back, so they have the target
		}
		return
	}
	r.memory.ScriptWritten, r.memory.Settings, r.memory.Verified = old.ScriptWritten, old.Settings, old.Verified
	if op := r.memory.Operation; op != nil {
		op.Run = r.memory.Run // it is still to be judged
	}
}
