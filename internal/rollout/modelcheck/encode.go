package modelcheck

import (
	"crypto/sha256"
	"slices"
	"strconv"
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
	e.memory()
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
		m := &w.machines[i]
		e.b = append(e.b, m.id, m.vm, byte(m.condition), min(m.reimaged, 3))
		e.content(m.at)
		e.bits(m.ill, m.inOp, w.latest(*m), m.exposed, m.heir, m.protected, start.Add(m.made).After(e.s.memory.Baseline.Since))
	}
	e.text(string(w.op.kind))
	if w.op.kind != "" {
		e.content(w.op.to)
		e.bits(w.op.lost, w.op.version == w.version)
	}
	e.bits(w.repairs, w.suspended)
}

// rest is what is declared and asked for, and the oracle's ledger.
func (e *encoder) rest() {
	s := e.s
	e.b = append(e.b, s.target, s.ledger.approved, s.ledger.promoted)
	e.content(s.ledger.before)
	e.bits(s.paused, s.closed, s.deleting, s.planning, s.released, s.ledger.written, s.slept, s.rotated)
	e.ago(s.ledger.metSince, e.c.gateTime())
	for _, a := range s.actions {
		e.text(string(a.Verb))
		e.text(a.Step)
		e.text(a.Instance)
		e.text(a.Revision)
		e.bits(a.Run == s.memory.Run, isTaken(s.memory, a.UID))
	}
	for _, r := range s.records {
		e.text(r.Name)
	}
}

func isTaken(m rollout.Memory, uid string) bool {
	is := func(t rollout.Taken) bool { return t.UID == uid }
	return slices.ContainsFunc(m.Taken, is) ||
		slices.ContainsFunc(m.Ended, func(e rollout.Ended) bool { return slices.ContainsFunc(e.Taken, is) })
}

func (e *encoder) memory() {
	m := &e.s.memory
	e.text(m.Revision)
	e.bits(m.Run > 0, m.ModelApplied, m.ScriptWritten, m.Completed, m.SettledETag != "", m.SettledETag == strconv.Itoa(int(e.s.world.version)),
		m.Throttled, m.Returned, m.PromoteFull, m.RepairsSuspended, m.Started.IsZero())
	e.num(m.SettledSize)
	e.text(m.Set)
	e.text(m.OtherSet)
	e.num(m.LastExposed)
	e.num(m.Fruitless)
	e.refs(m.Unchanged)
	e.num(int(m.Pace / time.Second))
	e.text(m.Step)
	e.gate(m.Gate, e.c.gateTime())
	e.ago(m.ShortSince, shortListTime)
	e.ago(m.UnhealthySince, e.c.spec.Health.Timeout)
	e.ago(m.LastBatchEnd, max(e.c.spec.Batch.Pause, settleTime))
	e.left(m.NotBefore)
	e.left(m.Unread.Until)
	e.ago(m.Unread.Since, time.Hour)
	e.operation(m.Operation)
	e.failures(m.Failed)
	e.baseline(m.Baseline)
	e.back(m.Return)
	e.refs(m.Former)
	e.ago(m.FormerSince, operationDeadline)
	e.bits(m.FormerID == "", m.FormerBegun.IsZero())
	e.gate(m.Stall.Gate, e.c.spec.Failure.ProgressDeadline)
	e.num(m.Stall.Count)
	e.texts(m.Checked)
	e.bits(m.Rejected != "")
	e.num(m.Spoilt)
	e.calls(m)
	e.people(m)
}

// calls is who is being called, and whose nodes are cordoned. No world of the model check declares hooks yet, so it stays empty.
func (e *encoder) calls(m *rollout.Memory) {
	e.num(len(m.Calls))
	for _, c := range m.Calls {
		e.text(string(c.Point))
		e.num(c.Number)
		e.ago(c.Since, operationDeadline)
		e.ago(c.DrainSince, operationDeadline)
		e.refs(c.Refs)
		for _, d := range c.Done {
			e.text(d.Hook)
			e.texts(d.IDs)
		}
		e.text(c.About)
	}
	e.num(m.CallNumber)
	e.text(m.StepBefore)
	e.text(m.StepAfter)
	e.texts(m.Drained)
}

// people is what people had a hand in, and what is kept of ended runs: which of their records are still needed.
func (e *encoder) people(m *rollout.Memory) {
	e.texts(m.Exposed)
	e.texts(m.Verified)
	e.texts(m.Approved)
	e.text(m.Promoted)
	e.refs(m.Skipped)
	e.text(m.Stable)
	e.text(m.Settings)
	for _, t := range m.Ended {
		e.bits(t.Outcome == rollout.EndingPromoted, t.Run == m.Run)
		if t.Outcome == rollout.EndingPromoted {
			e.text(t.Revision)
			e.text(t.Before)
		}
	}
}

