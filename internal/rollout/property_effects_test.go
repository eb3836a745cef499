package rollout_test

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// checkEffect holds every effect against what the round had seen.
func (l *life) checkEffect(obs rollout.Observation, d rollout.Decision) {
	spec, obs := l.shell.Spec, l.untold(obs)
	for _, ref := range rollout.InstancesOf(d.Step) {
		l.named[ref.ID] = true
	}
	if d.Step.Operation() == rollout.ResumeRepairsOperation {
		return // always allowed
	}
	if is := obs.Model.Value.UniqueID; obs.Model.State == rollout.Read && l.shell.State.ScaleSet.ID != is {
		l.breaks("an effect on scale set %q, and the run belongs to %q", is, l.shell.State.ScaleSet.ID)
	}
	l.checkPermitted(spec, obs, d)
	if obs.Instances.State != rollout.Read || obs.Model.State != rollout.Read {
		l.breaks("I4: an effect on what was not read: %T", d.Step)
		return
	}
	if obs.Model.Value.UpgradeMode != rollout.UpgradeModeManual && d.State.Rollback.Current == nil {
		l.breaks("preflight: an effect in upgrade mode %q", obs.Model.Value.UpgradeMode)
	}
	if d.Step.Operation() == rollout.SuspendRepairsOperation {
		return
	}
	l.checkStored(d)
	if op := l.shell.State.Operation; op == nil || op.Kind != d.Step.Operation() || op.Run != l.shell.State.Run.Number {
		l.breaks("I5: effect %T without a durable intent: %+v", d.Step, op)
		return
	}
	if obs.At.Before(obs.State.Pacing.NotBefore) && !l.wentBack {
		l.breaks("an effect before %v, as Azure had asked to wait", obs.State.Pacing.NotBefore)
	}
	switch step := d.Step.(type) {
	case rollout.Upgrade:
		if l.shell.State.Rollback.Current != nil {
			l.checkReturn(spec, obs, step.Instances)
			return
		}
		l.checkUpgrade(spec, obs, step.Instances)
	case rollout.Reimage:
		l.checkReimage(obs, step.Instances)
	}
}

// checkUpgrade is the reference oracle of the batch arithmetic: sets and counts, nothing clever.
func (l *life) checkUpgrade(spec rollout.Spec, obs rollout.Observation, refs []rollout.Ref) {
	before := l.shell.State
	before.Ledger.Failed = slices.Clone(before.Ledger.Failed)
	for _, f := range obs.State.Ledger.Failed {
		if i := instanceIn(obs, f.Ref); !i.Protected ||
			spec.Instances.Protected != rollout.ProtectedSkip { // a Retry forgives it, and who protects it takes it out
			before.Ledger.Failed = append(before.Ledger.Failed, f)
		}
	}
	l.checkAgain(spec, obs, refs)
	view := lookAt(spec, before, obs)
	if len(refs) == 0 || len(refs) > max(1, view.size) {
		l.breaks("a batch of %d where size is %d", len(refs), view.size)
	}
	if l.othersFailed(refs) > spec.Failure.MaxFailed.Value {
		l.breaks("I11: a batch starts while %v failed", l.shell.State.Ledger.Failed)
	}
	if !view.carried {
		l.breaks("an upgrade while the model is not the target's")
	}
	l.checkSpread(view, obs.State.Ledger.Exposed, refs)
	// It may be tried again in the very round that sees it fail; and who had a target before begins nothing.
	again := func(ref rollout.Ref) bool {
		return slices.Contains(obs.State.Ledger.Exposed, ref.ID) ||
			obs.State.Operation != nil &&
				slices.ContainsFunc(rollout.Refs(obs.State.Operation.Instances), func(r rollout.Ref) bool { return r.ID == ref.ID })
	}
	l.checkZones(spec, view, slices.DeleteFunc(slices.Clone(refs), again))
	unavailable, exposed := len(view.unavailable), len(view.exposed)
	for _, ref := range refs {
		i, listed := view.byID[ref.ID]
		if !listed || i.VMID != ref.VMID || i.Latest != rollout.False || i.State == rollout.StateUpdating || i.Protected {
			l.breaks("I6: instance %s is not to be upgraded: %+v", ref.ID, i)
		}
		if !view.unavailable[ref.ID] {
			unavailable++
		}
		if !view.exposed[ref.ID] && !again(ref) {
			exposed++
		}
	}
	if unavailable > max(view.maxUnavailable, len(view.unavailable)) {
		l.breaks("I1: %d unavailable, %d allowed, %d before", unavailable, view.maxUnavailable, len(view.unavailable))
	}
	if exposed > max(view.desired, len(view.exposed)) {
		l.breaks("I13, I2: %d exposed, %d desired", exposed, view.desired)
	}
}

