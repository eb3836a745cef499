package rollout

import (
	"fmt"
	"slices"
	"time"
)

// keepGate lets the timer of the step's gate run, stand still or begin anew. It runs while the step's share is reached and
// well. It stands still while the rollout is paused or the window is closed. Whatever spoils the share spoils what had passed:
// a soak is a time without a break. It comes before anything else may end the round, so that a canary that falls ill while a
// preflight check or a drift holds the rollout does not pass its soak meanwhile.
func keepGate(r *round) (verdict, bool) {
	gate := &r.memory.Stage.Timer
	switch {
	case !r.hasGate() || !r.isReached() || !r.isSound():
		r.spoilGate()
	case r.standsStill():
		*gate = gate.Stopped(r.at)
	case gate.Since.IsZero():
		gate.Since = r.at
	}
	return undecided()
}

// spoilGate lets the gate begin anew, with its checks and calls, once the share is reached and well.
func (r *round) spoilGate() {
	r.spoilChecks()
	r.memory.hangUp(AfterStep)
	r.memory.Stage.Timer = Timer{}
}

// standsStill says whether nothing may be begun, so that no time passes, whatever is still in flight.
func (r *round) standsStill() bool {
	return r.spec.Paused || r.obs.Window.Closed || r.obs.IntegrationError != nil
}

// hasGate says whether anything has to pass once the current step's share is reached.
func (r *round) hasGate() bool {
	step := r.spec.step(r.memory)
	isAsked := len(r.spec.checks(CheckStep, false)) > 0 || len(r.spec.hooks(AfterStep)) > 0
	return step.Soak > 0 || step.Approval != nil || isAsked || (r.spec.isLast(r.memory) && r.spec.Canary.Bake > 0)
}

// isReached says whether as many instances as the current step desires have the target and are well, less those whose failure is
// tolerated, and nothing is in flight.
func (r *round) isReached() bool {
	c := r.count()
	return c.n > 0 && len(c.verified) >= c.desired-min(r.counted(), r.tolerated()) && !r.isWorking()
}

// isSound says whether no more have failed than is tolerated, and no other exposed instance is ill, also none beyond what is desired, or
// stopped.
func (r *round) isSound() bool {
	return r.memory.Stage.FailedCheck == "" && r.counted() <= r.tolerated() && len(r.illExposed())+len(r.suspects()) == 0
}

// isWorking says whether an effect is in flight.
func (r *round) isWorking() bool {
	return r.memory.Operation != nil && r.memory.Operation.Rejection == nil
}

// passGates opens every gate that may open, one after the other, until a step is not reached or a gate still holds. A gate never
// opens while the rollout is paused or the window is closed.
func passGates(r *round) (verdict, bool) {
	for r.isReached() {
		if r.spec.isLast(r.memory) && !r.hasGate() {
			return r.reached(), true
		}
		if !r.isSound() {
			return undecided()
		}
		if v, held := r.holdGate(); held {
			return v, true
		}
		if r.spec.isLast(r.memory) {
			return r.reached(), true
		}
		if v, held := holdIdle(r); held {
			return v, true
		}
		next := r.spec.Canary.Steps[r.spec.stage(r.memory)+1]
		r.memory.Stage.Name, r.memory.Stage.Timer, r.memory.Timers.Progress = next.Name, Timer{}, ProgressTimer{}
		r.recount()
		keepGate(r)
	}
	return undecided()
}

// holdGate waits for what has to pass, in this order: the soak, the checks, a person, and after the last step the bake. Whoever is to hear
// of it is called when all of it has.
func (r *round) holdGate() (verdict, bool) {
	step := r.spec.step(r.memory)
	if !r.memory.Stage.PromoteAll && (r.memory.Stage.Promoted == "" || r.memory.Stage.Promoted != step.Name) {
		if v, held := r.holdShare(step); held {
			return v, true
		}
	}
	return r.callAfterStep()
}

// holdShare waits for what a promotion skips.
func (r *round) holdShare(step CanaryStep) (verdict, bool) {
	if left := step.Soak - r.memory.Stage.Timer.Passed(r.at); left > 0 {
		return r.waitAtGate("soaking", left), true
	}
	if v, held := r.holdForChecks(); held {
		return v, true
	}
	return r.holdAfterChecks(step)
}

