package rollout

import "time"

// passed is how long the gate's timer has run.
func (g Gate) passed(at time.Time) time.Duration {
	if g.Since.IsZero() {
		return g.Elapsed
	}
	return g.Elapsed + max(at.Sub(g.Since), 0)
}

// keepGate lets the timer of the step's gate run, stand still or begin anew. It runs while the step's share is reached and
// well. It stands still while the rollout is paused or the window is closed. Whatever spoils the share spoils what had passed:
// a soak is a time without a break. It comes before anything else may end the round, so that a canary that falls ill while a
// preflight check or a drift holds the rollout does not pass its soak meanwhile.
func keepGate(r *round) (verdict, bool) {
	gate := &r.memory.Gate
	switch {
	case r.gateLength() == 0 || !r.isReached() || !r.isSound():
		*gate = Gate{}
	case r.spec.Paused || r.obs.Window.Closed:
		*gate = Gate{Elapsed: gate.passed(r.at)}
	case gate.Since.IsZero():
		gate.Since = r.at
	}
	return undecided()
}

// gateLength is how long the current step's share has to stay reached before the rollout goes on: the soak, and after the last
// step the bake as well.
func (r *round) gateLength() time.Duration {
	length := r.spec.step(r.memory).Soak
	if r.spec.isLast(r.memory) {
		length += r.spec.Bake
	}
	return length
}

// isReached says whether as many instances as the current step desires have the target and are well, and nothing is in flight.
func (r *round) isReached() bool {
	c := r.count()
	return c.n > 0 && len(c.verified) >= c.desired && !r.isWorking()
}

// isSound says whether no exposed instance is ill or failed, also none beyond what is desired.
func (r *round) isSound() bool {
	return len(r.memory.Failed) == 0 && len(r.illExposed()) == 0
}

// isWorking says whether an effect is in flight.
func (r *round) isWorking() bool {
	return r.memory.Operation != nil && r.memory.Operation.Refused == nil
}

// passGates opens every gate that may open, one after the other, until a step is not reached or a gate still holds. A gate never
// opens while the rollout is paused or the window is closed.
func passGates(r *round) (verdict, bool) {
	for r.isReached() {
		if r.spec.isLast(r.memory) && r.gateLength() == 0 {
			return r.reached(), true
		}
		if !r.isSound() {
			return undecided()
		}
		if left := r.gateLength() - r.memory.Gate.passed(r.at); left > 0 {
			return r.holdGate(left), true
		}
		if r.spec.isLast(r.memory) {
			return r.reached(), true
		}
		if v, held := holdIdle(r); held {
			return v, true
		}
		next := r.spec.Steps[r.spec.stage(r.memory)+1]
		r.memory.Step, r.memory.Gate = next.Name, Gate{}
		r.recount()
		keepGate(r)
	}
	return undecided()
}

// holdGate waits for the gate's timer.
func (r *round) holdGate(left time.Duration) verdict {
	if v, held := holdIdle(r); held {
		return v
	}
	c, step := r.count(), r.spec.step(r.memory)
	r.next = r.at.Add(left)
	what := "soaking"
	if r.spec.isLast(r.memory) && left <= r.spec.Bake {
		what = "baking"
	}
	return wait(ReasonSoaking, min(left, recheckHeld), "%s%d of %d instances have the target and are well; %s until %s",
		step.called(), len(c.verified), c.n, what, clock(r.next))
}
