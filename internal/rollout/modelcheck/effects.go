package modelcheck

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// effect checks an effect right before it is carried out.
func (j *judge) effect() {
	j.permitted()
	if onRepairs(j.r.d.Step) {
		return
	}
	j.patient()
	if op := j.m.Operation; op == nil || op.Kind != j.r.d.Step.Operation() || op.Run != j.m.Run.Number ||
		!slices.Equal(rollout.Refs(op.Instances), rollout.InstancesOf(j.r.d.Step)) {
		j.breaks("I5: %T without a durable intent", j.r.d.Step)
	}
	if j.r.obs.Instances.State != rollout.Read || j.r.obs.Model.State != rollout.Read {
		j.breaks("I4: %T on what was not read", j.r.d.Step)
	}
	named := rollout.InstancesOf(j.r.d.Step)
	switch {
	case named == nil:
		j.write()
	case j.goesBack():
		j.targets(named)
		j.backward(named)
	default:
		j.targets(named)
		j.forward(named)
	}
}

func (j *judge) goesBack() bool { return j.m.Rollback.Current != nil }

// permitted checks that nothing forbids the effect (I7), with the exceptions of docs/spec/v1alpha1/vmssrollouts.md, Precedence.
func (j *judge) permitted() {
	spec := j.r.spec
	if _, resumes := j.r.d.Step.(rollout.ResumeRepairs); resumes {
		return
	}
	if spec.PlanOnly {
		j.breaks("I7: %T in Plan mode", j.r.d.Step)
	}
	if spec.Deletion == rollout.DeletionLeave {
		j.breaks("I7: %T for an object that is deleted", j.r.d.Step)
	}
	explicit, ignoresWindows := j.precedence()
	if spec.Paused && !explicit {
		j.breaks("I7: %T while paused", j.r.d.Step)
	}
	if j.s.closed && !ignoresWindows {
		j.breaks("I7: %T outside the window", j.r.d.Step)
	}
	if isBack(j.m) {
		j.breaks("%T after the run went back", j.r.d.Step)
	}
}

// precedence tells what a rollback overrides: pauses, and windows.
func (j *judge) precedence() (pause, window bool) {
	if j.m.Rollback.Current == nil {
		return false, false
	}
	switch j.m.Rollback.Current.Cause {
	case rollout.CauseAction, rollout.CauseDeletion:
		return true, true
	case rollout.CauseFailure, rollout.CauseTarget:
		return false, true
	default:
		return false, false
	}
}

// write checks a write of the model: the snapshot is stored before (I3), and only what is declared is written (I8).
func (j *judge) write() {
	after := j.s.world.after(j.r.d.Step)
	if j.goesBack() {
		j.writeBack(after)
		return
	}
	record := j.stored(j.m.Rollback.Baseline.Revision)
	if record == nil {
		j.breaks("I3: %T, and no snapshot is stored", j.r.d.Step)
		return
	}
	now, t := j.s.world.model, j.r.spec.Target
	untouched := !j.s.ledger.written && !j.m.Rollback.Baseline.Fixed
	if j.m.Rollback.Baseline.Source == rollout.BaselineSnapshot && untouched && paths(t, held(*record, now)) != paths(t, now) {
		j.breaks("I3: the snapshot holds %+v, and the model is %+v", held(*record, now), now)
	}
	j.declared(after, carrying(now, t), now)
}

// writeBack checks a write of the model in a rollback: it equals the record, protected settings included.
func (j *judge) writeBack(after content) {
	record := j.stored(j.m.Rollback.Current.Revision)
	if record == nil || held(*record, after) != after && !j.isHalfWay(*record, after) {
		j.breaks("I3: during a rollback the model is written otherwise than the record says: %+v", after)
		return
	}
	if _, writes := j.r.d.Step.(rollout.WriteScript); writes && record.Script.Digest != "" && record.Script.Digest != j.s.digest() {
		j.breaks("during a rollback the script gets other protected settings than the record says")
	}
}

