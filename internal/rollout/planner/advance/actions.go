package advance

import (
	"fmt"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// maxActions bounds how many actions one run takes: a person does not act more often, and a status has to hold them.
const maxActions = 32

// maxKeptActions bounds how many of them are kept of a run that is over.
const maxKeptActions = 8

// keptActions are the actions of a run that are kept.
func keptActions(actions []rollout.AppliedAction) []rollout.AppliedAction {
	return actions[max(0, len(actions)-maxKeptActions):]
}

// ApplyActions decides every action that is not answered yet. What is accepted is remembered with its UID in the very write that makes it
// take effect, so it acts once, whatever becomes of the object that asked for it.
func ApplyActions(d *Draft) {
	for _, a := range d.Obs.Actions {
		if isApplied(d.State, a.UID) {
			answer(d, a, "")
			continue
		}
		objection := generalObjection(d, a)
		if objection == "" && awaitsList(d, a) {
			if owner := view.OlderOwner(d.View); owner != "" {
				answer(d, a, "the scale set belongs to the older VMSSRollout "+owner+", so this one does not read it")
			}
			continue // whether there is such an instance is seen in a later round
		}
		if objection == "" {
			objection = apply(d, a)
		}
		answer(d, a, objection)
	}
}

// awaitsList reports that the list is needed to decide the action.
func awaitsList(d *Draft, a rollout.Action) bool {
	return a.Verb == rollout.VerbSkipInstance && d.State.Rollback.Current == nil && !d.State.Run.Completed &&
		d.Obs.Instances.State != rollout.Read
}

// answer notes the answer; an objection rejects.
func answer(d *Draft, a rollout.Action, objection string) {
	said := rollout.Answer{UID: a.UID, Accepted: objection == "", Message: objection}
	if said.Accepted {
		said.Message = fmt.Sprintf("%s took effect in run %d", a.Verb, a.Run)
	}
	d.Answers = append(d.Answers, said)
}

// isApplied reports that the action took effect before.
func isApplied(s rollout.State, uid string) bool {
	is := func(a rollout.AppliedAction) bool { return a.UID == uid }
	return slices.ContainsFunc(s.Actions, is) ||
		slices.ContainsFunc(s.History, func(r rollout.PastRun) bool { return slices.ContainsFunc(r.Actions, is) })
}

// generalObjection says why no action at all is taken now; "": no reason.
func generalObjection(d *Draft, a rollout.Action) string {
	switch s := d.State; {
	case a.Run != s.Run.Number:
		return fmt.Sprintf("it is for run %d, but the rollout is at run %d", a.Run, s.Run.Number)
	case d.Spec.PlanOnly:
		return "the rollout only plans (spec.mode is Plan)"
	case d.Spec.Deletion != rollout.DeletionNone:
		return "the rollout is being deleted"
	case len(s.Actions) >= maxActions:
		return fmt.Sprintf("run %d has taken %d actions, the maximum of a run", s.Run.Number, maxActions)
	case d.IsReplaced() && a.Verb != rollout.VerbRetry:
		return fmt.Sprintf("the scale set was created again, and %s is about the former one; to start again, create a RolloutAction Retry",
			a.Verb)
	}
	return ""
}

// apply lets the action take effect, or says why it does not.
func apply(d *Draft, a rollout.Action) string {
	applied := rollout.AppliedAction{
		UID: a.UID, Verb: a.Verb, Step: a.Step, Instance: a.Instance,
		RequestedBy: a.RequestedBy, RequesterVerified: a.RequesterVerified, At: d.At(),
	}
	if a.Verb == rollout.VerbRetry {
		return retryRun(d, applied)
	}
	verbs := map[rollout.Verb]func(*Draft, rollout.Action) string{
		rollout.VerbApprove: approve, rollout.VerbPromote: promote, rollout.VerbPromoteFull: promoteAll,
		rollout.VerbAbort: abort, rollout.VerbRollback: requestRollback, rollout.VerbSkipInstance: skipInstance,
	}
	verb, known := verbs[a.Verb]
	if !known {
		return fmt.Sprintf("%q is not a known action", a.Verb)
	}
	objection := verb(d, a)
	if objection == "" {
		d.State.Actions = append(d.State.Actions, applied)
	}
	return objection
}

// gateObjection says why the step's gate cannot be opened now. A step is named, so that a repeated action never opens the next gate; and
// its share has to be reached, so that no gate opens before there is anything to see.
func gateObjection(d *Draft, step string) string {
	switch s := d.State; {
	case len(d.Spec.Canary.Steps) == 0:
		return "the rollout has no steps"
	case s.Rollback.Current != nil:
		return "a rollback is under way"
	case s.Run.Completed:
		return "the run is completed"
	case d.Step().Name != step:
		return fmt.Sprintf("step %q is not the current step; that is %q", step, d.Step().Name)
	case s.Stage.Timer == rollout.Timer{}:
		return fmt.Sprintf("step %q is not waiting: its share is not reached or not healthy, or the rollout was paused or outside its "+
			"windows", step)
	}
	return ""
}

func approve(d *Draft, a rollout.Action) string {
	if objection := gateObjection(d, a.Step); objection != "" {
		return objection
	}
	if d.Step().Approval == nil {
		return fmt.Sprintf("step %q needs no approval", a.Step)
	}
	if d.State.Stage.IsApproved(a.Step) {
		return fmt.Sprintf("step %q is approved already", a.Step)
	}
	approveStage(d)
	return ""
}

func promote(d *Draft, a rollout.Action) string {
	if objection := gateObjection(d, a.Step); objection != "" {
		return objection
	}
	d.State.Stage.Promoted = a.Step
	return ""
}

func promoteAll(d *Draft, _ rollout.Action) string {
	switch s := &d.State; {
	case s.Rollback.Current != nil:
		return "a rollback is under way"
	case s.Run.Completed:
		return "the run is completed"
	case view.HasPassedAllGates(d.View) && d.Spec.IsWhole(*s):
		return "no gate is left in this run"
	case view.HasPassedAllGates(d.View):
		return "no gate is left in this run; to continue, raise the share in spec.strategy.canary"
	default:
		s.Stage.PromoteAll = true
		return ""
	}
}

func abort(d *Draft, a rollout.Action) string {
	switch s := d.State; {
	case s.Rollback.Current != nil:
		return fmt.Sprintf("the run is %s already", view.RollbackVerb(s.Rollback.Current))
	case s.Run.Completed:
		return "the run is completed; to restore an older revision, create a RolloutAction Rollback with toRevision"
	}
	StartRollback(d, rollout.Rollback{
		Kind: rollout.AbortRollback, Cause: rollout.CauseAction, Message: "requested by a RolloutAction", RequestedBy: a.RequestedBy,
	})
	return ""
}

func requestRollback(d *Draft, a rollout.Action) string {
	s := d.State
	switch {
	case a.Revision != "":
		return undo(d, a)
	case s.Run.Completed:
		return "the run is completed; to restore an older revision, set toRevision"
	case isRollbackUnderWay(s):
		return fmt.Sprintf("the run is %s already", view.RollbackVerb(s.Rollback.Current))
	}
	if b := &d.State.Rollback.Baseline; s.IsRolledBack() {
		b.Fixed, b.Invalid, b.Unavailable = true, "", ""
	}
	StartRollback(d, rollout.Rollback{
		Kind: rollout.FullRollback, Cause: rollout.CauseAction, Message: "requested by a RolloutAction", RequestedBy: a.RequestedBy,
	})
	return ""
}

// isRollbackUnderWay reports that a rollback would change nothing: an action asked for it and nothing of it failed, or it is done and no
// instance was left out.
func isRollbackUnderWay(s rollout.State) bool {
	current := s.Rollback.Current
	if current == nil || current.Kind != rollout.FullRollback {
		return false
	}
	if current.Done {
		return len(s.Ledger.Exposed) == 0
	}
	return current.IsExplicit() && len(s.Ledger.Failed) == 0
}

// undo goes back to an older revision, with every instance.
func undo(d *Draft, a rollout.Action) string {
	if a.Revision == d.State.Run.Revision && d.State.Run.Completed {
		return fmt.Sprintf("every instance has revision %s already", a.Revision)
	}
	stored := d.Obs.Cluster.Revisions[a.Revision]
	if stored.State != rollout.Read {
		return fmt.Sprintf("revision %s is not stored; status.history lists the completed revisions, and spec.revisionHistoryLimit is the "+
			"number kept", a.Revision)
	}
	if b := d.State.Rollback.Baseline; a.Revision == b.Revision && b.Invalid != "" && !d.State.HasCompleted(a.Revision) {
		return fmt.Sprintf("revision %s cannot be restored: %s", a.Revision, b.Invalid)
	}
	if script := stored.Value.Script; script != nil && hasOtherSecret(d, script) {
		return fmt.Sprintf("revision %s cannot be restored: %s", a.Revision, view.SecretChanged(script.ProtectedSettings))
	}
	StartRollback(d, rollout.Rollback{
		Kind: rollout.FullRollback, Cause: rollout.CauseAction, Message: "a RolloutAction requested revision " + a.Revision,
		RequestedBy: a.RequestedBy,
	})
	d.State.Rollback.Current.Revision, d.State.Rollback.Current.AllInstances = a.Revision, true
	d.State.Ledger.Failed = nil
	return ""
}

// hasOtherSecret reports that the Secret that the script needs was read as the target's or the baseline's, and is not what it was.
func hasOtherSecret(d *Draft, script *rollout.ScriptSnapshot) bool {
	isOther := func(secret string, read rollout.Result[rollout.ProtectedSettings]) bool {
		return secret == script.ProtectedSettings && read.State == rollout.Read && read.Value.Digest != script.Digest
	}
	if script.ProtectedSettings == "" {
		return false
	}
	declared, cluster := d.Declared.Target.Script, d.Obs.Cluster
	return declared != nil && isOther(declared.ProtectedSettings, cluster.Settings) ||
		isOther(d.State.Rollback.Baseline.SecretName, cluster.BaselineSettings)
}

// maxSkipped bounds how many instances are taken out of a run.
const maxSkipped = 100

func skipInstance(d *Draft, a rollout.Action) string {
	switch s := &d.State; {
	case s.Rollback.Current != nil:
		return "a rollback is under way; it restores every exposed instance"
	case s.Run.Completed:
		return "the run is completed"
	case s.IsInOperation(rollout.Ref{ID: a.Instance}):
		return fmt.Sprintf("instance %s is being upgraded; try again when it is verified or has failed", a.Instance)
	case !d.IsListed(a.Instance):
		return fmt.Sprintf("there is no instance %q; to list the instances: az vmss list-instances", a.Instance)
	case len(s.Ledger.Skipped) >= maxSkipped:
		return fmt.Sprintf("%d instances are skipped, the maximum of a run", maxSkipped)
	default:
		s.Ledger.Skipped = append(s.Ledger.Skipped, rollout.Ref{ID: a.Instance})
		s.Ledger.Failed = slices.DeleteFunc(s.Ledger.Failed, func(f rollout.Failure) bool { return f.ID == a.Instance })
		return ""
	}
}

// retryRun begins the same target again, from the first step. On another scale set that took the place of the former one it begins there.
func retryRun(d *Draft, applied rollout.AppliedAction) string {
	s := d.State
	isReplaced, current := s.ScaleSet.ReplacedBy != "", s.Rollback.Current
	switch {
	case isReplaced:
	case s.Run.Completed:
		return "the run is completed; change spec.target.revisionTag to run the same content again"
	case s.IsRollingBack() && current.Revision != "" && len(s.Ledger.Failed) == 0:
		return fmt.Sprintf("the run is %s; retry after that", view.RollbackVerb(current))
	case current == nil && len(s.Ledger.Failed) == 0 && !view.HasFailedAsWhole(d.View):
		return "nothing failed, so there is nothing to retry"
	}
	d.State.Actions = append(d.State.Actions, applied)
	EndRun(d, rollout.RunFailed, "retried")
	beginRun(d, s.Run.Revision)
	if !isReplaced {
		takeOver(d, s)
	}
	return ""
}

// takeOver takes over from the run that is tried again what still holds for the same target.
func takeOver(d *Draft, old rollout.State) {
	s, current := &d.State, old.Rollback.Current
	if current == nil || current.Revision == "" { // else what failed did so in the rollback
		for _, f := range old.Ledger.Failed {
			s.Ledger.Failed = append(s.Ledger.Failed, f.Retried())
		}
	}
	if current != nil {
		if current.Revision == "" {
			s.Ledger.Verified = old.Ledger.Verified // nothing was restored, so they have the target
		}
		return
	}
	s.Model.ScriptWritten, s.Model.SettingsDigest = old.Model.ScriptWritten, old.Model.SettingsDigest
	s.Ledger.Verified = old.Ledger.Verified
	if op := s.Operation; op != nil {
		op.Run = s.Run.Number // it is still to be judged
	}
}
