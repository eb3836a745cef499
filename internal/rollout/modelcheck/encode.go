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
		e.bits(
			m.ill,
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

func (e *encoder) memory() {
	m := &e.s.memory
	e.text(m.Run.Revision)
	e.bits(
		m.Run.Number > 0,
		m.Model.Applied,
		m.Model.ScriptWritten,
		m.Run.Completed,
		m.Model.CompletedETag != "",
		m.Model.CompletedETag == strconv.Itoa(int(e.s.world.version)),
		m.Pacing.Throttled,
		m.Run.CompletedAtBaseline,
		m.Stage.PromoteAll,
		m.RepairsSuspended,
		m.Run.StartedAt.IsZero(),
	)
	e.num(m.Model.CompletedCapacity)
	e.text(m.ScaleSet.ID)
	e.text(m.ScaleSet.ReplacedBy)
	e.num(m.Pacing.ExposedThen)
	e.num(m.Pacing.NoEffectCount)
	e.refs(m.Pacing.NoEffectInstances)
	e.num(int(m.Pacing.LastUpgradeDuration / time.Second))
	e.text(m.Stage.Name)
	e.gate(m.Stage.Timer, e.c.gateTime())
	e.ago(m.Timers.ListShortSince, shortListTime)
	e.ago(m.Timers.UnhealthySince, e.c.spec.Health.Timeout)
	e.ago(m.Pacing.LastBatchEnd, max(e.c.spec.Batch.Pause, settleTime))
	e.left(m.Pacing.NotBefore)
	e.left(m.Pacing.ReadsDeferred.Until)
	e.ago(m.Pacing.ReadsDeferred.Since, time.Hour)
	e.operation(m.Operation)
	e.failures(m.Ledger.Failed)
	e.baseline(m.Rollback.Baseline)
	e.back(m.Rollback.Current)
	e.refs(m.Preempted.Instances)
	e.ago(m.Preempted.At, operationDeadline)
	e.bits(m.Preempted.ID == "", m.Preempted.CreatedAt.IsZero())
	e.gate(m.Timers.Progress.Timer, e.c.spec.Failure.ProgressDeadline)
	e.num(m.Timers.Progress.Reached)
	e.texts(m.Stage.ChecksPassed)
	e.bits(m.Stage.FailedCheck != "")
	e.num(m.Stage.GateResets)
	e.calls(m)
	e.people(m)
}

// calls is who is being called, and whose nodes are cordoned. No world of the model check declares hooks yet, so it stays empty.
func (e *encoder) calls(m *rollout.State) {
	e.num(len(m.Tasks.Hooks))
	for _, c := range m.Tasks.Hooks {
		e.text(string(c.Point))
		e.num(c.Sequence)
		e.ago(c.Since, operationDeadline)
		e.ago(c.DrainingSince, operationDeadline)
		e.refs(c.Instances)
		for _, d := range c.Done {
			e.text(d.Hook)
			e.texts(d.InstanceIDs)
		}
		e.text(c.Subject)
	}
	e.num(m.Tasks.Sequence)
	e.text(m.Tasks.StepBefore)
	e.text(m.Tasks.StepAfter)
	e.texts(m.Ledger.Cordoned)
}

// people is what people had a hand in, and what is kept of ended runs: which of their records are still needed.
func (e *encoder) people(m *rollout.State) {
	e.texts(m.Ledger.Exposed)
	e.texts(m.Ledger.Verified)
	e.texts(m.Stage.Approved)
	e.text(m.Stage.Promoted)
	e.refs(m.Ledger.Skipped)
	e.text(m.Rollback.LastCompletedRevision)
	e.text(m.Model.SettingsDigest)
	for _, t := range m.History {
		e.bits(t.Result == rollout.RunPromoted, t.Number == m.Run.Number)
		if t.Result == rollout.RunPromoted {
			e.text(t.Revision)
			e.text(t.PreviousRevision)
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
func (e *encoder) gate(g rollout.Timer, most time.Duration) {
	passed := g.Elapsed
	if !g.Since.IsZero() {
		passed += e.s.world.at().Sub(g.Since)
	}
	e.bits(g == rollout.Timer{}, g.Since.IsZero())
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
}

func (e *encoder) attempts(all []rollout.Attempt) {
	e.num(len(all))
	for _, a := range all {
		e.ref(a.Ref)
		e.num(a.Try)
		e.ago(a.HealthySince, e.c.spec.Health.MinReady)
		e.num(a.Successes)
		e.disk(a.ID, a.OSDisk)
	}
}

// disk tells an instance's remembered disk from the one that it has.
func (e *encoder) disk(id, disk string) {
	at := e.s.world.find(id)
	e.bits(disk == "", at >= 0 && disk == diskOf(e.s.world.machines[at]))
}

func (e *encoder) operation(op *rollout.Operation) {
	if op == nil {
		e.num(0)
		return
	}
	m, w := &e.s.memory, &e.s.world
	e.text(string(op.Kind))
	e.attempts(op.Instances)
	e.num(op.Attempt)
	e.ago(op.CreatedAt, operationDeadline)
	e.ago(op.AcceptedAt, operationDeadline)
	e.ago(op.EndedAt, max(e.c.spec.Health.Timeout, lagTime))
	e.left(op.NextPollAt)
	e.ago(op.LastReadingAt, time.Minute)
	e.bits(
		op.Run == m.Run.Number,
		op.Rollback,
		op.ReplacesOSDisk,
		op.PollToken == "",
		w.op.kind != "" && op.PollToken == strconv.Itoa(w.op.token),
	)
	if op.PollToken != "" && op.PollToken == strconv.Itoa(w.ended.token) {
		e.text(string(w.ended.state))
	}
	for _, p := range []*rollout.Problem{op.Error, op.Rejection} {
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
		e.num(f.Try)
		e.disk(f.ID, f.OSDisk)
		e.text(string(f.Reason))
	}
}

func (e *encoder) baseline(b rollout.Baseline) {
	e.text(b.Revision)
	e.text(string(b.Source))
	e.text(b.SecretName)
	e.text(b.SecretDigest)
	e.bits(b.Run == e.s.memory.Run.Number, b.Fixed, b.Invalid == "", b.NewestInstanceAt.IsZero())
	e.text(b.Unavailable)
}

func (e *encoder) back(b *rollout.Rollback) {
	if b == nil {
		e.num(0)
		return
	}
	e.text(string(b.Kind))
	e.text(string(b.Cause))
	e.text(b.Revision)
	e.ago(b.ModelRestoredAt, settleTime)
	now := e.s.world.at()
	e.bits(b.AllInstances, b.Done, now.Before(b.StartedAt.Add(stuckAfter)), now.Before(b.StartedAt.Add(operationDeadline)))
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
