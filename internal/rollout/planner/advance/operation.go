package advance

import (
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// SettleOperation judges an operation that is over, or of which it is not known whether started. What can be read decides: what an
// operation says of itself only tells when to look. It returns what the operation is waited for; nil: nothing.
func SettleOperation(d *Draft) *view.Hold {
	op := d.State.Operation
	if op == nil {
		return nil
	}
	if op.Rejection != nil {
		if !d.ShowsEffect(op) {
			return nil
		}
		op.Rejection = nil // a later try of the same intent was accepted, and the answer was lost
	}
	noteEnd(d, op)
	if op.TouchesInstances() {
		h := judgeBatch(d, op)
		d.Forget()
		return h
	}
	if !op.WritesModel() {
		return settleBeside(d, op)
	}
	return SettleModelWrite(d, op)
}

// noteEnd notes what a poll said of an operation that is over.
func noteEnd(d *Draft, op *rollout.Operation) {
	if d.Obs.Operation.State != rollout.Read || !op.EndedAt.IsZero() {
		return
	}
	status := d.Obs.Operation.Value
	op.Error = status.Problem
	deferForError(d, op)
	switch status.State {
	case rollout.OperationSucceeded, rollout.OperationFailed, rollout.OperationCanceled:
		op.EndedAt = d.At()
		excludePreempted(d, op)
	case rollout.OperationLost:
		op.PollToken = ""
	case rollout.OperationRunning:
	}
	if status.State == rollout.OperationSucceeded && op.TouchesInstances() {
		d.State.Pacing.LastUpgradeDuration = status.Duration
		if status.Duration == 0 && !op.AcceptedAt.IsZero() {
			d.State.Pacing.LastUpgradeDuration = d.At().Sub(op.AcceptedAt)
		}
	}
}

// deferForError keeps what Azure says of an operation that ended badly, so that it is reported while the same is tried again.
func deferForError(d *Draft, op *rollout.Operation) {
	if op.Error == nil {
		return
	}
	deferred := &d.State.Pacing.Deferred
	*deferred = deferAgain(*deferred, d, op.Error)
	for _, a := range op.Instances {
		if i, _ := d.Find(a.Ref); i.Message != "" {
			deferred.Message += "; instance " + a.ID + ": " + i.Message
			return
		}
	}
}

// settling reports whether an effect may still be on its way into what can be read, and for how long.
func settling(d *Draft, op *rollout.Operation) (time.Duration, bool) {
	return d.Settling(op.CreatedAt, op.AcceptedAt, op.EndedAt)
}

// appearing reports whether what the operation did may still be on its way into what can be read. An operation that Azure accepted, and
// that did not end badly, is believed for longer than a list, which may be minutes old. The second attempt at the same instances has
// waited for that already.
func appearing(d *Draft, op *rollout.Operation) (time.Duration, bool) {
	left, isSettling := settling(d, op)
	if isSettling || op.Attempt > 1 || op.AcceptedAt.IsZero() || op.Error != nil {
		return left, isSettling
	}
	shown := op.EndedAt.Add(view.LagTime)
	return d.Until(shown, view.RecheckBusy), d.At().Before(shown)
}

// maxNoEffect is how many effects in a row may change nothing before a person is asked.
const maxNoEffect = 3

// noEffect drops an operation that changed nothing for the instances, or for the model, and spaces out the next try.
func noEffect(d *Draft, unchanged []rollout.Ref) {
	countNoEffect(&d.State, unchanged)
	d.State.Operation = nil
	d.State.Pacing.NotBefore = d.At().Add(backoff(d.State.Pacing.NoEffectCount))
	d.State.Pacing.Throttled = false
	d.Forget()
}

// noEffectsOn is how many effects in a row left any of the instances, or with none of them the model, as they were.
func noEffectsOn(s rollout.State, refs []rollout.Ref) int {
	if len(s.Pacing.NoEffectInstances) == 0 && len(refs) == 0 || len(stillUnchanged(s, refs)) > 0 {
		return s.Pacing.NoEffectCount
	}
	return 0
}

// stillUnchanged are those of the instances that the last effects left as they were.
func stillUnchanged(s rollout.State, refs []rollout.Ref) []rollout.Ref {
	return slices.DeleteFunc(slices.Clone(refs), func(ref rollout.Ref) bool {
		return !slices.ContainsFunc(s.Pacing.NoEffectInstances, ref.Means)
	})
}

// countNoEffect counts an effect that changed nothing. It counts for each instance: several that are late once are not one that is late
// often.
func countNoEffect(s *rollout.State, refs []rollout.Ref) {
	s.Pacing.NoEffectCount = noEffectsOn(*s, refs) + 1
	if s.Pacing.NoEffectCount > 1 {
		refs = stillUnchanged(*s, refs)
	}
	s.Pacing.NoEffectInstances = nil
	for _, ref := range refs {
		s.Pacing.NoEffectInstances = append(s.Pacing.NoEffectInstances, rollout.Ref{ID: ref.ID, VMID: ref.VMID})
	}
}

// forgetNoEffect begins to count from zero.
func forgetNoEffect(s *rollout.State) { s.Pacing.NoEffectCount, s.Pacing.NoEffectInstances = 0, nil }

// backoff is 15 s, 30 s, 1 min and so on, up to the pace of refused writes.
func backoff(times int) time.Duration {
	return min(15*time.Second<<min(max(times-1, 0), 5), view.RecheckRefused)
}
