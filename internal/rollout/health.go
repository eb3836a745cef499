package rollout

import (
	"fmt"
	"slices"
	"time"
)

// wellness says whether a machine is well: Yes, No, or Unsure. Only Yes ever counts in its favour.
func wellness(h Health, i Instance) Tristate {
	switch {
	case i.State == StateFailed, i.State == StateDeleting, i.Power.Running == False, i.Script == ScriptFailed:
		return False
	case i.State != StateSucceeded, i.Script == ScriptRunning:
		return Unknown
	case h.Source == HealthProvisioning:
		return True
	default:
		return i.Health.Healthy
	}
}

// wellSince returns since when a machine that is well now has been so, and the zero time while it is not. What was remembered
// is kept unless the platform knows of a later start.
func wellSince(h Health, i Instance, remembered, at time.Time) time.Time {
	if wellness(h, i) != True {
		return time.Time{}
	}
	since := remembered
	if since.IsZero() {
		since = at
		if heard := heardAt(i, at); h.Source == HealthApplication && !heard.IsZero() {
			since = heard
		}
	}
	return since
}

const (
	// healthLag is how long what the platform says of a machine's health may be older than the machine: Azure does not say whether the time it
	// gives is that of the last report or of the last change, and a machine that stays well changes nothing.
	healthLag = 2 * time.Minute
	// betweenReadings is how far apart readings are that count as two.
	betweenReadings = 10 * time.Second
	// betweenManyReadings is how far apart readings are looked for where more than fewReadings are asked for: they may go on for an hour, and
	// each costs a list and a model.
	betweenManyReadings = 24 * time.Second
	fewReadings         = 6
)

// sample looks at a machine of an operation, and returns the reference with what was learnt of its health.
func (r *round) sample(op *Operation, ref Attempt, i Instance) Attempt {
	ref.HealthySince = op.wellSince(r.spec.Health, i, ref.HealthySince, r.at)
	asked := r.spec.Health.inARow()
	switch {
	case asked == 0, ref.HealthySince.IsZero():
		ref.Successes = 0
	case ref.Successes < asked && op.isReadingDue(r.at):
		ref.Successes++
	}
	return ref
}

// wellSince is since when a machine of the operation has been well with what the operation brought: not before it was over, and where
// nothing tells that its health is from after it, not before that was waited out.
func (o *Operation) wellSince(h Health, i Instance, remembered, at time.Time) time.Time {
	since := wellSince(h, i, remembered, at)
	switch {
	case since.IsZero(), !o.isAfter(h, i, at):
		return time.Time{}
	case !remembered.IsZero():
		return since
	case o.EndedAt.IsZero(), !o.isLater(i, at) && h.Source == HealthApplication:
		return at
	case since.Before(o.EndedAt):
		return o.EndedAt
	default:
		return since
	}
}

// isReadingDue says whether what is seen now counts as another reading of the operation's machines.
func (o *Operation) isReadingDue(at time.Time) bool {
	return !at.Before(o.LastReadingAt.Add(betweenReadings))
}

// isAfter says whether what is said of the machine's health is from after the operation was begun. What was said of it before says nothing
// of the release. With a new disk, health begins anew, so that its time has to be a later one, too; where the machine went on, it may stay
// as it was, and is believed once it was waited out.
func (o *Operation) isAfter(h Health, i Instance, at time.Time) bool {
	switch {
	case h.Source != HealthApplication, o.isLater(i, at):
		return true
	case o.ReplacesOSDisk && !i.Health.Since.IsZero():
		return false
	}
	return !o.EndedAt.IsZero() && !at.Before(o.EndedAt.Add(min(healthLag, h.Timeout/2)))
}

// isLater says whether the time that comes with what is said of the machine's health is from after the operation was begun. Azure's clock
// alone tells: the controller's may be hours away from it. Where Azure did not say when the operation was begun, it is compared how long
// ago each was, and where Azure said no time at all, it is not known to be later.
func (o *Operation) isLater(i Instance, at time.Time) bool {
	if !o.AzureTime.IsZero() {
		return i.Health.Since.After(o.AzureTime)
	}
	heard := heardAt(i, at)
	return !heard.IsZero() && heard.After(o.CreatedAt)
}

// inARow is how many readings are counted; 0: one look is enough, so none is.
func (h Health) inARow() int {
	if h.SuccessThreshold <= 1 {
		return 0
	}
	return h.SuccessThreshold
}

// patience says in words what a machine that is well waits for.
func (h Health) patience() string {
	if h.inARow() == 0 {
		return h.MinReady.String()
	}
	return fmt.Sprintf("%s and %d readings", h.MinReady, h.SuccessThreshold)
}

// nextReading is when the next reading of the machines counts, if any of them lacks one.
func (r *round) nextReading(op *Operation, refs []Attempt) time.Duration {
	lacks := func(ref Attempt) bool { return ref.Successes < r.spec.Health.inARow() }
	if !slices.ContainsFunc(refs, lacks) {
		return recheckBusy
	}
	apart := betweenReadings
	if r.spec.Health.inARow() > fewReadings {
		apart = betweenManyReadings
	}
	return r.until(op.LastReadingAt.Add(apart), recheckBusy)
}
