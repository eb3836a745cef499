package strategy

import (
	"fmt"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/batch"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// rollback restores the model, and then every exposed instance, to what was there before.
var rollback = Strategy{
	Read: Chain{
		update(advance.DeferReads),
		hold(gate.DeferredReads),
		hold(gate.Operation),
		releaseLost,
		owned,
		hold(gate.Model),
		sameScaleSet,
		hold(gate.Instances),
	},
	Facts: slices.Concat(Chain{
		update(advance.DropVanished),
	}, resolving),
	Gates: Chain{
		owned,
		update(advance.PruneFailures),
		resumeUnwantedRepairs,
		hold(gate.RollbackPlanOnly),
		hold(gate.Deleting),
		hold(gate.Rejected),
		hold(gate.RollbackHeld),
	},
	Next: Chain{
		restoreModel,
		update(failUnrestored),
		reimageBatch,
		restoreBatch,
	},
}

// resolving finds what there is to go back to, and judges what is in flight.
var resolving = Chain{
	update(advance.ForgetPreempted),
	update(advance.TrackUndoScope),
	resolveBaseline,
	hold(gate.NamedScript),
	update(advance.TrackLateUpdates),
	advance.SettleOperation,
	update(advance.DropVanishedPrepared),
}

// rollbackGoal is the goal of a rollback as a specification: what was there before, without steps and gates, and not zone by zone.
func rollbackGoal(spec rollout.Spec, before rollout.Snapshot) rollout.Spec {
	spec.Target = target.Of(before)
	spec.Canary = rollout.Canary{Percent: 100}
	spec.Failure = rollout.FailurePolicy{}
	if spec.Instances.Zones == rollout.ZonesOneAtATime {
		spec.Instances.Zones = rollout.ZonesSpread
	}
	return spec
}

// failUnrestored fails instances that have what was there before and do not become healthy.
func failUnrestored(d *advance.Draft) {
	advance.FailUnhealthy(d, d.RollbackInventory().Unhealthy, func(i rollout.Instance) rollout.Failure {
		reason := inventory.UnhealthyReason(d.Spec.Target, i)
		return rollout.Failure{Message: fmt.Sprintf("restored, and unhealthy for %s: %s", d.Spec.Health.Timeout, reason)}
	})
}

// restoreBatch restores the next exposed instances. When none is left, the rollback is done.
func restoreBatch(d *advance.Draft) *view.Hold {
	r := d.RollbackInventory()
	for _, i := range r.Behind {
		if d.IsSuspect(i) {
			advance.Expose(d, i.ID)
		}
	}
	if len(r.Behind)+len(r.Unhealthy)+len(r.Busy) == 0 {
		return concludeRollback(d, r)
	}
	if h := gate.Effect(d.View); h != nil {
		return h
	}
	isOutOfService := func(i rollout.Instance) bool { return view.IsOutOfService(d.View, i) }
	room := func() int { return d.Inventory().Room(d.Spec.Batch.MaxUnavailable) }
	chosen := batch.ToRestore(d.Spec, r.Behind, isOutOfService, room)
	if len(chosen) == 0 {
		advance.ClearHooks(d, rollout.BeforeInstance)
		return explainRollback(d, r)
	}
	return launch(d, rollout.UpgradeOperation, batch.Attempts(chosen))
}

// concludeRollback ends the rollback, a while after the model was restored: a list may be older than that, and then shows as restored what
// still has the target.
func concludeRollback(d *advance.Draft, r inventory.Rollback) *view.Hold {
	current := d.State.Rollback.Current
	if settled := current.ModelRestoredAt.Add(view.SettleTime); d.At().Before(settled) {
		return view.Wait(rollout.ReasonProgressing, d.Until(settled, view.SettleTime), "waiting until every list shows it")
	}
	if slices.ContainsFunc(r.Failed, func(i rollout.Instance) bool { return i.Latest == rollout.False }) {
		return view.Wait(rollout.ReasonFailed, view.RecheckHeld, "%s (%s) failed on %s: %s%s",
			view.RollbackVerb(current), current.Message, view.ListInstances(r.Failed), d.State.Ledger.Failed[0].Message,
			offered(d, "to retry, create a RolloutAction Rollback"))
	}
	if h := listed(d); h != nil {
		return h
	}
	if h := wholeList(d); h != nil {
		return h
	}
	return finishRollback(d)
}

// explainRollback says what the rollback waits for.
func explainRollback(d *advance.Draft, r inventory.Rollback) *view.Hold {
	current := d.State.Rollback.Current
	if h := listed(d); h != nil {
		d.Note(h)
		if len(r.Busy) == 0 {
			return h // what the list lacks may be unavailable, and spends the budget
		}
	}
	switch {
	case len(r.Busy) > 0:
		return view.Wait(rollout.ReasonProgressing, view.RecheckBusy, "Azure is updating %s", view.ListInstances(r.Busy))
	case len(r.Unhealthy) > 0 && len(r.Behind) == 0:
		deadline := d.State.Timers.UnhealthySince.Add(d.Spec.Health.Timeout)
		return view.Wait(rollout.ReasonProgressing, d.Until(deadline, view.RecheckBusy), "waiting until %s for %s to be healthy: %s",
			view.FormatTime(deadline), view.ListInstances(r.Unhealthy), inventory.UnhealthyReason(d.Spec.Target, r.Unhealthy[0]))
	case len(r.Failed) > 0:
		return view.Wait(rollout.ReasonFailed, view.RecheckHeld, "%s (%s): %s; maxUnavailable is exhausted, so %s cannot be restored%s",
			view.RollbackVerb(current), current.Message, d.State.Ledger.Failed[0].Message, view.ListInstances(r.Behind),
			offered(d, "after fixing them, create a RolloutAction Rollback"))
	case !slices.ContainsFunc(r.Behind, func(i rollout.Instance) bool { return i.MayBeChosen(d.Spec.Instances.Protected) }):
		return onlyProtectedLeft(r.Behind, d.Declared.Instances.Protected)
	default:
		return view.Wait(rollout.ReasonProgressing, view.RecheckBusy,
			"waiting: maxUnavailable is exhausted, so %s cannot be restored yet; unavailable%s: %s", view.ListInstances(r.Behind),
			view.OrCordoned(d.View), view.ListInstances(view.Unavailable(d.View)))
	}
}

// offered is an action to be offered in a message; "" in a deletion, when every action is rejected.
func offered(d *advance.Draft, action string) string {
	if d.Spec.Deletion != rollout.DeletionNone {
		return ""
	}
	return "; " + action
}

// finishRollback ends the run where it came from. Where its target equals the baseline, that completes the run.
func finishRollback(d *advance.Draft) *view.Hold {
	if d.State.RepairsSuspended {
		return advance.ResumeRepairs(d)
	}
	if h := advance.RestoreCapacity(d); h != nil {
		return h
	}
	advance.EndOperations(d)
	current := d.State.Rollback.Current
	if current.Cause == rollout.CauseTarget {
		advance.LeaveRollback(d)
		return advance.CompleteRun(d)
	}
	advance.FinishRollback(d, leftOut(d.View))
	if d.Spec.Deletion != rollout.DeletionNone {
		return advance.ReleaseObject(d, advance.RollbackOutcome(current))
	}
	return rolledBack(d.View)
}

// leftOut names the instances that should have been restored and that Azure leaves alone.
func leftOut(v *view.View) []string {
	if !v.IsRestoring {
		return nil
	}
	var ids []string
	for _, i := range inventory.ByID(v.RollbackInventory().Skipped) {
		ids = append(ids, i.ID)
	}
	return ids
}

// rolledBack reports a rollback that is over, and does nothing: a person has to look first.
func rolledBack(v *view.View) *view.Hold {
	current, note := v.State.Rollback.Current, ""
	if failed := v.State.Ledger.Failed; len(failed) > 0 {
		note = fmt.Sprintf("; %s did not become healthy after that", view.List(failed, func(f rollout.Failure) rollout.Ref { return f.Ref }))
	}
	if left := v.State.Ledger.Exposed; len(left) > 0 && current.Kind == rollout.FullRollback {
		note += fmt.Sprintf("; %s keeps the target, since it is stopped or protected from scale-set actions: create a RolloutAction Rollback "+
			"after that", view.ListIDs(left))
	}
	what := "the model and every exposed instance were restored"
	switch {
	case current.Cause == rollout.CauseRecorded:
		what = fmt.Sprintf("this revision was %s before; it is not rolled out again", view.RollbackVerb(current))
	case current.ModelRestoredAt.IsZero():
		what = "nothing was written, so nothing was changed"
	case current.Kind == rollout.AbortRollback:
		what = "the model was restored; upgraded instances are left for inspection"
	}
	if current.Differences != "" {
		what += ", except: " + current.Differences
	}
	return view.Wait(view.RollbackReason(current), view.RecheckCompleted,
		"%s%s (%s); to try again, change spec.target or create a RolloutAction Retry", what, note, current.Message)
}

// releaseLost lets go of an object whose scale set is gone. Two answers have to say so, at least a minute apart and with none in between
// that the scale set is there.
func releaseLost(d *advance.Draft) *view.Hold {
	if d.Spec.Deletion == rollout.DeletionNone || d.Obs.Model.State != rollout.ReadFailed || d.Obs.Model.Problem.Kind != rollout.KindNotFound {
		return nil
	}
	p := d.Obs.Model.Problem
	if again := advance.NoteNotFound(d).Since.Add(secondLook); d.At().Before(again) {
		return view.Wait(rollout.ReasonScaleSetNotFound, d.Until(again, view.RecheckMissing),
			"reading the scale set: %s; if it is not found at %s either, the object is deleted without a rollback",
			p.Error(), view.FormatTime(again)).WithUntil(again)
	}
	return advance.ReleaseWithoutRollback(d, "scale set "+d.Spec.ScaleSet.String()+" is gone: "+p.Error())
}

// resolveBaseline reads what to go back to, and from then on the round works towards that. Where it is not known what to go back to, the
// rollout holds; a declared spec.baseline resolves that.
func resolveBaseline(d *advance.Draft) *view.Hold {
	if h := settleFormerWrite(d); h != nil {
		return h
	}
	current := d.State.Rollback.Current
	if view.IsUntouched(d.View) {
		advance.ForgetRevision(d) // nothing is restored
		return finishRollback(d)
	}
	if current.Revision == "" {
		return seekBaseline(d)
	}
	if h := view.Revision(d.View, current.Revision); h != nil {
		return h
	}
	stored := d.Obs.Cluster.Revisions[current.Revision]
	if stored.State == rollout.ReadFailed {
		return baselineLost(d, fmt.Sprintf("the stored baseline %s is gone", current.Revision), true)
	}
	if h := completeRevision(d, stored.Value); h != nil {
		return h
	}
	d.UseSpec(rollbackGoal(d.Spec, stored.Value), true)
	return sameSettings(d, stored.Value.Script)
}

// settleFormerWrite judges a write of the model that was begun before the rollback.
func settleFormerWrite(d *advance.Draft) *view.Hold {
	op := d.State.Operation
	if op == nil || !op.WritesModel() || !d.IsOfAnotherTarget(op) {
		return nil
	}
	return advance.SettleModelWrite(d, op)
}

// sameSettings makes sure that the Secret is unchanged where it has to be written again.
func sameSettings(d *advance.Draft, script *rollout.ScriptSnapshot) *view.Hold {
	settings := d.Obs.Cluster.Settings
	if script == nil || script.ProtectedSettings == "" || settings.State != rollout.Read || settings.Value.Digest == script.Digest {
		return nil
	}
	return baselineLost(d, view.SecretChanged(script.ProtectedSettings), false)
}

// completeRevision adds to an older revision what it does not declare and the run does: what was there before the run. Without that, the
// older revision would be written beside what is to be undone.
func completeRevision(d *advance.Draft, s rollout.Snapshot) *view.Hold {
	missing := target.Missing(s, d.Declared.Target)
	if missing == "" {
		return nil
	}
	before := d.State.BeforeRun()
	if before == "" {
		return baselineUnavailable(d, "the revision does not have "+missing)
	}
	if h := view.Revision(d.View, before); h != nil {
		return h
	}
	whole := target.Complete(s, d.Obs.Cluster.Revisions[before].Value)
	if missing = target.Missing(whole, d.Declared.Target); missing != "" {
		return baselineUnavailable(d, "neither the revision nor the baseline of the run has "+missing)
	}
	if isClosed(d) {
		return advance.ReleaseWithoutRollback(d, "the namespace is being deleted, so the baseline cannot be stored")
	}
	advance.CompleteRevision(d, whole)
	return view.Wait(rollout.ReasonProgressing, view.RecheckSoon, "storing the baseline")
}

// seekBaseline looks whether there is a baseline after all: it may have been declared meanwhile.
func seekBaseline(d *advance.Draft) *view.Hold {
	b := d.State.Rollback.Baseline
	switch {
	case view.IsComplete(d.View, b):
		advance.RestoreBaseline(d)
		return view.Wait(rollout.ReasonProgressing, view.RecheckSoon, "the baseline is complete again")
	case d.Spec.Baseline == nil && view.IsWithoutSecret(b):
		return awaitSecret(d, b.Unavailable)
	case d.Spec.Baseline == nil:
		return baselineUnavailable(d, b.UnavailableReason())
	}
	if p := d.Obs.Cluster.BaselineSettings.Problem; p != nil {
		return withoutSettings(d, view.Unreadable("the protected settings of the baseline", p))
	}
	if isClosed(d) {
		return advance.ReleaseWithoutRollback(d,
			b.UnavailableReason()+"; the namespace is being deleted, so spec.baseline cannot be stored")
	}
	declared := advance.DeclaredBaseline(d.View)
	if missing := target.Missing(declared, d.Spec.Target); missing != "" {
		return baselineUnavailable(d, "spec.baseline does not have "+missing)
	}
	if target.Meets(declared, d.Spec.Target) {
		return baselineUnavailable(d, "spec.baseline is the target itself")
	}
	advance.AdoptDeclaredBaseline(d, declared)
	return view.Wait(rollout.ReasonProgressing, view.RecheckSoon, "storing what spec.baseline declares")
}