// declared checks that every path that is written becomes what is declared or stays what it was (I8).
func (j *judge) declared(after, want, now content) {
	image := after.image == want.image || after.image == now.image
	script := after.script == want.script || after.script == now.script
	tag := after.tag == want.tag || after.tag == now.tag
	if !image || !script || !tag {
		j.breaks("I8: %T writes what is not declared: %+v", j.r.d.Step, after)
	}
}

// isHalfWay reports whether a write brings one of the two paths to where the record has it, and leaves the other.
func (j *judge) isHalfWay(s rollout.Snapshot, after content) bool {
	want, now := held(s, after), j.s.world.model
	return (after.image == want.image || after.image == now.image) &&
		((after.script == want.script && after.tag == want.tag) || (after.script == now.script && after.tag == now.tag))
}

// stored is the record, with what this very round has stored.
func (j *judge) stored(name string) *rollout.Snapshot {
	s := *j.s
	s.store(j.r.d.SaveRevisions)
	if r := s.record(name); r.State == rollout.Read {
		return &r.Value
	}
	return nil
}

// targets checks the instances that are named: they are there, themselves, at rest, and lack what they are to get (I5, I6).
func (j *judge) targets(named []rollout.Ref) {
	w := &j.s.world
	if len(named) == 0 {
		j.breaks("I6: an effect on no instance")
	}
	for _, ref := range named {
		at := w.find(ref.ID)
		if at < 0 || fmt.Sprint(w.instances[at].vm) != ref.VMID {
			j.breaks("I6: instance %s is not there, or another one", ref.ID)
			continue
		}
		j.lacks(w.instances[at])
	}
}

// lacks checks that the effect is one that the instance still has to get.
func (j *judge) lacks(m instance) {
	if m.protected {
		j.breaks("I6: instance %d is protected", m.id)
	}
	if m.inOp || m.condition == creating {
		j.breaks("I6: instance %d is worked on already", m.id)
	}
	latest := j.s.world.latest(m)
	if j.r.d.Step.Operation() == rollout.UpgradeOperation {
		if latest {
			j.breaks("I5: instance %d is upgraded, and is up to date", m.id)
		}
		return
	}
	if !latest || int(m.reimaged) > j.r.spec.Failure.Retries+j.askedAgain() {
		j.breaks("I6: instance %d is reimaged once more, or is not up to date", m.id)
	}
}

// askedAgain counts how often a person asked to try again.
func (j *judge) askedAgain() int {
	n := 0
	for _, ended := range j.m.History {
		for _, taken := range ended.Actions {
			if taken.Verb == rollout.VerbRetry {
				n++
			}
		}
	}
	return n
}

// budget checks unavailability (I1). Who is between an upgrade and the reimage that belongs to it is in flight all the time.
func (j *judge) budget(named []rollout.Ref, c count) {
	before, after, reimages := 0, 0, j.r.d.Step.Operation() == rollout.ReimageOperation
	for _, m := range j.s.world.list() {
		op := j.r.obs.State.Operation
		out := !m.isWell() || (reimages && op != nil && slices.ContainsFunc(rollout.Refs(op.Instances), m.is))
		if out {
			before++
		}
		if out || slices.ContainsFunc(named, m.is) {
			after++
		}
	}
	if after > max(c.most, before) {
		j.breaks("I1: %d unavailable, %d before, %d allowed", after, before, c.most)
	}
}

// forward checks the shares (I2, I13), and that nothing new is begun while something is wrong (I11).
func (j *judge) forward(named []rollout.Ref) {
	w, c := &j.s.world, j.count()
	if !j.carries(w.model, j.r.spec.Target) {
		j.breaks("I3: an upgrade, and the model does not carry the target")
	}
	j.budget(named, c)
	j.skips(named)
	j.zones(named)
	fresh, unhealthy := 0, 0
	for _, m := range w.list() {
		switch isNamed, latest := slices.ContainsFunc(named, m.is), w.latest(m); {
		case isNamed && !latest && !j.hasFailed(m, j.r.obs.State.Ledger.Failed) && !j.isTriedAgain(m):
			fresh++
		case !isNamed && latest:
			unhealthy += j.illness(m)
		}
	}
	if fresh > 0 {
		j.batch(c, c.exposed+fresh, fresh, max(unhealthy, len(j.m.Ledger.Failed)))
	}
}

