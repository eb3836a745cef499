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
		if no == "" && a.Verb == VerbSkipInstance && r.memory.Rollback.Current == nil && !r.memory.Run.Completed &&
			r.obs.Instances.State != Read {
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
	is := func(t AppliedAction) bool { return t.UID == uid }
	return slices.ContainsFunc(r.memory.Actions, is) ||
		slices.ContainsFunc(r.memory.History, func(e PastRun) bool { return slices.ContainsFunc(e.Actions, is) })
}

// objection says why no action at all would be taken now, "" for no reason.
func (r *round) objection(a Action) string {
	switch m := r.memory; {
	case a.Run != m.Run.Number:
		return fmt.Sprintf("it is for run %d, but the rollout is at run %d", a.Run, m.Run.Number)
	case r.spec.PlanOnly:
		return "the rollout only plans (spec.mode is Plan)"
	case r.spec.Deletion != DeletionNone:
		return "the rollout is being deleted"
	case len(m.Actions) >= mostTaken:
		return fmt.Sprintf("run %d has taken %d actions, which is the most one run takes", m.Run.Number, mostTaken)
	}
	return r.objectToOther(a)
}

// take lets the action take effect, or says why it does not.
func (r *round) take(a Action) string {
	taken := AppliedAction{
		UID:               a.UID,
		Verb:              a.Verb,
		Step:              a.Step,
		Instance:          a.Instance,
		RequestedBy:       a.RequestedBy,
		RequesterVerified: a.RequesterVerified,
		At:                r.at,
	}
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
		r.memory.Actions = append(r.memory.Actions, taken)
	}
	return no
}

