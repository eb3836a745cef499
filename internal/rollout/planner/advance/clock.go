package advance

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// clockSlack is how far ahead of now a time may lie that was now when it was remembered: times are rounded, and no two clocks agree
// exactly.
const clockSlack = time.Minute

// ownTime is a remembered time by the controller's own clock.
type ownTime struct {
	at   *time.Time
	most time.Duration // how far ahead of now it can lie
}

// CorrectClock takes as now every remembered time that lies further ahead than it ever can: the clock was ahead when it was remembered.
// Without that, a rollout would wait until the clock is there again. Times by Azure's clock are left as they are.
func CorrectClock(d *Draft) {
	for _, t := range ownTimes(&d.State) {
		if ahead := t.at.Sub(d.At()); ahead > t.most {
			d.ClockBack = max(d.ClockBack, ahead)
			*t.at = d.At()
		}
	}
	if d.ClockBack > 0 { // what is waited for was computed by the same clock
		endWaits(&d.State, d.At())
	}
}

// endWaits ends every wait for a time of the controller's own.
func endWaits(s *rollout.State, at time.Time) {
	for _, t := range []*time.Time{&s.Pacing.NotBefore, &s.Pacing.Deferred.Until, &s.Pacing.ReadsDeferred.Until} {
		if t.After(at) {
			*t = at
		}
	}
	if op := s.Operation; op != nil && op.NextPollAt.After(at) {
		op.NextPollAt = at
	}
}

// ownTimes are the remembered times by the controller's own clock. The history is not among them: nothing is decided by it.
func ownTimes(s *rollout.State) []ownTime {
	const longWait = view.MaxAzureWait + clockSlack
	times := []ownTime{{&s.Pacing.NotBefore, longWait}, {&s.Pacing.Deferred.Until, longWait}, {&s.Pacing.ReadsDeferred.Until, longWait}}
	past := func(all ...*time.Time) {
		for _, at := range all {
			times = append(times, ownTime{at, clockSlack})
		}
	}
	past(&s.Pacing.Deferred.Since, &s.Pacing.ReadsDeferred.Since, &s.Timers.ListShortSince, &s.Timers.UnhealthySince, &s.Pacing.LastBatchEnd,
		&s.Preempted.At, &s.Preempted.CreatedAt, &s.Stage.Timer.Since, &s.Timers.Progress.Since)
	if op := s.Operation; op != nil {
		times = append(times, ownTime{&op.NextPollAt, longWait})
		past(&op.CreatedAt, &op.AcceptedAt, &op.EndedAt, &op.LastReadingAt)
		for n := range op.Instances {
			past(&op.Instances[n].HealthySince)
		}
	}
	if current := s.Rollback.Current; current != nil {
		past(&current.StartedAt, &current.ModelRestoredAt)
	}
	for n := range s.Ledger.Failed {
		past(&s.Ledger.Failed[n].At)
	}
	for n := range s.Tasks.Hooks {
		past(&s.Tasks.Hooks[n].Since, &s.Tasks.Hooks[n].DrainingSince)
	}
	return times
}
