package modelcheck

import (
	"fmt"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// effect checks an effect right before it is carried out.
func (j *judge) effect() {
	j.permitted()
	if onRepairs(j.r.d.Step) {
		return
	}
	if op := j.m.Operation; op == nil || op.Kind != j.r.d.Step.Operation() || op.Run != j.m.Run || !slices.Equal(op.Instances, refs(j.r.d.Step)) {
		j.breaks("I5: %T without a durable intent", j.r.d.Step)
	}
	if j.r.obs.Instances.State != rollout.Read || j.r.obs.Model.State != rollout.Read {
		j.breaks("I4: %T on what was not read", j.r.d.Step)
	}
	named := refs(j.r.d.Step)
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

func (j *judge) goesBack() bool { return j.m.Return != nil }

// permitted checks that nobody said no (I7), with the exceptions of design §5, Precedence.
func (j *judge) permitted() {
	spec := j.r.spec
	if _, resumes := j.r.d.Step.(rollout.ResumeRepairs); resumes && !spec.PlanOnly {
		return
	}
	cause := rollout.ReturnCause("")
	if j.m.Return != nil {
		cause = j.m.Return.Cause
	}
	explicit := cause == rollout.CauseAction || cause == rollout.CauseDeletion
	ignoresWindows := explicit || cause == rollout.CauseFailure || cause == rollout.CauseTarget
	switch {
	case spec.PlanOnly:
		j.breaks("I7: %T in Plan mode", j.r.d.Step)
	case spec.Deleting == rollout.DeletionLeave:
		j.breaks("I7: %T for an object that is deleted", j.r.d.Step)
	case spec.Paused && !explicit:
		j.breaks("I7: %T while paused (%s)", j.r.d.Step, cause)
	case j.s.closed && !ignoresWindows:
		j.breaks("I7: %T outside the window (%s)", j.r.d.Step, cause)
	case j.m.Return != nil && j.m.Return.Done:
		j.breaks("%T after the run went back", j.r.d.Step)
	}
}

// write checks a write of the model: the snapshot is stored before (I3), and only what is declared is written (I8).
func (j *judge) write() {
	after := j.s.world.after(j.r.d.Step)
	if j.goesBack() {
		if record := j.stored(j.m.Return.Record); record == nil || held(*record, after) != after && !j.isHalfWay(*record, after) {
			j.breaks("I3: on the way back the model is written otherwise than the record says: %+v", after)
		}
		return
	}
	record := j.stored(j.m.Baseline.Name)
	if record == nil {
		j.breaks("I3: %T, and no snapshot is stored", j.r.d.Step)
		return
	}
	if now := paths(j.r.spec.Target, j.s.world.model); j.m.Baseline.Source == rollout.BaselineSnapshot && !j.s.ledger.written && !j.m.Baseline.Fixed && paths(j.r.spec.Target, held(*record, now)) != now {
		j.breaks("I3: the snapshot holds %+v, and the model is %+v", held(*record, now), now)
	}
	want := j.c.carrying(j.s.world.model, j.r.spec.Target)
	if (after.image != want.image && after.image != j.s.world.model.image) || (after.script != want.script && after.script != j.s.world.model.script) {
		j.breaks("I8: %T writes what is not declared: %+v", j.r.d.Step, after)
	}
	if after.tag != want.tag && after.tag != j.s.world.model.tag {
		j.breaks("I8: %T writes a tag that is not declared", j.r.d.Step)
	}
}

// isHalfWay says whether a write brings one of the two paths to where the record has it, and leaves the other.
func (j *judge) isHalfWay(s rollout.Snapshot, after content) bool {
	want, now := held(s, after), j.s.world.model
	return (after.image == want.image || after.image == now.image) && ((after.script == want.script && after.tag == want.tag) || (after.script == now.script && after.tag == now.tag))
}

// stored is the record, with what this very round has stored.
func (j *judge) stored(name string) *rollout.Snapshot {
	s := *j.s
	s.store(j.r.d.Store)
	if r := s.record(name); r.State == rollout.Read {
		return &r.Value
	}
	return nil
}

// targets checks the machines that are named: they are there, themselves, at rest, and lack what they are to get (I5, I6).
func (j *judge) targets(named []rollout.Ref) {
	w := &j.s.world
	if len(named) == 0 {
		j.breaks("I6: an effect on nobody")
	}
	for _, ref := range named {
		at := w.find(ref.ID)
		if at < 0 || fmt.Sprint(w.machines[at].vm) != ref.VMID {
			j.breaks("I6: machine %s is not there, or another one", ref.ID)
			continue
		}
		m := w.machines[at]
		if m.inOp || m.condition == creating {
			j.breaks("I6: machine %s is worked on already", ref.ID)
		}
		if j.r.d.Step.Operation() == rollout.UpgradeOperation && w.latest(m) {
			j.breaks("I5: machine %s is upgraded, and is up to date", ref.ID)
		}
		if j.r.d.Step.Operation() == rollout.ReimageOperation && (!w.latest(m) || int(m.reimaged) > j.r.spec.Failure.Retries) {
			j.breaks("I6: machine %s is reimaged once more, or is not up to date", ref.ID)
		}
	}
}

// budget checks unavailability (I1). Who is between an upgrade and the reimage that belongs to it is in flight all the time.
func (j *judge) budget(named []rollout.Ref, c count) {
	before, after, reimages := 0, 0, j.r.d.Step.Operation() == rollout.ReimageOperation
	for _, m := range j.s.world.list() {
		is := func(r rollout.Ref) bool { return r.ID == fmt.Sprint(m.id) && r.VMID == fmt.Sprint(m.vm) }
		op := j.r.obs.Memory.Operation
		out := !m.isWell() || (reimages && op != nil && slices.ContainsFunc(op.Instances, is))
		if out {
			before++
		}
		if out || slices.ContainsFunc(named, is) {
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
	exposed, fresh, ill := c.exposed, 0, 0
	for _, m := range w.list() {
		isNamed := slices.ContainsFunc(named, func(r rollout.Ref) bool { return r.ID == fmt.Sprint(m.id) })
		switch {
		case j.isSkipped(m) && isNamed:
			j.breaks("I6: machine %d is upgraded, and was skipped", m.id)
		case j.isSkipped(m):
		case isNamed && !w.latest(m) && !j.wasFailed(m):
			fresh++
			if !j.hasFailed(m) {
				exposed++
			}
		case !isNamed && w.latest(m) && !m.isWell():
			ill++
		}
	}
	if fresh > 0 && exposed > c.desired {
		j.breaks("I13, I2: %d exposed, %d desired", exposed, c.desired)
	}
	if fresh > c.size {
		j.breaks("I2: a batch of %d, %d declared", fresh, c.size)
	}
	if fresh > 0 && max(ill, len(j.m.Failed)) > c.tolerated {
		j.breaks("I11: a batch begins while %d exposed machines are not well and %d failed, %d tolerated", ill, len(j.m.Failed), c.tolerated)
	}
	j.budget(named, c)
}

// wasFailed says whether the machine is being tried again.
func (j *judge) wasFailed(m machine) bool {
	return slices.ContainsFunc(j.r.obs.Memory.Failed, func(f rollout.Failure) bool { return f.Ref.ID == fmt.Sprint(m.id) && f.Ref.VMID == fmt.Sprint(m.vm) })
}

// backward checks that the model was put back first (I3), and that only those are touched who were exposed. Who was made since the
// first write, or boots from the target's image, may have been exposed before anybody looked.
func (j *judge) backward(named []rollout.Ref) {
	w, back := &j.s.world, j.m.Return
	record := j.stored(back.Record)
	if record == nil || held(*record, w.model) != w.model {
		j.breaks("I3: on the way back machines are touched before the model is put back: %+v", w.model)
		return
	}
	if back.Kind == rollout.ReturnAbort {
		j.breaks("an abort touches machines")
	}
	for _, ref := range named {
		at := w.find(ref.ID)
		if at < 0 {
			continue
		}
		m, t := w.machines[at], j.r.spec.Target
		suspect := !start.Add(m.made).Before(j.m.Baseline.Since) || (t.Image != nil && images[m.at.image] == *t.Image)
		if !m.exposed && !suspect && !back.All {
			j.breaks("I6: machine %s goes back, and was never exposed", ref.ID)
		}
	}
	j.budget(named, j.count())
}