// holdAfterChecks waits for a person, and after the last step for the bake.
func (r *round) holdAfterChecks(step CanaryStep) (verdict, bool) {
	passed := r.memory.Stage.Timer.Passed(r.at)
	if step.Approval != nil && !r.memory.isApproved(step.Name) {
		if v, held := r.awaitApproval(step, passed-step.Soak); held {
			return v, true
		}
		passed = r.memory.Stage.Timer.Passed(r.at)
	}
	if left := step.Soak + r.spec.Canary.Bake - passed; r.spec.isLast(r.memory) && left > 0 {
		return r.waitAtGate("baking", left), true
	}
	return undecided()
}

// waitAtGate waits for the gate's timer.
func (r *round) waitAtGate(what string, left time.Duration) verdict {
	if v, held := holdIdle(r); held {
		return v
	}
	c := r.count()
	over := r.at.Add(left)
	r.awaits(over)
	return wait(ReasonSoaking, min(left, recheckHeld), "%s%d of %d instances have the target and are well; %s until %s",
		r.spec.step(r.memory).called(), len(c.verified), c.n, what, clock(over))
}

// awaitApproval waits for a person, as long as was declared, and then does what was declared.
func (r *round) awaitApproval(step CanaryStep, waited time.Duration) (verdict, bool) {
	if v, held := holdIdle(r); held {
		return v, true
	}
	approval := *step.Approval
	left := approval.Timeout - waited
	if approval.Timeout > 0 && left <= 0 && approval.OnTimeout != TimeoutWait {
		return r.timeOut(step)
	}
	c := r.count()
	recheck, then := recheckHeld, ""
	if approval.Timeout > 0 && approval.OnTimeout != TimeoutWait {
		over := r.at.Add(left)
		r.awaits(over)
		recheck, then = min(left, recheckHeld), fmt.Sprintf(" until %s, then onTimeout is %s", clock(over), approval.OnTimeout)
	}
	return wait(ReasonAwaitingApproval, recheck,
		"%s%d of %d instances have the target and are well; waiting for approval%s; create a RolloutAction with action Approve, run %d and "+
			"step %s",
		step.called(), len(c.verified), c.n, then, r.memory.Run.Number, step.Name), true
}

// timeOut does what was declared about a gate that nobody opened.
func (r *round) timeOut(step CanaryStep) (verdict, bool) {
	why := fmt.Sprintf("nobody approved step %q within %s", step.Name, step.Approval.Timeout)
	switch step.Approval.OnTimeout {
	case TimeoutAbort:
		return r.turnRound(AbortRollback, CauseTimeout, why), true
	case TimeoutRollback:
		return r.turnRound(FullRollback, CauseTimeout, why), true
	case TimeoutApprove, TimeoutWait:
	}
	r.openApproval()
	if m := &r.memory; len(m.Actions) < mostTaken {
		m.Actions = append(m.Actions, AppliedAction{Verb: VerbApprove, Step: step.Name, RequestedBy: byTimeout, At: r.at})
	}
	return undecided()
}

// byTimeout is who approved a step that nobody did: the field that says so.
const byTimeout = "onTimeout"

// openApproval notes the approval of the current step. What has to pass after it begins to pass now.
func (r *round) openApproval() {
	r.memory.Stage.Approved = append(r.memory.Stage.Approved, r.spec.step(r.memory).Name)
	r.restartGateAfterSoak()
}

// restartGateAfterSoak sets the gate's timer back to the end of the soak.
func (r *round) restartGateAfterSoak() {
	step, gate := r.spec.step(r.memory), &r.memory.Stage.Timer
	if gate.Passed(r.at) <= step.Soak {
		return
	}
	gate.Elapsed = step.Soak
	if !gate.Since.IsZero() {
		gate.Since = r.at
	}
}

// isApproved says whether the step's gate was approved in this run.
func (m State) isApproved(step string) bool { return slices.Contains(m.Stage.Approved, step) }
