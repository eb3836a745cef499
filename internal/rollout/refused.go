package rollout

import (
	"fmt"
	"time"
)

const (
	// longPutOff is how long an effect is put off before the rollout says since when and how often.
	longPutOff = 10 * time.Minute
	// longestQuiet bounds for how long a refused read keeps the next one from being made, whatever Azure asks for.
	longestQuiet = time.Hour
	// clockSkew is how far the clocks of two managers may be apart.
	clockSkew = time.Minute
)

// another returns the record with one refusal more.
func (p Deferral) another(at time.Time, problem *Problem) Deferral {
	if p.Since.IsZero() || p.Since.After(at.Add(clockSkew)) {
		p.Since, p.Attempts = at, 0 // the clock was set back since
	}
	return Deferral{Kind: problem.Kind, Since: p.Since, Attempts: p.Attempts + 1, Message: problem.Error()}
}

// tells returns since when and how often something is put off, "" before that is worth telling.
func (p Deferral) tells(at time.Time) string {
	switch {
	case p.Since.IsZero() || at.Before(p.Since.Add(longPutOff)):
		return ""
	case p.Attempts == 0:
		return "; put off since " + clock(p.Since)
	default:
		return fmt.Sprintf("; put off since %s, %d attempts", clock(p.Since), p.Attempts)
	}
}

// quotes returns Azure's last words about what is put off, "" where there are none.
func (p Deferral) quotes() string {
	if p.Message == "" {
		return ""
	}
	return " (" + p.Message + ")"
}

// keepPutOff forgets what was put off once it is not any more: it was done, or nothing is tried now.
func (r *round) keepPutOff() {
	m := &r.memory
	isPutOff := m.Pacing.NoEffectCount > 0 || r.isWorking() || r.at.Before(m.Pacing.NotBefore) || r.foreign
	if r.hasRead() && !isPutOff {
		m.Pacing.Deferred = Deferral{}
	}
}

// noteTrouble keeps what Azure says of an operation that ended badly, so that it is told while the same is tried again.
func (r *round) noteTrouble(op *Operation) {
	if op.Error == nil {
		return
	}
	r.memory.Pacing.Deferred = r.memory.Pacing.Deferred.another(r.at, op.Error)
	for _, ref := range op.Instances {
		if i, listed := find(r.obs.Instances.Value, ref.Ref); listed && i.Message != "" {
			r.memory.Pacing.Deferred.Message += "; instance " + ref.ID + ": " + i.Message
			return
		}
	}
}

// before returns how the attempt before this one ended, "" where this is the first, or Azure said nothing.
func (r *round) before(op *Operation) string {
	if op.Attempt < 2 || r.memory.Pacing.Deferred.Message == "" {
		return ""
	}
	return "; the attempt before changed nothing" + r.memory.Pacing.Deferred.quotes()
}

// told returns what the operation does, and what Azure said of its end, if that was bad.
func (o *Operation) told() string {
	if o.Error == nil {
		return o.doing()
	}
	return o.doing() + " ended with " + o.Error.Error()
}

// awaitOther waits for an operation of somebody else's to end.
func (r *round) awaitOther() verdict {
	r.foreign = true
	if r.memory.Pacing.Deferred.Since.IsZero() {
		r.memory.Pacing.Deferred.Since = r.at
	}
	recheck := recheckBusy
	if !r.at.Before(r.memory.Pacing.Deferred.Since.Add(longPutOff)) {
		recheck = recheckPutOff
	}
	return wait(ReasonProgressing, recheck, "another operation is running on the scale set; waiting for it to end%s",
		r.memory.Pacing.Deferred.tells(r.at))
}

// holdUnread reads nothing before the time that Azure named when it refused a read. The record of that time outlives a restart, and no edit
// and no request for a look shortens the wait.
func holdUnread(r *round) (verdict, bool) {
	quiet := &r.memory.Pacing.ReadsDeferred
	if what, p := r.refusedRead(); p != nil {
		*quiet = quiet.another(r.at, &Problem{Kind: p.Kind, Message: "reading " + what + ": " + p.advice()})
		quiet.Until = r.at.Add(min(p.RetryAfter, longestQuiet))
	}
	switch {
	case !r.isQuiet():
		if r.hasRead() && (quiet.Kind != KindNotFound || r.isFound()) {
			*quiet = Deferral{}
		}
		return undecided()
	case r.memory.Operation.notDue(r):
		return undecided()
	}
	message := fmt.Sprintf("%s; the next read is at %s%s", quiet.Message, clock(quiet.Until), quiet.tells(r.at))
	r.awaits(quiet.Until)
	reason := ReasonAzureUnavailable
	if quiet.Kind == KindThrottled {
		reason = ReasonThrottled
		r.facts.Throttled = &Problem{Kind: KindThrottled, Message: message}
	}
	return wait(reason, r.until(quiet.Until, longestQuiet), "%s", message), true
}

// isQuiet returns whether Azure asked not to be read from at this time. A time that lies further ahead than it can is not believed: the
// clock was set back since.
func (r *round) isQuiet() bool {
	quiet := r.memory.Pacing.ReadsDeferred
	isPossible := !r.at.Before(quiet.Since.Add(-clockSkew)) && quiet.Until.Sub(r.at) <= longestQuiet+clockSkew
	return r.at.Before(quiet.Until) && isPossible
}

// refusedRead returns which read of this round Azure refused with a time, and how; nil for none.
func (r *round) refusedRead() (string, *Problem) {
	reads := []struct {
		what    string
		state   ReadState
		problem *Problem
	}{
		{"the running operation", r.obs.Operation.State, r.obs.Operation.Problem},
		{"the instances", r.obs.Instances.State, r.obs.Instances.Problem},
		{"the scale set", r.obs.Model.State, r.obs.Model.Problem},
		{"the rolling upgrade", r.obs.RollingUpgrade.State, r.obs.RollingUpgrade.Problem},
	}
	for _, read := range reads {
		if read.state == ReadFailed && read.problem.RetryAfter > 0 {
			return read.what, read.problem
		}
	}
	return "", nil
}

// hasRead returns whether any read of this round worked.
func (r *round) hasRead() bool {
	return r.obs.Operation.State == Read || r.obs.Instances.State == Read || r.obs.Model.State == Read
}

// mayRead returns whether anything may be read from Azure in this round.
func (r *round) mayRead() bool {
	_, p := r.refusedRead()
	return p == nil && !r.isQuiet()
}
