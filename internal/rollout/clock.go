package rollout

import (
	"fmt"
	"time"
)

const (
	// clockSlack is how far ahead of now a time may lie that was now when it was remembered: times are rounded, and no two clocks agree
	// exactly.
	clockSlack = time.Minute
	// longestAsked is the longest that Azure is obeyed when it asks to wait. Its buckets refill within minutes.
	longestAsked = time.Hour
)

// ownTime is a remembered time by the controller's own clock.
type ownTime struct {
	at   *time.Time
	most time.Duration // how far ahead of now it can lie
}

// keepClock takes as now every remembered time that lies further ahead than it ever can: the clock was ahead when it was remembered.
// Without that, a rollout would wait until the clock is there again. What Azure's clock told is no concern of it.
func keepClock(r *round) (verdict, bool) {
	for _, t := range r.memory.ownTimes() {
		if ahead := t.at.Sub(r.at); ahead > t.most {
			r.wentBack = max(r.wentBack, ahead)
			*t.at = r.at
		}
	}
	if r.wentBack > 0 { // what is waited for was reckoned by the same clock
		r.memory.wakeUp(r.at)
	}
	return undecided()
}

// wakeUp ends every wait for a time of the controller's own.
func (m *State) wakeUp(at time.Time) {
	for _, t := range []*time.Time{&m.Pacing.NotBefore, &m.Pacing.Deferred.Until, &m.Pacing.ReadsDeferred.Until} {
		if t.After(at) {
			*t = at
		}
	}
	if op := m.Operation; op != nil && op.NextPollAt.After(at) {
		op.NextPollAt = at
	}
}

// ownTimes are the remembered times by the controller's own clock. The history is not among them: nothing is decided by it.
func (m *State) ownTimes() []ownTime {
	times := []ownTime{
		{
			&m.Pacing.NotBefore,
			longestAsked + clockSlack,
		}, {&m.Pacing.Deferred.Until, longestAsked + clockSlack}, {&m.Pacing.ReadsDeferred.Until, longestAsked + clockSlack},
	}
	happened := func(all ...*time.Time) {
		for _, at := range all {
			times = append(times, ownTime{at, clockSlack})
		}
	}
	happened(
		&m.Pacing.Deferred.Since,
		&m.Pacing.ReadsDeferred.Since,
		&m.Timers.ListShortSince,
		&m.Timers.UnhealthySince,
		&m.Pacing.LastBatchEnd,
		&m.Preempted.At,
		&m.Preempted.CreatedAt,
		&m.Stage.Timer.Since,
		&m.Timers.Progress.Since,
	)
	if op := m.Operation; op != nil {
		times = append(times, ownTime{&op.NextPollAt, longestAsked + clockSlack})
		happened(&op.CreatedAt, &op.AcceptedAt, &op.EndedAt, &op.LastReadingAt)
		for n := range op.Instances {
			happened(&op.Instances[n].HealthySince)
		}
	}
	if back := m.Rollback.Current; back != nil {
		happened(&back.StartedAt, &back.ModelRestoredAt)
	}
	for n := range m.Ledger.Failed {
		happened(&m.Ledger.Failed[n].At)
	}
	for n := range m.Tasks.Hooks {
		happened(&m.Tasks.Hooks[n].Since, &m.Tasks.Hooks[n].DrainingSince)
	}
	return times
}

// tellClock says once that the clock went back.
func (r *round) tellClock(because Explanation) Explanation {
	if r.wentBack > 0 {
		because.Message = fmt.Sprintf(
			"the clock of the controller went back by %s, so times that lay ahead count as now; %s",
			r.wentBack.Round(time.Second),
			because.Message,
		)
	}
	return because
}

// heardAt is when what is said of the instance's health was said, by the controller's clock: its age is reckoned from Azure's times alone.
// The zero time: not known.
func heardAt(i Instance, at time.Time) time.Time {
	if i.Health.Since.IsZero() || i.ListedAt.IsZero() {
		return zeroTime
	}
	return at.Add(-max(i.ListedAt.Sub(i.Health.Since), 0))
}
