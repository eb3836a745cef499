package modelcheck

import (
	"slices"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// ledger is the oracle's own, written from what really happened and from nothing that the core reports.
type ledger struct {
	approved uint8     // steps that a person approved in this run, a bit each
	promoted uint8     // steps whose gate a person opened whatever it waits for
	metSince time.Time // since when the step's share was seen reached; zero: it is not
	written  bool      // the model holds what we wrote, and was not put back
	before   content   // the model right before
	refusals refusals
}

// noteMemory follows a new memory as it is persisted.
func (s *state) noteMemory(d rollout.Decision) {
	old, next := &s.memory, &d.State
	if old.Run.Number != next.Run.Number {
		s.noteRun()
	}
	if old.Run.Number != next.Run.Number || old.Stage.Name != next.Stage.Name {
		s.ledger.metSince = time.Time{}
	}
	if isBack(*next) && !isBack(*old) {
		s.noteBack(next.Rollback.Current.Kind == rollout.FullRollback)
	}
	if next.Run.Completed && !old.Run.Completed {
		s.noteBack(true)
	}
	if next.Operation != nil {
		s.noteNamed(rollout.Refs(next.Operation.Instances))
	}
}

// noteRun opens the books for another run.
func (s *state) noteRun() {
	s.ledger.approved, s.ledger.promoted = 0, 0
	for i := range s.world.list() {
		s.world.instances[i].reimaged = 0
	}
}

// noteNamed notes the instances of an intent: from then on they may have been touched.
func (s *state) noteNamed(named []rollout.Ref) {
	for _, ref := range named {
		if at := s.world.find(ref.ID); at >= 0 && strconv.Itoa(int(s.world.instances[at].vm)) == ref.VMID {
			s.world.instances[at].exposed = true
		}
	}
}

// noteBack closes the books on what was written, and on who was exposed.
func (s *state) noteBack(instances bool) {
	s.ledger.written = false
	for i := range s.world.list() {
		m := &s.world.instances[i]
		m.exposed, m.heir = m.exposed && !instances, m.heir && !instances
	}
}

// noteUndone notes that a completed release is undone: who has it is exposed again.
func (s *state) noteUndone(r round) {
	if back := r.d.State.Rollback.Current; back == nil || !back.AllInstances || back.Done {
		return
	}
	for i := range s.world.list() {
		m := &s.world.instances[i]
		m.exposed = m.exposed || carrying(m.at, r.spec.Target) == m.at
	}
}

// noteOpened notes which gates people opened: by the actions that were there and were accepted.
func (s *state) noteOpened(spec rollout.Spec, r round) {
	for _, a := range r.obs.Actions {
		accepted := slices.ContainsFunc(r.d.Answers, func(x rollout.Answer) bool { return x.UID == a.UID && x.Accepted })
		if !accepted || a.Run != r.d.State.Run.Number {
			continue
		}
		for n, step := range spec.Canary.Steps {
			switch named := step.Name == a.Step; {
			case named && a.Verb == rollout.VerbApprove:
				s.ledger.approved |= 1 << n
			case named && a.Verb == rollout.VerbPromote, a.Verb == rollout.VerbPromoteFull:
				s.ledger.promoted |= 1 << n
			}
		}
	}
}

// noteMet notes since when a share is reached, in rounds that looked.
func (s *state) noteMet(r round) {
	if r.obs.Instances.State != rollout.Read || r.obs.Model.State != rollout.Read {
		return
	}
	switch c := (&judge{s: s, r: r, m: r.d.State}).count(); {
	case c.n == 0 || c.well < c.desired-c.tolerated:
		s.ledger.metSince = time.Time{}
	case s.ledger.metSince.IsZero():
		s.ledger.metSince = s.world.at()
	}
}

// noteSeen notes the instances that had the target while the content before it was unknown: if that is declared, they are restored to it.
func (s *state) noteSeen(r round) {
	m := &r.d.State
	if r.obs.Instances.State != rollout.Read || m.Rollback.Current != nil || m.Run.Completed || m.Rollback.Baseline.Invalid == "" {
		return
	}
	for i := range s.world.list() {
		seen := &s.world.instances[i]
		seen.heir = seen.heir || carrying(seen.at, r.spec.Target) == seen.at
	}
}

// noteEffect follows an effect that was sent.
func (s *state) noteEffect(r round, before content) {
	if s.world.model != before && r.d.State.Rollback.Current == nil && !s.ledger.written {
		s.ledger.written, s.ledger.before = true, before
	}
	for _, ref := range rollout.InstancesOf(r.d.Step) {
		if at := s.world.find(ref.ID); at >= 0 {
			s.world.instances[at].exposed = true
		}
	}
}

// noteMade notes that an instance made while the model held what we wrote has that.
func (s *state) noteMade(m *instance) {
	before := s.ledger.before
	m.exposed = s.ledger.written && (m.at.image != before.image || m.at.script != before.script || m.at.tag != before.tag)
}
