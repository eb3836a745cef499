package advance

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// defaultThrottle is how long to wait where Azure throttles and does not say how long: its buckets refill within a minute.
const defaultThrottle = time.Minute

// NoteResult remembers what came of an effect: it was accepted, refused, or that is not known.
func NoteResult(d *Draft, op *rollout.Operation, r rollout.StepResult) *view.Hold {
	switch {
	case r.Problem == nil:
		fixBaseline(d, op)
		return noteAccepted(d, op, r)
	case r.Problem.Kind == rollout.KindAmbiguous:
		fixBaseline(d, op)
		beginAgain(op, time.Time{})
		op.CreatedAt = r.At
		return view.Wait(rollout.ReasonProgressing, view.SettleTime, "%s: no answer from Azure (%s); checking whether it was accepted",
			view.Describe(op), r.Problem.Error())
	case r.Problem.IsTemporary():
		return deferEffect(d, op, r)
	case op.Kind == rollout.ReimageOperation:
		rejected := *op
		rejected.Rejection = r.Problem
		backToUpgraded(d, op, r.At.Add(view.RecheckRefused))
		return view.Rejected(&rejected, view.RecheckRefused)
	default:
		op.Rejection = r.Problem
		d.State.Pacing.Deferred = rollout.Deferral{}
		return view.Rejected(op, view.RecheckRefused)
	}
}

// fixBaseline notes that the model may have been written, so that what it was before is known from the stored revision alone.
func fixBaseline(d *Draft, op *rollout.Operation) {
	if op.WritesModel() {
		d.State.Rollback.Baseline.Fixed = true
	}
}

// noteAccepted notes that the operation runs and when to poll.
func noteAccepted(d *Draft, op *rollout.Operation, r rollout.StepResult) *view.Hold {
	beginAgain(op, r.At)
	op.PollToken, op.ID = r.PollToken, r.OperationID
	if op.Attempt < 2 {
		d.State.Pacing.Deferred = rollout.Deferral{}
	}
	first := firstPoll(d, op, r.RetryAfter)
	if r.PollToken == "" {
		first = time.Second
		op.EndedAt = r.At
	}
	first = min(first, view.MaxAzureWait)
	op.NextPollAt = r.At.Add(first)
	if r.AzureTime.After(op.AzureTime) {
		op.AzureTime = r.AzureTime
	}
	return view.Wait(rollout.ReasonProgressing, first, "%s", view.DescribeProgress(d.View, op))
}

// beginAgain forgets what a former try of the same intent came to.
func beginAgain(op *rollout.Operation, at time.Time) {
	op.AcceptedAt, op.EndedAt, op.NextPollAt = at, time.Time{}, time.Time{}
	op.PollToken, op.ID, op.Error, op.Rejection = "", "", nil, nil
}

// firstPoll guesses when a poll will first be worth a call, never sooner than Azure asks. The last batch is the best guess at this one,
// with a quarter more, since a poll too early costs a call and one too late only seconds. Without a last batch, an upgrade takes some
// three times what Azure says (recorded: 5 s to 3 min where it says 10 s).
func firstPoll(d *Draft, op *rollout.Operation, retryAfter time.Duration) time.Duration {
	if retryAfter <= 0 {
		retryAfter = view.DefaultPoll
	}
	switch last := d.State.Pacing.LastUpgradeDuration; {
	case !op.TouchesInstances():
		return retryAfter
	case last == 0:
		return 3 * retryAfter
	default:
		return max(retryAfter, min(last+last/4, view.MaxBetweenPolls))
	}
}

