package rollout

import (
	"fmt"
	"slices"
)

// goBack turns the run round. What failed on the way out is no failure on the way back, once there is one. An upgrade that is in flight is
// left behind, since the model must not wait for it; its machines are suspect until they are listed at rest. A write of the model is short,
// and is waited for.
func (r *round) goBack(kind RollbackKind, cause RollbackCause, why, by string) {
	m := &r.memory
	back := &Rollback{Kind: kind, Cause: cause, Message: why, RequestedBy: by, StartedAt: r.at}
	if b := m.Rollback.Baseline; b.IsAvailable() {
		back.Revision = b.Revision
	}
	if op := m.Operation; op != nil && (op.TouchesInstances() || op.Rejection != nil) {
		if op.Rejection == nil {
			r.leaveBehind(op)
		}
		m.Operation = nil
	}
	m.Rollback.Current = back
	if back.Revision != "" {
		m.Ledger.Failed, m.Ledger.Verified = nil, nil
	}
	m.Stage.Timer, m.Timers.Progress = Timer{}, ProgressTimer{}
	m.Tasks.Hooks = slices.DeleteFunc(slices.Clone(m.Tasks.Hooks), func(c HookInvocation) bool { return c.Point != OnFailure })
	m.Timers.UnhealthySince, m.Pacing.LastBatchEnd, m.Pacing.ExposedThen = zeroTime, zeroTime, 0
	m.forgetFruitless()
	m.Model.Applied, m.Model.ScriptWritten, m.Run.Completed, m.Model.CompletedETag = false, false, false, ""
	r.recount()
}

// leaveBehind lets go of an operation on machines that the way back does not wait for. Should there be no way back, a Retry has to know who
// did not get the fresh disk yet.
func (r *round) leaveBehind(op *Operation) {
	m := &r.memory
	m.leave(op, r.at)
	for _, ref := range op.Instances {
		r.expose(ref.ID)
		if r.spec.Instances.Action == ActionUpgradeThenReimage && m.Rollback.Current == nil {
			// The disk of before stays: should the reimage end well after all, it is told by that.
			m.fail(
				Failure{
					Ref:     ref.Ref,
					Try:     ref.Try,
					OSDisk:  ref.OSDisk,
					Reason:  FailureReimage,
					At:      r.at,
					Message: "the run turned round before its reimage was verified",
				},
			)
		}
	}
}

// turnRound starts the way back in the middle of a round and ends the round.
func (r *round) turnRound(kind RollbackKind, cause RollbackCause, why string) verdict {
	r.goBack(kind, cause, why, "")
	return wait(ReasonProgressing, recheckSoon, "%s", why)
}

// reason is why the rollout stands where it stands while it goes back.
func (b *Rollback) reason() Reason {
	switch {
	case b.Kind == AbortRollback && b.Done:
		return ReasonAborted
	case b.Kind == AbortRollback:
		return ReasonAborting
	case b.Done:
		return ReasonRolledBack
	default:
		return ReasonRollingBack
	}
}

// doing says in words what the way back is.
func (b *Rollback) doing() string {
	words := map[RollbackKind][2]string{AbortRollback: {"aborting", "aborted"}, FullRollback: {"rolling back", "rolled back"}}[b.Kind]
	if b.Done {
		return words[1]
	}
	return words[0]
}

// colour makes the reason of work on the way back say that it is the way back.
func (b *Rollback) colour(because Explanation) Explanation {
	if b == nil || b.Done {
		return because
	}
	switch because.Reason {
	case ReasonProgressing, ReasonWaitingForHealth:
		return Explanation{Reason: b.reason(), Message: b.doing() + ": " + because.Message}
	case ReasonInvalid, ReasonAccessDenied, ReasonPreflightFailed, ReasonScaleSetNotFound, ReasonScaleSetReplaced,
		ReasonAzureUnavailable, ReasonThrottled:
		return Explanation{Reason: because.Reason, Message: b.doing() + ": " + because.Message}
	default:
		return because
	}
}

// backSpec is the specification of the way back: what was there before, without steps and gates, at its own pace.
func backSpec(spec Spec, s Snapshot) Spec {
	spec.Target = s.target()
	spec.Canary.Steps, spec.Canary.Percent, spec.Canary.Bake = nil, 100, 0
	spec.Batch = Batch{Size: spec.Batch.MaxUnavailable, MaxUnavailable: spec.Batch.MaxUnavailable}
	spec.Failure = FailurePolicy{}
	if spec.Instances.Protected == ProtectedFail {
		spec.Instances.Protected = ProtectedWait
	}
	if spec.Instances.Zones == ZonesOneAtATime {
		spec.Instances.Zones = ZonesSpread
	}
	return spec
}

