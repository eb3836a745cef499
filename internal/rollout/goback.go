package rollout

import (
	"fmt"
	"slices"
	"time"
)

// Return is the way back: the model first, then every machine that was exposed.
type Return struct {
	Kind       ReturnKind
	Cause      ReturnCause
	Record     string // what is gone back to; "": nobody knows, so it only holds
	All        bool   // every machine, not only the exposed: a completed release is undone
	Why        string
	By         string
	At         time.Time
	RestoredAt time.Time // when the model was first seen to carry it; zero: it was not yet
	Done       bool
	Differs    string // what is not as it was before, once it is over; "": nothing that was compared
}

// ReturnKind says how far the way back goes.
type ReturnKind string

// The kinds of return.
const (
	ReturnRollback ReturnKind = "Rollback" // the model and the exposed machines
	ReturnAbort    ReturnKind = "Abort"    // the model; the machines stay to be looked at
)

// ReturnCause says what led to it. It decides what a pause and a closed window mean for it.
type ReturnCause string

// The causes of a return.
const (
	CauseAction   ReturnCause = "Action"          // overrides pause and windows
	CauseDeletion ReturnCause = "Deletion"        // overrides pause and windows
	CauseFailure  ReturnCause = "FailurePolicy"   // overrides windows
	CauseTarget   ReturnCause = "Target"          // the target became the baseline; overrides windows
	CauseTimeout  ReturnCause = "ApprovalTimeout" // overrides neither
	CauseRecorded ReturnCause = "Recorded"        // the object says that the revision was taken back; the status of that was lost
)

// isGoingBack says whether the run is on its way back.
func (m Memory) isGoingBack() bool { return m.Return != nil && !m.Return.Done }

// isBack says whether the run ended by going back, and stays so until somebody wants something else.
func (m Memory) isBack() bool { return m.Return != nil && m.Return.Done }

// goBack turns the run round. What failed on the way out is no failure on the way back, once there is one. An upgrade that is in flight is
// left behind, since the model must not wait for it; its machines are suspect until they are listed at rest. A write of the model is short,
// and is waited for.
func (r *round) goBack(kind ReturnKind, cause ReturnCause, why, by string) {
	m := &r.memory
	back := &Return{Kind: kind, Cause: cause, Why: why, By: by, At: r.at}
	if b := m.Baseline; b.rollbackable() {
		back.Record = b.Name
	}
	if op := m.Operation; op != nil && (op.touches() || op.Refused != nil) {
		if op.Refused == nil {
			r.leaveBehind(op)
		}
		m.Operation = nil
	}
	m.Return = back
	if back.Record != "" {
		m.Failed, m.Verified = nil, nil
	}
	m.Gate, m.Stall = Gate{}, Stall{}
	m.Calls = slices.DeleteFunc(slices.Clone(m.Calls), func(c Calling) bool { return c.Point != OnFailure })
	m.UnhealthySince, m.LastBatchEnd, m.LastExposed = zeroTime, zeroTime, 0
	m.forgetFruitless()
	m.ModelApplied, m.ScriptWritten, m.Completed, m.SettledETag = false, false, false, ""
	r.recount()
}

// leaveBehind lets go of an operation on machines that the way back does not wait for. Should there be no way back, a Retry has to know who
// did not get the fresh disk yet.
func (r *round) leaveBehind(op *Operation) {
	m := &r.memory
	m.leave(op, r.at)
	for _, ref := range op.Instances {
		r.expose(ref.ID)
		if r.spec.Action == ActionUpgradeThenReimage && m.Return == nil {
			ref.HealthySince = time.Time{} // the disk of before stays: should the reimage end well after all, it is told by that
			m.fail(Failure{Ref: ref, Reason: FailureReimage, At: r.at, Message: "the run turned round before its reimage was verified"})
		}
	}
}

// turnRound starts the way back in the middle of a round and ends the round.
func (r *round) turnRound(kind ReturnKind, cause ReturnCause, why string) verdict {
	r.goBack(kind, cause, why, "")
	return wait(ReasonProgressing, recheckSoon, "%s", why)
}

