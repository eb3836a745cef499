package advance

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/batch"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/task"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// instancePhase is how far one instance of a batch is.
type instancePhase int

const (
	phaseGone      instancePhase = iota // no longer listed, or being deleted
	phaseStopped                        // off, since the operation
	phaseBusy                           // the platform is at work on it, or it may exist and is not listed
	phaseOutdated                       // not at the latest model, or its disk is the old one: nothing happened to it
	phaseFailed                         // the platform or the script reports a failure
	phaseUnhealthy                      // has the target, is not healthy
	phaseMaturing                       // has the target, is healthy, not yet for long enough
	phaseChecking                       // and for long enough, and its checks have no result yet
	phaseRejected                       // it failed a check
	phaseVerified                       // has the target and has been healthy for long enough
)

// batchStatus sorts a batch's instances by how far they are.
type batchStatus map[instancePhase][]rollout.Attempt

// statusOf judges every instance of the operation.
func statusOf(d *Draft, op *rollout.Operation) batchStatus {
	status, counted := batchStatus{}, false
	for _, a := range op.Instances {
		phase, before := phaseGone, a.Successes
		if i, listed := d.Find(a.Ref); listed {
			a = inventory.Sample(d.Spec.Health, op, a, i, d.At())
			phase = phaseOf(d.View, op, a, i)
		} else if d.MayExist(a.Ref) {
			phase = phaseBusy
		}
		counted = counted || a.Successes > before
		status[phase] = append(status[phase], a)
	}
	if counted {
		op.LastReadingAt = d.At()
	}
	return status
}

// phaseOf judges one instance.
func phaseOf(v *view.View, op *rollout.Operation, a rollout.Attempt, i rollout.Instance) instancePhase {
	hasHappened := view.HasHappened(op, a, i)
	switch {
	case i.State == rollout.StateDeleting:
		return phaseGone
	case i.IsOff() && !op.EndedAt.IsZero():
		return phaseStopped
	case i.IsBusy():
		return phaseBusy
	case i.State == rollout.StateFailed && (!op.EndedAt.IsZero() || hasHappened):
		return phaseFailed
	case !hasHappened:
		return phaseOutdated
	}
	return phaseOfUpdated(v, op, a, i)
}

// phaseOfUpdated judges an instance to which what was to happen did happen.
func phaseOfUpdated(v *view.View, op *rollout.Operation, a rollout.Attempt, i rollout.Instance) instancePhase {
	switch {
	case target.Failed(v.Spec.Target, i):
		return phaseFailed
	case op.Kind == rollout.UpgradeOperation && v.Spec.Instances.Action == rollout.ActionUpgradeThenReimage:
		return phaseVerified // as far as the upgrade goes; its health is judged after the reimage
	case i.Latest != rollout.True || target.Contradicts(v.Spec.Target, i) || a.HealthySince.IsZero():
		return phaseUnhealthy
	}
	return phaseOfHealthy(v, a)
}

// phaseOfHealthy judges an instance that has the target and is healthy.
func phaseOfHealthy(v *view.View, a rollout.Attempt) instancePhase {
	checked, _ := task.InstanceResult(v, a)
	switch {
	case checked == rollout.False:
		return phaseRejected
	case v.At().Sub(a.HealthySince) < v.Spec.Health.MinReady, a.Successes < v.Spec.Health.RequiredReadings():
		return phaseMaturing
	case checked == rollout.Unknown:
		return phaseChecking
	default:
		return phaseVerified
	}
}

// pending is the reason why a batch stays open.
func (s batchStatus) pending() []rollout.Attempt {
	var attempts []rollout.Attempt
	for _, phase := range []instancePhase{phaseBusy, phaseOutdated, phaseUnhealthy, phaseMaturing, phaseChecking} {
		attempts = append(attempts, s[phase]...)
	}
	return attempts
}

// waitForHealth waits for pending instances.
func waitForHealth(v *view.View, op *rollout.Operation, s batchStatus) *view.Hold {
	failed := op.EndedAt.Add(v.Spec.Health.Timeout)
	recheck, until, isEnding := view.RecheckBusy, time.Time{}, len(s[phaseBusy])+len(s[phaseUnhealthy]) > 0
	if isEnding {
		until, recheck = failed, v.Until(failed, view.RecheckBusy)
	}
	if last := lastMature(v, s); !last.IsZero() {
		if until.IsZero() || last.Before(until) {
			until = last
		}
		if !isEnding { // else it ends nothing
			recheck = evenly(last.Sub(v.At()), view.RecheckBusy)
		}
	}
	return pendingHold(v, op, s, recheck).WithUntil(until)
}

// pendingHold says what the batch waits for.
func pendingHold(v *view.View, op *rollout.Operation, s batchStatus, recheck time.Duration) *view.Hold {
	switch {
	case len(s[phaseBusy]) > 0:
		return view.Wait(rollout.ReasonProgressing, recheck, "waiting for Azure to finish updating %s", view.ListAttempts(s[phaseBusy]))
	case len(s[phaseUnhealthy]) > 0:
		i, _ := v.Find(s[phaseUnhealthy][0].Ref)
		return view.Wait(rollout.ReasonWaitingForHealth, recheck, "waiting until %s for %s to be healthy: %s",
			view.FormatTime(op.EndedAt.Add(v.Spec.Health.Timeout)), view.ListAttempts(s[phaseUnhealthy]),
			inventory.UnhealthyReason(v.Spec.Target, i))
	case len(s[phaseMaturing]) > 0:
		return view.Wait(rollout.ReasonWaitingForHealth, min(recheck, nextReading(v, op, s[phaseMaturing])),
			"waiting for %s to stay healthy for %s", view.ListAttempts(s[phaseMaturing]), view.RequiredHealth(v.Spec.Health))
	}
	_, running := task.InstanceResult(v, s[phaseChecking][0])
	return view.Wait(rollout.ReasonWaitingForHealth, recheck, "waiting for the result of check %s on %s",
		running, view.ListAttempts(s[phaseChecking]))
}

// lastMature is when the last of those that are healthy will have been so for long enough, and zero where none is waited for. There is one
// read then, instead of one for each: a list of a thousand instances is expensive.
func lastMature(v *view.View, s batchStatus) time.Time {
	var last time.Time
	for _, a := range s[phaseMaturing] {
		if mature := a.HealthySince.Add(v.Spec.Health.MinReady); mature.After(v.At()) && mature.After(last) {
			last = mature
		}
	}
	return last
}

const (
	// betweenManyReadings is how far apart readings are made where more than fewReadings are required: they may go on for an hour, and each
	// costs a list and a model.
	betweenManyReadings = 24 * time.Second
	fewReadings         = 6
)

// nextReading is when the next reading of the instances counts, if any of them lacks one.
func nextReading(v *view.View, op *rollout.Operation, attempts []rollout.Attempt) time.Duration {
	required, lacks := v.Spec.Health.RequiredReadings(), false
	for _, a := range attempts {
		lacks = lacks || a.Successes < required
	}
	if !lacks {
		return view.RecheckBusy
	}
	apart := inventory.BetweenReadings
	if required > fewReadings {
		apart = betweenManyReadings
	}
	return v.Until(op.LastReadingAt.Add(apart), view.RecheckBusy)
}

// evenly divides the time that is left into waits that are equally long, and at most that long.
func evenly(left, most time.Duration) time.Duration {
	return left / ((left + most - 1) / most)
}

func byID(attempts []rollout.Attempt) []rollout.Attempt { return batch.ByID(attempts) }