func instanceIn(obs rollout.Observation, ref rollout.Ref) rollout.Instance {
	n := slices.IndexFunc(obs.Instances.Value, func(i rollout.Instance) bool { return i.ID == ref.ID })
	if n < 0 {
		return rollout.Instance{}
	}
	return obs.Instances.Value[n]
}

// checkSpread demands that no instance is upgraded for the first time while those that a target touched before, whatever they show now,
// make up the share (I13).
func (l *life) checkSpread(v view, touched []string, refs []rollout.Ref) {
	before := map[string]bool{}
	for id := range v.exposed {
		before[id] = true
	}
	for _, id := range touched {
		if i, listed := v.byID[id]; listed && i.State != rollout.StateDeleting && v.eligible[id] {
			before[id] = true
		}
	}
	after := len(before)
	for _, ref := range refs {
		if !before[ref.ID] {
			after++
		}
	}
	if after > max(v.desired, len(before)) {
		l.breaks("I13: %d touched, %d desired, %d touched before", after, v.desired, len(before))
	}
}

// checkZones demands that one zone at a time means just that: what is upgraded is of one zone, and no zone before it lacks the target.
func (l *life) checkZones(spec rollout.Spec, v view, refs []rollout.Ref) {
	if spec.Instances.Zones != rollout.ZonesOneAtATime {
		return
	}
	for _, i := range v.byID {
		for _, ref := range refs {
			if v.exposed[ref.ID] {
				continue // trying an instance again begins no zone: it was begun with that instance
			}
			if i.Zone < v.byID[ref.ID].Zone && i.Latest == rollout.False && !v.exposed[i.ID] && i.State != rollout.StateDeleting &&
				!i.Protected &&
				i.Power.Off == rollout.NotOff &&
				!l.isSkipped(i.ID) {
				l.breaks("zone %q is begun while instance %s of zone %q lacks the target", v.byID[ref.ID].Zone, i.ID, i.Zone)
			}
		}
	}
}

// checkReimage demands that only instances of the batch in flight are reimaged.
func (l *life) checkReimage(obs rollout.Observation, refs []rollout.Ref) {
	op := obs.State.Operation
	for _, ref := range refs {
		if l.hasFailed(ref.ID) {
			continue // it is tried again
		}
		if op == nil ||
			!slices.ContainsFunc(rollout.Refs(op.Instances), func(r rollout.Ref) bool { return r.ID == ref.ID && r.VMID == ref.VMID }) {
			l.breaks("I6: instance %s is reimaged, but is not in the batch %+v", ref.ID, op)
		}
	}
}

// checkAgain demands that what a batch verified, and what has the target, is not upgraded again for changes that are only reported (I6).
func (l *life) checkAgain(spec rollout.Spec, obs rollout.Observation, refs []rollout.Ref) {
	for _, ref := range refs {
		m := l.instance(ref.ID)
		if m == nil || l.isTriedAgain(ref) || spec.Drift.RollOther || l.interfered || !slices.Contains(obs.State.Ledger.Verified, ref.ID) {
			continue
		}
		if t, c := spec.Target, l.world.Models[m.Model]; t.Image != nil && c.Image == *t.Image && t.Script == nil {
			l.breaks("I6: instance %s has the target, was verified, and is upgraded again", ref.ID)
		}
	}
}

// isTriedAgain reports that the effect tries an instance again that failed before.
func (l *life) isTriedAgain(ref rollout.Ref) bool {
	op := l.deciding.Operation
	return op != nil && slices.ContainsFunc(op.Instances, func(a rollout.Attempt) bool { return a.Try > 0 && a.Means(ref) })
}