// reason is why the rollout stands where it stands while it goes back.
func (b *Return) reason() Reason {
	switch {
	case b.Kind == ReturnAbort && b.Done:
		return ReasonAborted
	case b.Kind == ReturnAbort:
		return ReasonAborting
	case b.Done:
		return ReasonRolledBack
	default:
		return ReasonRollingBack
	}
}

// doing says in words what the way back is.
func (b *Return) doing() string {
	words := map[ReturnKind][2]string{ReturnAbort: {"aborting", "aborted"}, ReturnRollback: {"rolling back", "rolled back"}}[b.Kind]
	if b.Done {
		return words[1]
	}
	return words[0]
}

// colour makes the reason of work on the way back say that it is the way back.
func (b *Return) colour(because Because) Because {
	if b == nil || b.Done {
		return because
	}
	switch because.Reason {
	case ReasonProgressing, ReasonWaitingForHealth:
		return Because{Reason: b.reason(), Message: b.doing() + ": " + because.Message}
	case ReasonInvalid, ReasonAccessDenied, ReasonPreflightFailed, ReasonScaleSetNotFound, ReasonScaleSetReplaced,
		ReasonAzureUnavailable, ReasonThrottled:
		return Because{Reason: because.Reason, Message: b.doing() + ": " + because.Message}
	default:
		return because
	}
}

// backSpec is the specification of the way back: what was there before, without steps and gates, at its own pace.
func backSpec(spec Spec, s Snapshot) Spec {
	spec.Target = s.target()
	spec.Steps, spec.Percent, spec.Bake = nil, 100, 0
	spec.Batch = Batch{Size: spec.Batch.MaxUnavailable, MaxUnavailable: spec.Batch.MaxUnavailable}
	spec.Failure = FailurePolicy{}
	if spec.Protected == ProtectedFail {
		spec.Protected = ProtectedWait
	}
	if spec.Zones == ZonesOneAtATime {
		spec.Zones = ZonesSpread
	}
	return spec
}

