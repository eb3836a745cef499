package modelcheck

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// key names a state: two states of one key behave alike. It is 128 bits of a SHA-256.
type key [16]byte

// encoder writes what the behaviour of a state depends on, and nothing else: times are relative to now and end where they stop to
// matter, serials are only compared with what they are compared with.
type encoder struct {
	b []byte
	s *state
	c *config
}

// keyOf returns the state's name.
func (c *config) keyOf(s *state, buffer []byte) (key, []byte) {
	e := encoder{b: buffer[:0], s: s, c: c}
	e.world()
	encodeState(&e)
	e.rest()
	sum := sha256.Sum256(e.b)
	return key(sum[:16]), e.b
}

func (e *encoder) num(n int) { e.b = append(e.b, byte(n), byte(n>>8)) }

func (e *encoder) bits(flags ...bool) {
	n := 0
	for i, f := range flags {
		if f {
			n |= 1 << i
		}
	}
	e.num(n)
}

func (e *encoder) text(s string) {
	e.num(len(s))
	e.b = append(e.b, s...)
}

// ago writes how long ago a time was, up to most; zero times and times to come are told apart.
func (e *encoder) ago(t time.Time, most time.Duration) {
	if t.IsZero() {
		e.num(0xffff)
		return
	}
	e.num(int(min(e.s.world.at().Sub(t), most)/time.Second) + 1)
}

// left writes how long until a time.
func (e *encoder) left(t time.Time) { e.num(int(max(t.Sub(e.s.world.at()), 0) / time.Second)) }

func (e *encoder) content(c content) { e.b = append(e.b, c.image, c.script, c.tag, c.other) }

func (e *encoder) world() {
	w := &e.s.world
	e.content(w.model)
	e.num(int(w.nextID))
	e.num(w.n)
	for i := range w.list() {
		m := &w.instances[i]
		e.b = append(e.b, m.id, m.vm, byte(m.condition), min(m.reimaged, 3))
		e.content(m.at)
		e.bits(
			m.unhealthy,
			m.inOp,
			w.latest(*m),
			m.exposed,
			m.heir,
			m.protected,
			start.Add(m.made).After(e.s.memory.Rollback.Baseline.NewestInstanceAt),
		)
	}
	e.text(string(w.op.kind))
	if w.op.kind != "" {
		e.content(w.op.to)
		e.bits(w.op.lost, w.op.version == w.version)
	}
	e.bits(w.repairs, w.suspended)
}

// rest holds the declaration, the actions, and the oracle's ledger.
func (e *encoder) rest() {
	s := e.s
	e.b = append(e.b, s.target, s.ledger.approved, s.ledger.promoted)
	e.content(s.ledger.before)
	e.bits(s.paused, s.closed, s.deleting, s.planning, s.released, s.ledger.written, s.slept, s.rotated)
	e.ago(s.ledger.metSince, e.c.gateTime())
	s.ledger.refusals.encode(e)
	for _, a := range s.actions {
		e.text(string(a.Verb))
		e.text(a.Step)
		e.text(a.Instance)
		e.text(a.Revision)
		e.bits(a.Run == s.memory.Run.Number, isTaken(s.memory, a.UID))
	}
	for _, r := range s.records {
		e.text(r.Revision)
	}
}

func isTaken(m rollout.State, uid string) bool {
	is := func(t rollout.AppliedAction) bool { return t.UID == uid }
	return slices.ContainsFunc(m.Actions, is) ||
		slices.ContainsFunc(m.History, func(e rollout.PastRun) bool { return slices.ContainsFunc(e.Actions, is) })
}

// What the core waits for, as its own constants say; the search must know which moments matter.
const (
	settleTime        = 45 * time.Second
	lagTime           = 5 * time.Minute
	stuckAfter        = 5 * time.Minute
	operationDeadline = 2 * time.Hour
	recheckRefused    = 5 * time.Minute
	shortListTime     = 10 * time.Minute
)

// gateTime is the longest that a gate can take.
func (c *config) gateTime() time.Duration {
	most := time.Duration(0)
	for _, step := range c.spec.Canary.Steps {
		gate := step.Soak
		if step.Approval != nil {
			gate += step.Approval.Timeout
		}
		most = max(most, gate)
	}
	return most + c.spec.Canary.Bake
}

// nextMoment is when time alone may next change what the core decides; false: it will not.
func (c *config) nextMoment(s *state) (time.Duration, bool) {
	now, next := s.world.at(), time.Time{}
	consider := func(from time.Time, after ...time.Duration) {
		for _, d := range after {
			if t := from.Add(d); !from.IsZero() && t.After(now) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
	}
	m, health := &s.memory, c.spec.Health
	consider(m.Pacing.NotBefore, 0)
	consider(m.Pacing.ReadsDeferred.Until, 0)
	consider(m.Timers.ListShortSince, shortListTime)
	consider(m.Timers.UnhealthySince, health.Timeout)
	consider(m.Pacing.LastBatchEnd, settleTime, c.spec.Batch.Pause)
	consider(m.Preempted.At, settleTime, stuckAfter, operationDeadline)
	consider(m.Timers.Progress.Since, c.spec.Failure.ProgressDeadline-m.Timers.Progress.Elapsed)
	if m.Rollback.Current != nil {
		consider(m.Rollback.Current.ModelRestoredAt, settleTime)
	}
	if op := m.Operation; op != nil {
		consider(op.NextPollAt, 0)
		consider(op.CreatedAt, settleTime, recheckRefused, operationDeadline)
		consider(op.AcceptedAt, settleTime, operationDeadline)
		consider(op.EndedAt, settleTime, lagTime, health.Timeout)
		for _, ref := range op.Instances {
			consider(ref.HealthySince, health.MinReady)
		}
	}
	c.considerGate(m, consider)
	return next.Sub(now), !next.IsZero()
}

func (c *config) considerGate(m *rollout.State, consider func(time.Time, ...time.Duration)) {
	for _, step := range c.spec.Canary.Steps {
		end := step.Soak - m.Stage.Timer.Elapsed
		consider(m.Stage.Timer.Since, end, end+c.spec.Canary.Bake)
		if step.Approval != nil {
			consider(m.Stage.Timer.Since, end+step.Approval.Timeout)
		}
	}
	consider(m.Stage.Timer.Since, c.spec.Canary.Bake-m.Stage.Timer.Elapsed)
}
