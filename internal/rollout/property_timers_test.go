package rollout_test

import (
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// checkTimers recomputes what each timer must be after a round, from what the round saw and from what it was before, as far as that
// determines it. Once the controller's clock went back, times are corrected, so the law is left out until it is set again.
func (l *life) checkTimers(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) {
	before, after, at := obs.State, d.State, obs.At
	if l.wentBack {
		return
	}
	for n, t := range pastTimes(after) {
		if t != pastTimes(before)[n] && !t.IsZero() && !t.Equal(at) {
			l.breaks("timers: time %d began at %s, and was %s before", n, t, pastTimes(before)[n])
		}
	}
	l.timers(obs, d, l.waits(spec, obs, d))
	l.timers(obs, d, l.ofOperation(spec, obs, d))
	if before.Run.Number == after.Run.Number && before.Stage.Name == after.Stage.Name {
		l.timers(obs, d, l.stopwatches(spec, obs, d))
	}
}

// timers complains of what is not so.
func (l *life) timers(obs rollout.Observation, d rollout.Decision, laws map[string]bool) {
	for law, isKept := range laws {
		if !isKept {
			l.breaks("timers: not so at %s: %s: %s; before %+v %+v %+v %+v, after %+v %+v %+v %+v", obs.At, law, d.Explanation.Reason,
				obs.State.Timers, obs.State.Stage.Timer, obs.State.Pacing, obs.State.Operation, d.State.Timers, d.State.Stage.Timer,
				d.State.Pacing, d.State.Operation)
		}
	}
}

// pastTimes are the times that begin with the round which sets them.
func pastTimes(s rollout.State) []time.Time {
	times := []time.Time{s.Timers.UnhealthySince, s.Timers.ListShortSince, s.Timers.Progress.Since, s.Stage.Timer.Since,
		s.Pacing.LastBatchEnd, s.Preempted.At, {}, {}, {}, {}, {}}
	if r := s.Rollback.Current; r != nil {
		times[6], times[7] = r.StartedAt, r.ModelRestoredAt
	}
	if op := s.Operation; op != nil {
		times[8], times[9], times[10] = op.CreatedAt, op.EndedAt, op.LastReadingAt
	}
	return times
}

// waits are the laws of what is waited for outside an operation.
func (l *life) waits(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) map[string]bool {
	before, after, at := obs.State, d.State, obs.At
	isUpgrade := d.Step.Operation() == rollout.UpgradeOperation && after.Rollback.Current == nil
	isRetry := isUpgrade && slices.ContainsFunc(after.Operation.Instances, func(a rollout.Attempt) bool { return a.Try > 0 })
	isShort := after.Timers.ListShortSince
	failed := func(f rollout.Failure) bool {
		was := slices.ContainsFunc(before.Ledger.Failed, func(o rollout.Failure) bool { return o.Means(f.Ref) && o.Reason == f.Reason })
		return f.Reason == rollout.FailureHealth && !was && !before.IsInOperation(f.Ref) && !before.InFlight(instanceIn(obs, f.Ref))
	}
	isOver := !before.Timers.UnhealthySince.IsZero() && at.Sub(before.Timers.UnhealthySince) >= spec.Health.Timeout
	return map[string]bool{
		"a rollback begins now": after.Rollback.Current == nil || after.Rollback.Current.StartedAt.Equal(at) ||
			before.Rollback.Current != nil && after.Rollback.Current.StartedAt.Equal(before.Rollback.Current.StartedAt),
		"a batch begins while no instance is unhealthy": !isUpgrade || isRetry || after.Timers.UnhealthySince.IsZero(),
		"an instance fails once it was unhealthy for the timeout": !slices.ContainsFunc(after.Ledger.Failed, failed) ||
			isOver && after.Timers.UnhealthySince.IsZero(),
		"a list that was found short is short": isShort.IsZero() || !isShort.Equal(at) || before.Timers.ListShortSince.Equal(at) ||
			dumbMissing(obs) > 0,
		"nothing begins on a short list before that is waited out": !isUpgrade || isRetry || isShort.IsZero() ||
			at.Sub(isShort) >= 10*time.Minute,
		"the next effect waits as long as before, or for one that changed nothing": after.Run.Number != before.Run.Number ||
			after.Pacing.NotBefore.Equal(before.Pacing.NotBefore) || after.Pacing.NotBefore.Equal(at.Add(dumbBackoff(1))) ||
			after.Pacing.NotBefore.Equal(at.Add(dumbBackoff(before.Pacing.NoEffectCount+1))),
	}
}

// dumbMissing counts how many instances the list lacks.
func dumbMissing(obs rollout.Observation) int {
	missing := obs.Model.Value.Capacity
	for _, i := range obs.Instances.Value {
		if i.State != rollout.StateDeleting {
			missing--
		}
	}
	return missing
}

// dumbBackoff doubles for each effect that changed nothing.
func dumbBackoff(times int) time.Duration {
	wait := 15 * time.Second
	for range times - 1 {
		wait = min(2*wait, 5*time.Minute)
	}
	return wait
}

// ofOperation are the laws of the operation in flight.
func (l *life) ofOperation(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) map[string]bool {
	before, after, at := obs.State.Operation, d.State.Operation, obs.At
	began := d.Step.Operation() != "" && !isRepair(d.Step)
	isOver := before != nil && after == nil && before.TouchesInstances() && before.Rollback == d.State.IsRollingBack()
	verified := len(fresh(obs.State.Ledger.Verified, d.State.Ledger.Verified)) > 0
	isSame := before != nil && after != nil && before.CreatedAt.Equal(after.CreatedAt) && before.Kind == after.Kind
	isLooked := obs.Instances.State == rollout.Read && obs.Model.State == rollout.Read
	return map[string]bool{
		"an operation that begins begins now": !began || after == nil || after.CreatedAt.Equal(at) || isSame && after.Rejection != nil,
		"a verified batch ended now":          !isOver || !verified || d.State.Pacing.LastBatchEnd.Equal(at),
		"an operation ends once":              !isSame || before.EndedAt.IsZero() || after.EndedAt.Equal(before.EndedAt),
		"Azure's word is what ends it": !isSame || after.EndedAt.Equal(before.EndedAt) ||
			obs.Operation.State == rollout.Read && obs.Operation.Value.State != rollout.OperationRunning ||
			before.PollToken == "" || at.Sub(before.CreatedAt) >= 2*time.Hour ||
			before.Rollback && !before.TouchesInstances() && at.Sub(before.CreatedAt) >= 5*time.Minute,
		"nothing is accepted by a look":       !isSame || after.AcceptedAt.Equal(before.AcceptedAt),
		"an instance is healthy since it was": !isSame || !hasHealthJumped(before, after, at),
		"an unhealthy instance is healthy never": !isSame || !isLooked || after.Run != d.State.Run.Number ||
			!isHealthyUnwell(spec, obs, after), // that of a former target is waited for, and not looked at
	}
}

// hasHealthJumped returns whether an instance that was healthy before is said to be so since another time, or since one that is to come.
func hasHealthJumped(before, after *rollout.Operation, at time.Time) bool {
	return slices.ContainsFunc(after.Instances, func(a rollout.Attempt) bool {
		was := slices.IndexFunc(before.Instances, func(b rollout.Attempt) bool { return b.Means(a.Ref) })
		moved := was >= 0 && !before.Instances[was].HealthySince.IsZero() && !a.HealthySince.Equal(before.Instances[was].HealthySince)
		return !a.HealthySince.IsZero() && (moved || a.HealthySince.After(at))
	})
}

// isHealthyUnwell returns whether a listed instance of the operation is not well, and is said to be healthy since some time.
func isHealthyUnwell(spec rollout.Spec, obs rollout.Observation, op *rollout.Operation) bool {
	return slices.ContainsFunc(op.Instances, func(a rollout.Attempt) bool {
		i, listed := rollout.FindInstance(obs.Instances.Value, a.Ref)
		return listed && !a.HealthySince.IsZero() && !dumbWell(spec, i)
	})
}

// stopwatches are the laws of the timers that can stand still, within one step of a run.
func (l *life) stopwatches(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) map[string]bool {
	before, after, at := obs.State, d.State, obs.At
	gate, wasGate := after.Stage.Timer, before.Stage.Timer
	progress, wasProgress := after.Timers.Progress, before.Timers.Progress
	isHeld := spec.Paused || obs.Window.Closed || obs.IntegrationError != nil
	isFree := spec.Failure.ProgressDeadline == 0 || after.Rollback.Current != nil || after.Run.Completed
	isReset := progress.Reached > wasProgress.Reached || before.Run.Completed || before.Rollback.Current != nil || isEnded(obs)
	isLooked := obs.Instances.State == rollout.Read && obs.Model.State == rollout.Read
	isBatch := d.Step.Operation() == rollout.UpgradeOperation && d.Explanation.Reason.IsProgress()
	return map[string]bool{
		"no gate runs in a rollback":     after.Rollback.Current == nil || gate == rollout.Timer{},
		"a gate's time does not jump":    gate.Passed(at) <= wasGate.Passed(at),
		"a gate that is held stands":     !isHeld || gate.Since.IsZero() || !isLooked || d.State.IsWorking() || gate == wasGate,
		"a gate that is not held runs":   isHeld || gate == rollout.Timer{} || !gate.Since.IsZero() || !isLooked || gate == wasGate,
		"no deadline runs unasked":       !isFree || progress == rollout.ProgressTimer{},
		"no progress, no time given":     isFree || isReset || progress.Passed(at) == wasProgress.Passed(at),
		"progress begins the time anew":  isFree || progress.Reached <= wasProgress.Reached || progress.Passed(at) == 0,
		"held, the deadline stands":      isFree || !isHeld || progress.Since.IsZero(),
		"waiting, the deadline stands":   isFree || d.Explanation.Reason.IsProgress() || progress.Since.IsZero() || isWaitedFor(d),
		"put off, the deadline stands":   isFree || !at.Before(after.Pacing.NotBefore) || progress.Since.IsZero(),
		"in a batch, the deadline runs":  isFree || isHeld || !isBatch || !progress.Since.IsZero(),
		"nothing passed while it is set": progress.Elapsed >= 0 && gate.Elapsed >= 0,
	}
}

// isEnded returns whether Azure says that the operation ended for another one: its time counts for nothing.
func isEnded(obs rollout.Observation) bool {
	p := obs.Operation.Value.Problem
	return obs.Operation.State == rollout.Read && p != nil && (p.Kind == rollout.KindPreempted || p.Kind == rollout.KindCanceled)
}

// isWaitedFor returns whether something in flight is waited for, although the run failed.
func isWaitedFor(d rollout.Decision) bool {
	return d.Explanation.Reason == rollout.ReasonFailed && d.State.Operation != nil
}

// checkAnswer recomputes from Azure's answer until when the next effect has to wait.
func (l *life) checkAnswer(d rollout.Decision, o rollout.StepResult, after rollout.Decision) {
	was, is, p := d.State.Pacing.NotBefore, after.State.Pacing.NotBefore, o.Problem
	least, most := time.Duration(0), time.Hour
	switch {
	case p == nil, p.Kind == rollout.KindAmbiguous:
		if !is.Equal(was) && !isRepair(d.Step) {
			l.breaks("timers: the next effect waits until %s after one that was taken, before until %s", is, was)
		}
		return
	case p.Kind == rollout.KindThrottled && p.RetryAfter == 0 && !isRepair(d.Step):
		least = time.Minute
	case p.IsTemporary():
		least = min(p.RetryAfter, time.Hour)
	}
	if p.IsTemporary() && (is.Before(o.At.Add(least)) || is.After(o.At.Add(most))) {
		l.breaks("timers: the next effect waits until %s, and Azure said at %s: %+v", is, o.At, p)
	}
}