// requireWayBack reads what to go back to, and from then on the round is about that. Where nobody knows what to go back to, the
// rollout holds; declaring spec.baseline mends it.
func requireWayBack(r *round) (verdict, bool) {
	back := r.memory.Return
	if op := r.memory.Operation; op != nil && !op.touches() && r.isForeign(op) {
		if v, waiting := settleModelWrite(r, op); waiting {
			return v, true
		}
	}
	if r.isUntouched() {
		back.Record = "" // nothing is put back
		return r.isBackNow(), true
	}
	if back.Record == "" {
		return r.seekWayBack()
	}
	if v, waiting := r.requireRecord(back.Record); waiting {
		return v, true
	}
	record := r.obs.Records[back.Record]
	if record.State == ReadFailed {
		return r.loseRecord(fmt.Sprintf("the record %s of what was there before is gone", back.Record), true), true
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
	if script == nil || script.ProtectedSettings == "" || r.obs.Settings.State != Read || r.obs.Settings.Value.Digest == script.Digest {
		return undecided()
	}
	return r.loseRecord(notAsItWas(script.ProtectedSettings), false), true
}

// loseRecord tells that what was to be put back cannot be. Where it is the run's baseline, that is known from now on: the way back is
// looked for anew, so that spec.baseline and a Retry are heard. A record that is gone does not come back; a Secret may.
func (r *round) loseRecord(why string, forGood bool) verdict {
	if b, back := &r.memory.Baseline, r.memory.Return; back.Record == b.Name {
		back.Record = ""
		if b.Lost = why; forGood {
			b.Why = why
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
	before := r.obs.Records[name].Value
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
	r.memory.Return.Record = s.name()
	r.store = append(r.store, Record{Name: s.name(), Run: r.memory.Run, Snapshot: s})
	return wait(ReasonProgressing, recheckSoon, "storing what to go back to"), true
}

// beforeRun names the record of what was there before the run, "" for none.
func (m Memory) beforeRun() string {
	if m.Baseline.Name != "" {
		return m.Baseline.Name
	}
	if len(m.Ended) > 0 && m.Ended[0].Run == m.Run {
		return m.Ended[0].Before
	}
	return ""
}

// isUntouched says whether the run has done nothing that could be undone: what spec.baseline declares is no reason to write it then.
func (r *round) isUntouched() bool {
	m := r.memory
	return !m.Return.All && !m.Baseline.Fixed && m.Operation == nil && len(m.Exposed) == 0 &&
		!carries(r.spec.Target, r.obs.Model.Value, m.ScriptWritten)
}

// seekWayBack looks whether there is a way back after all: a baseline may have been declared meanwhile.
func (r *round) seekWayBack() (verdict, bool) {
	m, b := &r.memory, r.memory.Baseline
	if r.isComplete(b) {
		m.Baseline.Lost, m.Return.Record, m.Failed = "", b.Name, nil
		return wait(ReasonProgressing, recheckSoon, "what there is to go back to is complete again"), true
	}
	if r.spec.Baseline == nil && b.isWithoutSecret() {
		return r.awaitSecret(b.Lost), true
	}
	if r.spec.Baseline == nil {
		return r.noWayBack(orElse(b.Why, b.Lost)), true
	}
	if p := r.obs.BackSettings.Problem; p != nil {
		return r.withoutSettings(r.unreadable("the protected settings to go back to", p)), true
	}
	if r.isClosed() {
		return r.releaseAnyway(orElse(b.Why, b.Lost) + "; the namespace is being deleted, so spec.baseline cannot be stored"), true
	}
	declared := snapshotOf(*r.spec.Baseline, r.obs.Model.Value, r.obs.BackSettings.Value.Digest).only(r.spec.Target)
	if missing := declared.misses(r.spec.Target); missing != "" {
		return r.noWayBack("spec.baseline does not say what " + missing + " was"), true
	}
	if declared.meets(r.spec.Target) {
		return r.noWayBack("spec.baseline is the target itself"), true
	}
	m.Baseline = Baseline{Name: declared.name(), Source: BaselineDeclared, Run: m.Run, Fixed: true, Since: b.Since}
	if declared.Script != nil {
		m.Baseline.Secret, m.Baseline.Digest = declared.Script.ProtectedSettings, declared.Script.Digest
	}
	m.Return.Record, m.Failed = declared.name(), nil
	r.store = append(r.store, Record{Name: declared.name(), Run: m.Run, Snapshot: declared})
	return wait(ReasonProgressing, recheckSoon, "storing what spec.baseline declares"), true
}

// isComplete says whether what there was to go back to, and could not be gone back to, can be after all.
func (r *round) isComplete(b Baseline) bool {
	isRead := b.Secret == "" || b.Secret == r.backSecret()
	return b.Fixed && b.Name != "" && b.Why == "" && b.Lost != sameAsTarget && isRead && r.settingsLost(b) == ""
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
	if r.spec.Deleting == DeletionRollback {
		return r.releaseAnyway(why)
	}
	if why == "" {
		why = "what was there before the target is not known"
	}
	next := "declare spec.baseline, change spec.target, or create a RolloutAction Retry"
	if r.memory.Return.Record != "" { // of an older revision, for which nothing else can stand
		next = "put that back, change spec.target, or create a RolloutAction Rollback with another toRevision"
	}
	return wait(ReasonNotRollbackable, recheckHeld, "%s was asked for (%s), but there is no way back, so nothing more is touched: %s; %s",
		r.memory.Return.Kind, r.memory.Return.Why, why, next)
}

// holdBack lets the way back wait where its cause does not override a pause or a closed window.
func holdBack(r *round) (verdict, bool) {
	back := r.memory.Return
	explicit := back.Cause == CauseAction || back.Cause == CauseDeletion
	switch {
	case explicit:
		return undecided()
	case r.spec.Paused:
		return wait(ReasonPaused, recheckHeld, "paused while %s (%s); set spec.paused to false to go on", back.doing(), back.Why), true
	case back.Cause == CauseTimeout && r.obs.Window.Problem != nil:
		return holdIdle(r)
	case back.Cause == CauseTimeout && r.obs.Window.Closed:
		r.awaits(r.obs.Window.Changes)
		return wait(ReasonOutsideWindow, recheckHeld, "%s (%s) waits for the window to open; create a RolloutAction Rollback to go back at once",
			back.doing(), back.Why), true
	}
	return undecided()
}

// restoreModel puts the model back before any machine is.
func restoreModel(r *round) (verdict, bool) {
	if op := r.memory.Operation; op != nil && op.Refused == nil {
		return undecided() // a batch of the way back
	}
	v, decided := applyModel(r)
	if !decided && r.mayStillBeWritten() {
		return wait(ReasonProgressing, recheckBusy, "waiting for %s, which may still change the model", r.former()), true
	}
	if !decided {
		if r.memory.Return.RestoredAt.IsZero() {
			r.memory.Return.RestoredAt = r.at
		}
		if r.memory.Return.Kind == ReturnAbort {
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
	back := m.Return
	if back.Kind == ReturnAbort && r.isFormerAtWork() {
		back.Why += "; " + r.former() + " was still in flight"
	}
	m.Operation = nil
	m.forgetFormer()
	if back.Cause == CauseTarget {
		m.Return, m.Returned, m.ModelApplied = nil, true, true
		r.spec, r.backward = r.declared, false
		r.chooseScript()
		r.recount()
		return r.complete()
	}
	back.Done, back.Differs = true, r.differences()
	m.Baseline.Fixed = m.Baseline.Fixed || !back.RestoredAt.IsZero()
	if back.Record != "" {
		m.Baseline.Name, m.Stable = back.Record, back.Record
	}
	ending := EndingAborted
	if back.Kind == ReturnRollback {
		ending = EndingRolledBack
		m.Exposed = r.leftOut()
		if len(m.Exposed) == 0 {
			m.Baseline.Since = zeroTime
		}
	}
	r.end(ending, back.Why)
	if r.spec.Deleting != DeletionNone {
		return r.release(back.outcome())
	}
	return r.stayBack()
}

// outcome is what a rollback that is over came to, for the event of a deletion.
func (b *Return) outcome() string {
	if b.Cause == CauseRecorded {
		return "the scale set stays as it is"
	}
	if b.RestoredAt.IsZero() {
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
	back := r.memory.Return
	note := ""
	if failed := r.memory.Failed; len(failed) > 0 {
		note = fmt.Sprintf("; %s got it back and did not become well", names(failed, func(f Failure) Ref { return f.Ref }))
	}
	if left := r.memory.Exposed; len(left) > 0 && back.Kind == ReturnRollback {
		note += fmt.Sprintf("; %s stopped or protected from scale-set actions, and so still with the target: create a RolloutAction Rollback "+
			"when that is over", names(left, func(id string) Ref { return Ref{ID: id} }))
	}
	what := "the model and every machine that was touched are as they were before"
	switch {
	case back.Cause == CauseRecorded:
		what = fmt.Sprintf("this revision was %s before, so it is not rolled out again", back.doing())
	case back.RestoredAt.IsZero():
		what = "nothing had been written, so everything is as it was"
	case back.Kind == ReturnAbort:
		what = "the model is as it was before, and the machines that have the target were left to be looked at"
	}
	if back.Differs != "" {
		what += ", with these exceptions: " + back.Differs
	}
	return wait(back.reason(), recheckCompleted, "%s%s (%s); change spec.target, or create a RolloutAction Retry to try again", what,
		note, back.Why)
}

// holdReturned idles once the run has gone back. It reads nothing.
func holdReturned(r *round) (verdict, bool) {
	if !r.memory.isBack() {
		return undecided()
	}
	return r.stayBack(), true
}