// isTriedAgain reports whether the instance was in flight for this very run: the round that sees it fail may be the one that tries it
// again.
func (j *judge) isTriedAgain(m instance) bool {
	op := j.r.obs.State.Operation
	return op != nil && op.Run == j.m.Run.Number && slices.ContainsFunc(rollout.Refs(op.Instances), m.is)
}

// illness is 1 for an instance that is part of the run and not well.
func (j *judge) illness(m instance) int {
	if m.isWell() || j.isSkipped(m) || j.isLeftAlone(m) {
		return 0
	}
	return 1
}

// skips checks that no instance is named that users took out of the run (I6).
func (j *judge) skips(named []rollout.Ref) {
	for _, m := range j.s.world.list() {
		if j.isSkipped(m) && slices.ContainsFunc(named, m.is) {
			j.breaks("I6: instance %d is upgraded, and was skipped", m.id)
		}
	}
}

// zones checks that no zone is begun while an instance of the zone before it still lacks the target, where one is to be finished after the
// other.
func (j *judge) zones(named []rollout.Ref) {
	if j.r.spec.Instances.Zones != rollout.ZonesOneAtATime {
		return
	}
	for _, m := range j.s.world.list() {
		if !slices.ContainsFunc(named, m.is) || !j.isFresh(m) {
			continue
		}
		for _, other := range j.s.world.list() {
			if other.zone() < m.zone() && j.isFresh(other) && j.isEligible(other) {
				j.breaks("zone %s is begun while instance %d of zone %s lacks the target", m.zone(), other.id, other.zone())
			}
		}
	}
}

// isFresh reports whether the instance lacks the target, and never had it.
func (j *judge) isFresh(m instance) bool {
	return !m.exposed && !j.s.world.latest(m) && !j.hasFailed(m, j.r.obs.State.Ledger.Failed) && !j.isTriedAgain(m)
}

// is reports whether a reference means the instance.
func (m instance) is(r rollout.Ref) bool {
	return r.ID == strconv.Itoa(int(m.id)) && r.VMID == strconv.Itoa(int(m.vm))
}

// batch checks a batch of instances that are not just tried again.
func (j *judge) batch(c count, exposed, fresh, bad int) {
	if exposed > c.desired {
		j.breaks("I13, I2: %d exposed, %d desired", exposed, c.desired)
	}
	if fresh > c.size {
		j.breaks("I2: a batch of %d, %d declared", fresh, c.size)
	}
	if bad > c.tolerated {
		j.breaks("I11: a batch begins while %d failed or are exposed and not well, %d tolerated", bad, c.tolerated)
	}
}

// backward checks that the model was put back first (I3), and that only those are touched who were exposed. Who was made since the
// first write, or boots from the target's image, may have been exposed before the first look.
func (j *judge) backward(named []rollout.Ref) {
	w, back := &j.s.world, j.m.Rollback.Current
	record := j.stored(back.Revision)
	if record == nil || held(*record, w.model) != w.model {
		j.breaks("I3: during a rollback instances are touched before the model is put back: %+v", w.model)
		return
	}
	if back.Kind == rollout.AbortRollback {
		j.breaks("an abort touches instances")
	}
	for _, ref := range named {
		if at := w.find(ref.ID); at >= 0 && !back.AllInstances && !j.isSuspect(w.instances[at]) {
			j.breaks("I6: instance %s goes back, and was never exposed", ref.ID)
		}
	}
	j.budget(named, j.count())
}

// isSuspect reports whether an instance may have had the target.
func (j *judge) isSuspect(m instance) bool {
	t := j.r.spec.Target
	return m.exposed || m.heir || start.Add(m.made).After(j.m.Rollback.Baseline.NewestInstanceAt) ||
		(t.Image != nil && images[m.at.image] == *t.Image) ||
		j.carries(m.at, t) // by hand, or made from a model that was written by hand: an instance with the target is exposed
}