// deferEffect drops an intent of which it is known that it was not applied, and tells when to decide again.
func deferEffect(d *Draft, op *rollout.Operation, r rollout.StepResult) *view.Hold {
	p, pacing := r.Problem, &d.State.Pacing
	pacing.Throttled = p.Kind == rollout.KindThrottled
	pacing.Deferred = deferAgain(pacing.Deferred, d, p)
	delay := deferredFor(d, p)
	reason := rollout.ReasonProgressing
	if pacing.Throttled {
		reason = rollout.ReasonThrottled
		d.Facts.Throttled = p
	}
	h := view.Wait(reason, delay, "%s is deferred until %s: %s%s", view.Describe(op), view.FormatTime(r.At.Add(delay)),
		p.Error(), view.DescribeDeferral(pacing.Deferred, r.At))
	if op.Kind == rollout.ReimageOperation {
		backToUpgraded(d, op, r.At.Add(delay))
		return h
	}
	d.State.Operation = nil
	pacing.NotBefore = r.At.Add(delay)
	return h
}

// deferredFor is how long an effect is deferred.
func deferredFor(d *Draft, p *rollout.Problem) time.Duration {
	delay := p.RetryAfter
	switch p.Kind {
	case rollout.KindThrottled:
		delay = max(delay, view.DefaultPoll)
		if p.RetryAfter == 0 {
			delay = defaultThrottle
		}
	case rollout.KindPreconditionFailed, rollout.KindInstanceGone:
		delay = max(delay, time.Second) // the scale set changed: read it again at once
	default:
		delay = max(delay, view.RecheckBusy)
	}
	if d.State.IsRollingBack() && view.IsStuck(d.View) {
		delay = max(delay, view.RecheckHeld) // what is still in flight may never end
	}
	// The first time, the scale set may only have changed in between. An effect that was deferred just before, too, waits longer.
	if last := d.State.Pacing.NotBefore; !last.IsZero() && d.At().Sub(last) <= view.RecheckMissing {
		delay = max(delay, view.RecheckDeferred)
	}
	return min(delay, view.MaxAzureWait)
}

// backToUpgraded undoes a reimage intent that is known not to have been applied: the instances are upgraded and wait for it.
func backToUpgraded(d *Draft, op *rollout.Operation, notBefore time.Time) {
	op.Kind = rollout.UpgradeOperation
	op.EndedAt = op.CreatedAt
	op.Rejection = nil
	d.State.Pacing.NotBefore = notBefore
}

// StopProgressTimer lets the timer of the progress deadline stand still once it is known that an effect was not begun. It runs again when
// the effect is tried again.
func StopProgressTimer(d *Draft, r rollout.StepResult) {
	if r.Problem != nil && r.Problem.Kind != rollout.KindAmbiguous {
		timer := &d.State.Timers.Progress
		timer.Timer = timer.Stopped(r.At)
	}
}

// NoteRepairsResult notes what came of suspending or resuming automatic repairs. What names the work under way, in words.
func NoteRepairsResult(d *Draft, suspending bool, before rollout.Explanation, r rollout.StepResult) *view.Hold {
	p, pacing := r.Problem, &d.State.Pacing
	if p == nil {
		d.State.RepairsSuspended = suspending
		pacing.Deferred = rollout.Deferral{}
		return view.Wait(before.Reason, view.RecheckSoon, "%s", before.Message)
	}
	switch {
	case p.Kind == rollout.KindAmbiguous:
		// It may have been done: what was suspended is taken to be so, and what was to be resumed is resumed again.
	case suspending, p.Kind == rollout.KindNotFound:
		d.State.RepairsSuspended = false
	}
	delay, reason := max(p.RetryAfter, view.RecheckBusy), rollout.ReasonProgressing
	if p.Kind == rollout.KindForbidden || p.Kind == rollout.KindUnauthorized {
		delay, reason = view.RecheckRefused, rollout.ReasonAccessDenied
	}
	pacing.NotBefore = r.At.Add(delay)
	pacing.Deferred = deferAgain(pacing.Deferred, d, p)
	return view.Wait(reason, delay, "%s was refused: %s%s", before.Message, p.Hint(), view.DescribeDeferral(pacing.Deferred, r.At))
}