// atGate says why the step's gate cannot be opened now. A step is named, so that asking twice never opens the next gate; and its share
// has to be reached, so that nobody opens it before there is anything to see.
func (r *round) atGate(step string) string {
	switch m := r.memory; {
	case len(r.spec.Canary.Steps) == 0:
		return "the rollout has no steps"
	case m.Rollback.Current != nil:
		return "the run is going back"
	case m.Run.Completed:
		return "the run is completed"
	case r.spec.step(m).Name != step:
		return fmt.Sprintf("step %q is not the one that the rollout is at; it is at %q", step, r.spec.step(m).Name)
	case m.Stage.Timer == Timer{}:
		return fmt.Sprintf(
			"step %q is not waiting: its share is not reached, or not well, or the rollout was paused or outside its windows "+
				"since",
			step,
		)
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
	r.memory.Stage.Promoted = a.Step
	return ""
}

func (r *round) promoteFull(Action) string {
	switch m := &r.memory; {
	case m.Rollback.Current != nil:
		return "the run is going back"
	case m.Run.Completed:
		return "the run is completed"
	case r.hasPassedAll() && r.spec.wholly(*m):
		return "no gate is left in this run that it could open"
	case r.hasPassedAll():
		return "no gate is left in this run that it could open; raise the share in spec.strategy.canary to go on"
	default:
		m.Stage.PromoteAll = true
		return ""
	}
}

// hasPassedAll says whether the rollout is at its last share, and nothing has to pass there any more.
func (r *round) hasPassedAll() bool {
	step := r.spec.step(r.memory)
	asks := len(r.spec.checks(CheckStep, false))+len(r.spec.hooks(AfterStep)) > 0 ||
		(step.Approval != nil && !r.memory.isApproved(step.Name))
	return r.spec.isLast(r.memory) && !asks && r.memory.Stage.Timer.Passed(r.at) >= step.Soak+r.spec.Canary.Bake
}

func (r *round) abort(a Action) string {
	switch m := r.memory; {
	case m.Rollback.Current != nil:
		return fmt.Sprintf("the run is %s already", m.Rollback.Current.doing())
	case m.Run.Completed:
		return "the run is completed; create a RolloutAction Rollback with toRevision to go back to an older revision"
	}
	r.goBack(AbortRollback, CauseAction, "a RolloutAction asked for it", a.RequestedBy)
	return ""
}

func (r *round) rollback(a Action) string {
	m := r.memory
	switch {
	case a.Revision != "":
		return r.undo(a)
	case m.Run.Completed:
		return "the run is completed; name toRevision to go back to an older revision"
	case m.isRollingBack():
		return fmt.Sprintf("the run is %s already", m.Rollback.Current.doing())
	}
	if m.IsRolledBack() {
		r.memory.Rollback.Baseline.Fixed, r.memory.Rollback.Baseline.Invalid, r.memory.Rollback.Baseline.Unavailable = true, "", ""
	}
	r.goBack(FullRollback, CauseAction, "a RolloutAction asked for it", a.RequestedBy)
	return ""
}

// isRollingBack says whether asking for a rollback would change nothing: a person asked for it and nothing of it failed, or it is done and
// nobody was left out.
func (m State) isRollingBack() bool {
	back := m.Rollback.Current
	if back == nil || back.Kind != FullRollback {
		return false
	}
	if back.Done {
		return len(m.Ledger.Exposed) == 0
	}
	return back.explicit() && len(m.Ledger.Failed) == 0
}

// undo goes back to an older revision, with every machine.
func (r *round) undo(a Action) string {
	if a.Revision == r.memory.Run.Revision && r.memory.Run.Completed {
		return fmt.Sprintf("revision %s is what every machine has already", a.Revision)
	}
	record := r.obs.Cluster.Revisions[a.Revision]
	if record.State != Read {
		return fmt.Sprintf(
			"no record of revision %s is kept; status.history names those that completed, and spec.revisionHistoryLimit says "+
				"how many are kept",
			a.Revision,
		)
	}
	if b := r.memory.Rollback.Baseline; a.Revision == b.Revision && b.Invalid != "" && !r.memory.hasCompleted(a.Revision) {
		return fmt.Sprintf("revision %s is no way back: %s", a.Revision, b.Invalid)
	}
	if script := record.Value.Script; script != nil && r.isKnownOther(script) {
		return fmt.Sprintf("revision %s is no way back: %s", a.Revision, notAsItWas(script.ProtectedSettings))
	}
	r.goBack(FullRollback, CauseAction, "a RolloutAction asked for revision "+a.Revision, a.RequestedBy)
	r.memory.Rollback.Current.Revision, r.memory.Rollback.Current.AllInstances, r.memory.Ledger.Failed = a.Revision, true, nil
	return ""
}

// isKnownOther says whether the Secret that the script needs was read as the target's or the baseline's, and is not what it was.
func (r *round) isKnownOther(script *ScriptSnapshot) bool {
	isOther := func(secret string, read Result[ProtectedSettings]) bool {
		return secret == script.ProtectedSettings && read.State == Read && read.Value.Digest != script.Digest
	}
	if script.ProtectedSettings == "" {
		return false
	}
	target := r.declared.Target.Script
	return target != nil && isOther(target.ProtectedSettings, r.obs.Cluster.Settings) ||
		isOther(r.memory.Rollback.Baseline.SecretName, r.obs.Cluster.BaselineSettings)
}

// hasCompleted says whether the history names the revision as one that every machine had.
func (m State) hasCompleted(revision string) bool {
	return revision == m.Rollback.LastCompletedRevision ||
		slices.ContainsFunc(m.History, func(e PastRun) bool { return e.Result == RunPromoted && e.Revision == revision })
}

// explicit says whether a person asked for the way back.
func (b *Rollback) explicit() bool { return b.Cause == CauseAction }

func (r *round) skip(a Action) string {
	switch m := &r.memory; {
	case m.Rollback.Current != nil:
		return "the run is going back; every machine that was touched goes along"
	case m.Run.Completed:
		return "the run is completed"
	case m.names(Ref{ID: a.Instance}):
		return fmt.Sprintf("instance %s is being worked on; try again when it is verified or has failed", a.Instance)
	case !slices.ContainsFunc(r.obs.Instances.Value, func(i Instance) bool { return i.ID == a.Instance }):
		return fmt.Sprintf("there is no instance %q; az vmss list-instances shows those that there are", a.Instance)
	case len(m.Ledger.Skipped) >= mostSkipped:
		return fmt.Sprintf("%d instances are skipped, which is the most one run takes", mostSkipped)
	default:
		m.Ledger.Skipped = append(m.Ledger.Skipped, Ref{ID: a.Instance})
		m.Ledger.Failed = slices.DeleteFunc(m.Ledger.Failed, func(f Failure) bool { return f.Ref.ID == a.Instance })
		return ""
	}
}

// mostSkipped bounds the ledger of machines that people took out of a run.
const mostSkipped = 100

// isSkipped says whether a person took the machine out of the run.
func (m State) isSkipped(i Instance) bool {
	return slices.ContainsFunc(m.Ledger.Skipped, func(ref Ref) bool { return ref.Is(i) })
}

// retryRun begins the same target anew, from the first step.
func (r *round) retryRun(taken AppliedAction) string {
	m := r.memory
	switch {
	case m.ScaleSet.ReplacedBy != "":
		// It begins anew, on the scale set that took the place of the former one.
	case m.Run.Completed:
		return "the run is completed; change spec.target.revisionTag to run the same content again"
	case m.IsRollingBack() && m.Rollback.Current.Revision != "" && len(m.Ledger.Failed) == 0:
		return fmt.Sprintf("the run is %s; retry when that is done", m.Rollback.Current.doing())
	case m.Rollback.Current == nil && len(m.Ledger.Failed) == 0 && !r.isDoomed():
		return "nothing failed, so there is nothing to try again"
	}
	r.memory.Actions = append(r.memory.Actions, taken)
	r.end(RunFailed, "tried again")
	r.beginRun(m.Run.Revision)
	if m.ScaleSet.ReplacedBy == "" {
		r.takeUp(m)
	}
	return ""
}

// takeUp takes over from the run that is tried again what still holds for the same target.
func (r *round) takeUp(old State) {
	if old.Rollback.Current == nil || old.Rollback.Current.Revision == "" { // else what failed did so on the way back
		for _, f := range old.Ledger.Failed {
			r.memory.Ledger.Failed = append(r.memory.Ledger.Failed, f.again())
		}
	}
	if old.Rollback.Current != nil {
		if old.Rollback.Current.Revision == "" {
			r.memory.Ledger.Verified = old.Ledger.Verified // nothing was written back, so they have the target
		}
		return
	}
	r.memory.Model.ScriptWritten, r.memory.Model.SettingsDigest, r.memory.Ledger.Verified = old.Model.ScriptWritten, old.Model.SettingsDigest, old.Ledger.Verified
	if op := r.memory.Operation; op != nil {
		op.Run = r.memory.Run.Number // it is still to be judged
	}
}