// requireWayBack reads what to go back to, and from then on the round is about that. Where nobody knows what to go back to, the
// rollout holds; declaring spec.baseline mends it.
func requireWayBack(r *round) (verdict, bool) {
	back := r.memory.Rollback.Current
	if op := r.memory.Operation; op != nil && !op.TouchesInstances() && r.isForeign(op) {
		if v, waiting := settleModelWrite(r, op); waiting {
			return v, true
		}
	}
	if r.isUntouched() {
		back.Revision = "" // nothing is put back
		return r.isBackNow(), true
	}
	if back.Revision == "" {
		return r.seekWayBack()
	}
	if v, waiting := r.requireRecord(back.Revision); waiting {
		return v, true
	}
	record := r.obs.Cluster.Revisions[back.Revision]
	if record.State == ReadFailed {
		return r.loseRecord(fmt.Sprintf("the record %s of what was there before is gone", back.Revision), true), true
	}
	if v, storing := r.completeRecord(record.Value); storing {
		return v, true
	}
	r.spec, r.backward = backSpec(r.spec, record.Value), true
	r.chooseScript()
	r.recount()
	return r.requireSameSettings(record.Value.Script)
}

// requireSameSettings makes sure that the Secret, where it has to be written again, is what it was.
func (r *round) requireSameSettings(script *ScriptSnapshot) (verdict, bool) {
	if script == nil || script.ProtectedSettings == "" || r.obs.Cluster.Settings.State != Read ||
		r.obs.Cluster.Settings.Value.Digest == script.Digest {
		return undecided()
	}
	return r.loseRecord(notAsItWas(script.ProtectedSettings), false), true
}

// loseRecord tells that what was to be put back cannot be. Where it is the run's baseline, that is known from now on: the way back is
// looked for anew, so that spec.baseline and a Retry are heard. A record that is gone does not come back; a Secret may.
func (r *round) loseRecord(why string, forGood bool) verdict {
	if b, back := &r.memory.Rollback.Baseline, r.memory.Rollback.Current; back.Revision == b.Revision {
		back.Revision = ""
		if b.Unavailable = why; forGood {
			b.Invalid = why
		}
	}
	if forGood {
		return r.noWayBack(why)
	}
	return r.awaitSecret(why)
}

// completeRecord adds to an older revision what it does not declare and the run does: the way that was before the run. Without that, the
// older revision would be written beside what is to be undone.
func (r *round) completeRecord(s Snapshot) (verdict, bool) {
	missing := s.misses(r.declared.Target)
	if missing == "" {
		return undecided()
	}
	name := r.memory.beforeRun()
	if name == "" {
		return r.noWayBack("the revision does not say what " + missing + " was"), true
	}
	if v, waiting := r.requireRecord(name); waiting {
		return v, true
	}
	before := r.obs.Cluster.Revisions[name].Value
	if s.Image == nil {
		s.Image = before.Image
	}
	if s.Script == nil {
		s.Script = before.Script
	}
	if missing = s.misses(r.declared.Target); missing != "" {
		return r.noWayBack("neither the revision nor what was there before the run says what " + missing + " was"), true
	}
	if r.isClosed() {
		return r.releaseAnyway("the namespace is being deleted, so what to go back to cannot be stored"), true
	}
	r.memory.Rollback.Current.Revision = s.name()
	r.store = append(r.store, StoredRevision{Revision: s.name(), Run: r.memory.Run.Number, Snapshot: s})
	return wait(ReasonProgressing, recheckSoon, "storing what to go back to"), true
}

// beforeRun names the record of what was there before the run, "" for none.
func (m State) beforeRun() string {
	if m.Rollback.Baseline.Revision != "" {
		return m.Rollback.Baseline.Revision
	}
	if len(m.History) > 0 && m.History[0].Number == m.Run.Number {
		return m.History[0].PreviousRevision
	}
	return ""
}

// isUntouched says whether the run has done nothing that could be undone: what spec.baseline declares is no reason to write it then.
func (r *round) isUntouched() bool {
	m := r.memory
	return !m.Rollback.Current.AllInstances && !m.Rollback.Baseline.Fixed && m.Operation == nil && len(m.Ledger.Exposed) == 0 &&
		!carries(r.spec.Target, r.obs.Model.Value, m.Model.ScriptWritten)
}

