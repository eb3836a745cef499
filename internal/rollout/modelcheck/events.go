package modelcheck

import (
	"fmt"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// kind is the kind of an event.
type kind uint8

const (
	aRound      kind = iota // which: how it is answered
	aDeath                  // which: where
	aBlindRound             // the list cannot be read
	anEnd                   // which: how
	anIllness               // which: the instance
	aRecovery
	anArrival // an instance that is being made is there
	aRepair   // an instance that failed is repaired by hand
	aScaleOut
	aScaleIn
	aReplacement // another instance under the same id
	anEdit       // which: of what
	aTarget      // which: the target
	aPause
	aResume
	aClosing
	anOpening
	anAction // which: the verb
	anUndo   // which: the record
	aDeletion
	aProtection // which: the instance
	anUnprotection
	aPlanning  // mode Plan
	anApplying // mode Apply again
	aRotation  // of the Secret that the protected settings are in
	timePasses
)

// kinds is a set of kinds.
type kinds uint32

func set(all ...kind) kinds {
	k := kinds(0)
	for _, one := range all {
		k |= 1 << one
	}
	return k
}

func (k kinds) has(one kind) bool { return k&(1<<one) != 0 }

// event is one thing that happens.
type event struct {
	kind  kind
	which uint8
}

// disturbs reports whether the event is one that a quiet life does without.
func (e event) disturbs(s *state) bool {
	switch e.kind {
	case aRound, anEnd:
		return e.which != 0
	case aRecovery, anArrival, aResume, anOpening, anUnprotection, anApplying:
		return false
	case timePasses:
		return s.slept
	case anAction:
		return verbs[e.which] != rollout.VerbApprove || s.reason != rollout.ReasonAwaitingApproval || len(s.actions) > 0
	default:
		return true
	}
}

var verbs = [...]rollout.Verb{
	rollout.VerbApprove, rollout.VerbPromote, rollout.VerbPromoteFull, rollout.VerbAbort, rollout.VerbRollback,
	rollout.VerbRetry, rollout.VerbSkipInstance,
}

var kindNames = [...]string{
	"round", "round dies", "blind round", "operation ends", "illness", "recovery", "arrival", "repair", "scale out", "scale in",
	"replacement", "edit",
	"target", "pause", "resume", "window closes", "window opens", "action", "undo", "deletion", "protection", "unprotection",
	"mode Plan", "mode Apply", "rotation of the Secret", "time passes"}

var (
	wayNames    = [...]string{"taken", "refused", "forbidden", "unanswered", "unsent", "fruitless", "preempts", "outrun", "throttled"}
	deathNames  = [...]string{"", "after store", "after remember", "after act"}
	resultNames = [...]string{"well", "broken", "sick", "failed", "preempted", "for nothing"}
	editNames   = [...]string{"image", "script", "other parts", "to the target"}
)

func (e event) String() string {
	name, which := kindNames[e.kind], fmt.Sprint(e.which)
	switch e.kind {
	case aRound:
		which = wayNames[e.which]
	case aDeath:
		which = deathNames[e.which]
	case anEnd:
		which = resultNames[e.which]
	case anEdit:
		which = editNames[e.which]
	case anAction:
		which = string(verbs[e.which])
	default:
	}
	return name + " (" + which + ")"
}

// offer collects what may happen to a state.
type offer struct {
	c    *config
	s    *state
	list []event
}

// add offers an event if it is possible, and the configuration knows of it or it goes without saying.
func (o *offer) add(possible bool, k kind, which ...uint8) {
	for _, n := range which {
		if e := (event{k, n}); possible && (o.c.can.has(k) || k == timePasses || !e.disturbs(o.s)) {
			o.list = append(o.list, e)
		}
	}
}

// events lists what may happen to a state beside rounds.
func (c *config) events(s *state, list []event) []event {
	o := &offer{c: c, s: s, list: list}
	w := &s.world
	_, more := c.nextMoment(s)
	o.add(more, timePasses, 0)
	if w.op.kind != "" {
		o.list = c.endings(s, o.list)
	}
	for i, m := range w.list() {
		o.instance(uint8(i), m)
	}
	o.add(w.n < min(c.instances+2, maxInstances, 4), aScaleOut, 0)
	o.add(true, anEdit, 0, 1, 2, 3)
	o.people()
	return o.list
}

// instance offers what may happen to one instance.
func (o *offer) instance(n uint8, m instance) {
	o.add(!m.unhealthy && !m.inOp && m.condition != creating, anIllness, n)
	o.add(m.unhealthy && !m.inOp, aRecovery, n)
	o.add(m.condition == creating, anArrival, n)
	o.add(m.condition == failed && !m.inOp, aRepair, n)
	o.add(true, aScaleIn, n)
	o.add(true, aReplacement, n)
	o.add(!m.protected, aProtection, n)
	o.add(m.protected, anUnprotection, n)
}

// people offers what people do.
func (o *offer) people() {
	s := o.s
	for n := range o.c.targets {
		o.add(n != int(s.target), aTarget, uint8(n))
	}
	o.add(!s.paused, aPause, 0)
	o.add(s.paused, aResume, 0)
	o.add(!s.closed, aClosing, 0)
	o.add(s.closed, anOpening, 0)
	o.add(!s.deleting, aDeletion, 0)
	o.add(!s.planning && !o.c.spec.PlanOnly, aPlanning, 0)
	o.add(s.planning, anApplying, 0)
	o.add(true, aRotation, 0)
	for n := range s.records {
		o.add(s.memory.Run.Number > 0 && len(s.actions) < 2, anUndo, uint8(n))
	}
	for n := range verbs {
		o.add(s.memory.Run.Number > 0 && len(s.actions) < 2 && o.c.offers(verbs[n]), anAction, uint8(n))
	}
}

// offers reports whether an action has a meaning here.
func (c *config) offers(v rollout.Verb) bool {
	switch v {
	case rollout.VerbApprove, rollout.VerbPromote, rollout.VerbPromoteFull:
		return len(c.spec.Canary.Steps) > 0
	default:
		return true
	}
}

func (c *config) endings(s *state, list []event) []event {
	op := s.world.op
	list = append(list, event{anEnd, uint8(succeeds)})
	if !touches(op.kind) || !c.can.has(anEnd) {
		return list
	}
	for how := breaks; how <= forNothing; how++ {
		list = append(list, event{anEnd, uint8(how)})
	}
	return list
}

// rounds lists what may become of a round.
func (c *config) rounds(s *state, r round, list []event) []event {
	o := &offer{c: c, s: s, list: append(list, event{aRound, uint8(taken)})}
	acts := r.d.Step.Operation() != ""
	o.add(len(r.d.SaveRevisions) > 0, aDeath, uint8(afterStore))
	o.add(acts || len(r.d.Answers) > 0, aDeath, uint8(afterRemember))
	o.add(acts, aDeath, uint8(afterAct))
	o.add(r.obs.Instances.State == rollout.Read, aBlindRound, 0)
	o.add(acts, aRound, uint8(refused), uint8(forbidden), uint8(unanswered), uint8(unsent))
	o.add(acts && c.throttles, aRound, uint8(throttled))
	writes := acts && rollout.InstancesOf(r.d.Step) == nil && !onRepairs(r.d.Step)
	o.add(writes, aRound, uint8(fruitless))
	o.add(writes && touches(s.world.op.kind), aRound, uint8(preempts))
	_, guarded := r.d.Step.(rollout.WriteImage)
	o.add(guarded, aRound, uint8(outrun))
	return o.list
}

// isRound reports whether the controller has a part in it.
func (e event) isRound() bool { return e.kind == aRound || e.kind == aDeath }

// happen makes an event that is no round happen.
func (c *config) happen(s *state, e event) {
	w := &s.world
	n := int(e.which)
	switch e.kind {
	case aBlindRound:
		s.carryOut(c.plan(s, true), taken, lives)
	case anEnd:
		w.end(result(e.which))
	case anIllness:
		w.instances[n].unhealthy = true
	case aRecovery:
		w.instances[n].unhealthy = false
	case aRepair, anArrival:
		w.instances[n].condition = sound
	case anEdit:
		c.edit(s, n)
	case timePasses:
		d, _ := c.nextMoment(s)
		w.now += d
		s.slept = true
	default:
		c.happenByPeople(s, e)
	}
}

func (c *config) happenByPeople(s *state, e event) {
	w, n := &s.world, int(e.which)
	switch e.kind {
	case aScaleOut:
		w.add()
		w.instances[w.n-1].condition = creating
		s.noteMade(&w.instances[w.n-1])
	case aScaleIn:
		w.remove(n)
	case aReplacement:
		old := w.instances[n]
		w.instances[n] = instance{id: old.id, vm: w.nextVM, at: w.model, version: w.version, made: w.birth(), heir: old.exposed || old.heir}
		w.nextVM++
		s.noteMade(&w.instances[n])
	case aProtection, anUnprotection:
		w.instances[n].protected = e.kind == aProtection
	case anAction:
		s.ask(c.spec, verbs[e.which])
	case anUndo:
		s.askFor(s.records[n].Revision)
	default:
		s.declare(e)
	}
}

// declare makes what people change of the object itself happen.
func (s *state) declare(e event) {
	switch e.kind {
	case aTarget:
		s.target = e.which
	case aPause, aResume:
		s.paused = e.kind == aPause
	case aClosing, anOpening:
		s.closed = e.kind == aClosing
	case aPlanning, anApplying:
		s.planning = e.kind == aPlanning
	case aDeletion:
		s.deleting = true
	case aRotation:
		s.rotated = !s.rotated
	default:
		panic("no such event: " + e.String())
	}
}

// edit changes the model as another writer would.
func (c *config) edit(s *state, of int) {
	m := s.world.model
	switch of {
	case 0:
		m.image = foreignImage
	case 1:
		m.script, m.tag = foreignScript, 0
	case 2:
		m.other++
	default:
		m = carrying(m, c.targets[s.target])
	}
	s.world.write(m)
}

// carrying is a content in which a target was put.
func carrying(m content, t rollout.Target) content {
	if t.Image != nil {
		m.image = indexOf(images[:], *t.Image)
	}
	if t.Script != nil {
		m.script = indexOf(scripts[:], t.Script.Command)
		if t.RevisionTag != "" {
			m.tag = indexOf(tags[:], t.RevisionTag)
		}
	}
	return m
}