func (e *encoder) texts(all []string) {
	e.num(len(all))
	for _, s := range all {
		e.text(s)
	}
}

// gate writes what has passed, for that alone counts, and whether more does.
func (e *encoder) gate(g rollout.Gate, most time.Duration) {
	passed := g.Elapsed
	if !g.Since.IsZero() {
		passed += e.s.world.at().Sub(g.Since)
	}
	e.bits(g == rollout.Gate{}, g.Since.IsZero())
	e.num(int(min(passed, most) / time.Second))
}

func (e *encoder) refs(all []rollout.Ref) {
	e.num(len(all))
	for _, ref := range all {
		e.ref(ref)
	}
}

func (e *encoder) ref(r rollout.Ref) {
	e.text(r.ID)
	e.text(r.VMID)
	e.num(r.Attempt)
	e.ago(r.HealthySince, e.c.spec.Health.MinReady)
	e.num(r.Successes)
	at := e.s.world.find(r.ID)
	e.bits(r.OSDisk == "", at >= 0 && r.OSDisk == diskOf(e.s.world.machines[at]))
}

func (e *encoder) operation(op *rollout.Operation) {
	if op == nil {
		e.num(0)
		return
	}
	m, w := &e.s.memory, &e.s.world
	e.text(string(op.Kind))
	e.refs(op.Instances)
	e.num(op.Attempt)
	e.ago(op.IntentAt, operationDeadline)
	e.ago(op.BegunAt, operationDeadline)
	e.ago(op.EndedAt, max(e.c.spec.Health.Timeout, lagTime))
	e.left(op.PollAt)
	e.ago(op.SeenAt, time.Minute)
	e.bits(op.Run == m.Run, op.Back, op.NewDisks, op.Token == "", w.op.kind != "" && op.Token == strconv.Itoa(w.op.token))
	if op.Token != "" && op.Token == strconv.Itoa(w.ended.token) {
		e.text(string(w.ended.state))
	}
	for _, p := range []*rollout.Problem{op.Trouble, op.Refused} {
		e.bits(p == nil)
		if p != nil {
			e.text(string(p.Kind))
		}
	}
}

func (e *encoder) failures(all []rollout.Failure) {
	e.num(len(all))
	for _, f := range all {
		e.ref(f.Ref)
		e.text(string(f.Reason))
	}
}

func (e *encoder) baseline(b rollout.Baseline) {
	e.text(b.Name)
	e.text(string(b.Source))
	e.text(b.Secret)
	e.text(b.Digest)
	e.bits(b.Run == e.s.memory.Run, b.Fixed, b.Why == "", b.Since.IsZero())
	e.text(b.Lost)
}

func (e *encoder) back(b *rollout.Return) {
	if b == nil {
		e.num(0)
		return
	}
	e.text(string(b.Kind))
	e.text(string(b.Cause))
	e.text(b.Record)
	e.ago(b.RestoredAt, settleTime)
	now := e.s.world.at()
	e.bits(b.All, b.Done, now.Before(b.At.Add(stuckAfter)), now.Before(b.At.Add(operationDeadline)))
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
	for _, step := range c.spec.Steps {
		gate := step.Soak
		if step.Approval != nil {
			gate += step.Approval.Timeout
		}
		most = max(most, gate)
	}
	return most + c.spec.Bake
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
	consider(m.NotBefore, 0)
	consider(m.Unread.Until, 0)
	consider(m.ShortSince, shortListTime)
	consider(m.UnhealthySince, health.Timeout)
	consider(m.LastBatchEnd, settleTime, c.spec.Batch.Pause)
	consider(m.FormerSince, settleTime, stuckAfter, operationDeadline)
	consider(m.Stall.Since, c.spec.Failure.ProgressDeadline-m.Stall.Elapsed)
	if m.Return != nil {
		consider(m.Return.RestoredAt, settleTime)
	}
	if op := m.Operation; op != nil {
		consider(op.PollAt, 0)
		consider(op.IntentAt, settleTime, recheckRefused, operationDeadline)
		consider(op.BegunAt, settleTime, operationDeadline)
		consider(op.EndedAt, settleTime, lagTime, health.Timeout)
		for _, ref := range op.Instances {
			consider(ref.HealthySince, health.MinReady)
		}
	}
	c.considerGate(m, consider)
	return next.Sub(now), !next.IsZero()
}

func (c *config) considerGate(m *rollout.Memory, consider func(time.Time, ...time.Duration)) {
	for _, step := range c.spec.Steps {
		end := step.Soak - m.Gate.Elapsed
		consider(m.Gate.Since, end, end+c.spec.Bake)
		if step.Approval != nil {
			consider(m.Gate.Since, end+step.Approval.Timeout)
		}
	}
	consider(m.Gate.Since, c.spec.Bake-m.Gate.Elapsed)
}