// seekWayBack looks whether there is a way back after all: a baseline may have been declared meanwhile.
func (r *round) seekWayBack() (verdict, bool) {
	m, b := &r.memory, r.memory.Rollback.Baseline
	if r.isComplete(b) {
		m.Rollback.Baseline.Unavailable, m.Rollback.Current.Revision, m.Ledger.Failed = "", b.Revision, nil
		return wait(ReasonProgressing, recheckSoon, "what there is to go back to is complete again"), true
	}
	if r.spec.Baseline == nil && b.isWithoutSecret() {
		return r.awaitSecret(b.Unavailable), true
	}
	if r.spec.Baseline == nil {
		return r.noWayBack(orElse(b.Invalid, b.Unavailable)), true
	}
	if p := r.obs.Cluster.BaselineSettings.Problem; p != nil {
		return r.withoutSettings(r.unreadable("the protected settings to go back to", p)), true
	}
	if r.isClosed() {
		return r.releaseAnyway(
			orElse(b.Invalid, b.Unavailable) + "; the namespace is being deleted, so spec.baseline cannot be stored",
		), true
	}
	declared := snapshotOf(*r.spec.Baseline, r.obs.Model.Value, r.obs.Cluster.BaselineSettings.Value.Digest).only(r.spec.Target)
	if missing := declared.misses(r.spec.Target); missing != "" {
		return r.noWayBack("spec.baseline does not say what " + missing + " was"), true
	}
	if declared.meets(r.spec.Target) {
		return r.noWayBack("spec.baseline is the target itself"), true
	}
	m.Rollback.Baseline = Baseline{
		Revision:         declared.name(),
		Source:           BaselineDeclared,
		Run:              m.Run.Number,
		Fixed:            true,
		NewestInstanceAt: b.NewestInstanceAt,
	}
	if declared.Script != nil {
		m.Rollback.Baseline.SecretName, m.Rollback.Baseline.SecretDigest = declared.Script.ProtectedSettings, declared.Script.Digest
	}
	m.Rollback.Current.Revision, m.Ledger.Failed = declared.name(), nil
	r.store = append(r.store, StoredRevision{Revision: declared.name(), Run: m.Run.Number, Snapshot: declared})
	return wait(ReasonProgressing, recheckSoon, "storing what spec.baseline declares"), true
}

// isComplete says whether what there was to go back to, and could not be gone back to, can be after all.
func (r *round) isComplete(b Baseline) bool {
	isRead := b.SecretName == "" || b.SecretName == r.backSecret()
	return b.Fixed && b.Revision != "" && b.Invalid == "" && b.Unavailable != sameAsTarget && isRead && r.settingsLost(b) == ""
}

// misses names the first path that the target declares and the snapshot lacks.
func (s Snapshot) misses(t Target) string {
	switch {
	case t.Image != nil && s.Image == nil:
		return "the image"
	case t.Script != nil && s.Script == nil:
		return "the script"
	default:
		return ""
	}
}

// noWayBack holds: going back acts as a pause where nobody knows where to.
func (r *round) noWayBack(why string) verdict {
	if r.spec.Deletion == DeletionRollback {
		return r.releaseAnyway(why)
	}
	if why == "" {
		why = "what was there before the target is not known"
	}
	next := "declare spec.baseline, change spec.target, or create a RolloutAction Retry"
	if r.memory.Rollback.Current.Revision != "" { // of an older revision, for which nothing else can stand
		next = "put that back, change spec.target, or create a RolloutAction Rollback with another toRevision"
	}
	return wait(ReasonNotRollbackable, recheckHeld, "%s was asked for (%s), but there is no way back, so nothing more is touched: %s; %s",
		r.memory.Rollback.Current.Kind, r.memory.Rollback.Current.Message, why, next)
}

// holdBack lets the way back wait where its cause does not override a pause or a closed window.
func holdBack(r *round) (verdict, bool) {
	back := r.memory.Rollback.Current
	explicit := back.Cause == CauseAction || back.Cause == CauseDeletion
	switch {
	case explicit:
		return undecided()
	case r.spec.Paused:
		return wait(ReasonPaused, recheckHeld, "paused while %s (%s); set spec.paused to false to go on", back.doing(), back.Message), true
	case back.Cause == CauseTimeout && r.obs.Window.Problem != nil:
		return holdIdle(r)
	case back.Cause == CauseTimeout && r.obs.Window.Closed:
		r.awaits(r.obs.Window.NextChange)
		return wait(
			ReasonOutsideWindow,
			recheckHeld,
			"%s (%s) waits for the window to open; create a RolloutAction Rollback to go back at once",
			back.doing(),
			back.Message,
		), true
	}
	return undecided()
}

