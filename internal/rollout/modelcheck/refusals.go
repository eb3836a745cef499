package modelcheck

import (
	"fmt"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// throttleTime is how long Azure asks to wait when it throttles.
const throttleTime = 2 * time.Minute

// refusals are what Azure said no to, and until when another try comes too soon.
type refusals struct {
	throttledUntil time.Time
	rejectedUntil  time.Time // of the effect below, which was not to be tried again before a remedy
	rejected       effect
}

// effect holds what stays the same when an effect is tried again.
type effect struct {
	kind  rollout.OperationKind
	named string
	run   int64
	back  bool
}

func effectOf(d *rollout.Decision) effect {
	back := d.State.Rollback.Current
	return effect{
		kind: d.Step.Operation(), named: fmt.Sprint(rollout.InstancesOf(d.Step)), run: d.State.Run.Number, back: back != nil && !back.Done,
	}
}

// note follows the answer to an effect. The core hears of it, so it is bound by it.
func (l *refusals) note(r round, o rollout.StepResult) {
	switch {
	case onRepairs(r.d.Step):
	case o.Problem == nil:
		*l = refusals{}
	case o.Problem.Kind == rollout.KindThrottled:
		l.throttledUntil = o.At.Add(o.Problem.RetryAfter)
	case o.Problem.Kind == rollout.KindForbidden && !isRepeated(r):
		l.rejectedUntil, l.rejected = o.At.Add(recheckRefused), effectOf(&r.d)
	}
}

// forget follows a round that acts on what a person asked for: an effect may be sent again then.
func (l *refusals) forget(r round) {
	if len(r.obs.Actions) > 0 {
		l.rejectedUntil = time.Time{}
	}
}

// isRepeated returns whether the effect repeats one that was rejected before. Nothing is persisted of its answer, so that a rejection which
// lasts writes nothing; the pace is the recheck's then.
func isRepeated(r round) bool {
	op := r.obs.State.Operation
	return op != nil && op.Rejection != nil
}

func (l *refusals) encode(e *encoder) {
	e.left(l.throttledUntil)
	if e.left(l.rejectedUntil); e.s.world.at().Before(l.rejectedUntil) {
		e.text(string(l.rejected.kind))
		e.text(l.rejected.named)
		e.bits(l.rejected.back, l.rejected.run == e.s.memory.Run.Number)
	}
}

// patient checks that an effect waits for as long as Azure asked to, and that one which Azure rejected is not sent again at once, unless a
// person asks for something (I10).
func (j *judge) patient() {
	l, at := j.s.ledger.refusals, j.r.obs.At
	if at.Before(l.throttledUntil) {
		j.breaks("I10: %T, and Azure asked to wait until %s", j.r.d.Step, l.throttledUntil)
	}
	if at.Before(l.rejectedUntil) && len(j.r.obs.Actions) == 0 && effectOf(&j.r.d) == l.rejected {
		j.breaks("I10: %T again, and it was rejected %s ago", j.r.d.Step, at.Sub(l.rejectedUntil.Add(-recheckRefused)))
	}
}