// restoreModel puts the model back before any machine is.
func restoreModel(r *round) (verdict, bool) {
	if op := r.memory.Operation; op != nil && op.Rejection == nil {
		return undecided() // a batch of the way back
	}
	v, decided := applyModel(r)
	if !decided && r.mayStillBeWritten() {
		return wait(ReasonProgressing, recheckBusy, "waiting for %s, which may still change the model", r.former()), true
	}
	if !decided {
		if r.memory.Rollback.Current.ModelRestoredAt.IsZero() {
			r.memory.Rollback.Current.ModelRestoredAt = r.at
		}
		if r.memory.Rollback.Current.Kind == AbortRollback {
			return r.isBackNow(), true
		}
	}
	return v, decided
}

// isBackNow ends the run where it came from.
func (r *round) isBackNow() verdict {
	m := &r.memory
	if m.RepairsSuspended {
		return r.resumeRepairs()
	}
	back := m.Rollback.Current
	if back.Kind == AbortRollback && r.isFormerAtWork() {
		back.Message += "; " + r.former() + " was still in flight"
	}
	m.Operation = nil
	m.forgetFormer()
	if back.Cause == CauseTarget {
		m.Rollback.Current, m.Run.CompletedAtBaseline, m.Model.Applied = nil, true, true
		r.spec, r.backward = r.declared, false
		r.chooseScript()
		r.recount()
		return r.complete()
	}
	back.Done, back.Differences = true, r.differences()
	m.Rollback.Baseline.Fixed = m.Rollback.Baseline.Fixed || !back.ModelRestoredAt.IsZero()
	if back.Revision != "" {
		m.Rollback.Baseline.Revision, m.Rollback.LastCompletedRevision = back.Revision, back.Revision
	}
	ending := RunAborted
	if back.Kind == FullRollback {
		ending = RunRolledBack
		m.Ledger.Exposed = r.leftOut()
		if len(m.Ledger.Exposed) == 0 {
			m.Rollback.Baseline.NewestInstanceAt = zeroTime
		}
	}
	r.end(ending, back.Message)
	if r.spec.Deletion != DeletionNone {
		return r.release(back.outcome())
	}
	return r.stayBack()
}

// outcome is what a rollback that is over came to, for the event of a deletion.
func (b *Rollback) outcome() string {
	if b.Cause == CauseRecorded {
		return "the scale set stays as it is"
	}
	if b.ModelRestoredAt.IsZero() {
		return "nothing had been written, so the scale set is as it was"
	}
	return "everything was put back"
}

// leftOut names the machines that should have gone back and that Azure leaves alone. They stay in the ledger.
func (r *round) leftOut() []string {
	if !r.backward {
		return nil
	}
	var ids []string
	for _, i := range byOrder(OrderInstanceID, r.sortReturning().skipped) {
		ids = append(ids, i.ID)
	}
	return ids
}

// stayBack reports, and does, nothing: somebody has to look first.
func (r *round) stayBack() verdict {
	back := r.memory.Rollback.Current
	note := ""
	if failed := r.memory.Ledger.Failed; len(failed) > 0 {
		note = fmt.Sprintf("; %s got it back and did not become well", names(failed, func(f Failure) Ref { return f.Ref }))
	}
	if left := r.memory.Ledger.Exposed; len(left) > 0 && back.Kind == FullRollback {
		note += fmt.Sprintf(
			"; %s stopped or protected from scale-set actions, and so still with the target: create a RolloutAction Rollback "+
				"when that is over",
			names(left, func(id string) Ref { return Ref{ID: id} }),
		)
	}
	what := "the model and every machine that was touched are as they were before"
	switch {
	case back.Cause == CauseRecorded:
		what = fmt.Sprintf("this revision was %s before, so it is not rolled out again", back.doing())
	case back.ModelRestoredAt.IsZero():
		what = "nothing had been written, so everything is as it was"
	case back.Kind == AbortRollback:
		what = "the model is as it was before, and the machines that have the target were left to be looked at"
	}
	if back.Differences != "" {
		what += ", with these exceptions: " + back.Differences
	}
	return wait(back.reason(), recheckCompleted, "%s%s (%s); change spec.target, or create a RolloutAction Retry to try again", what,
		note, back.Message)
}

// holdReturned idles once the run has gone back. It reads nothing.
func holdReturned(r *round) (verdict, bool) {
	if !r.memory.IsRolledBack() {
		return undecided()
	}
	return r.stayBack(), true
}
