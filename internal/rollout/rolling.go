package rollout

// RollingUpgrade is the upgrade that Azure carries out by itself, batch by batch, to a newer image version or to newer extensions.
type RollingUpgrade struct {
	Running     bool
	Done, Total int    // instances
	Cancel      string // the command that ends it
}

// needsRolling reports that an effect of this round would have to wait for a rolling upgrade, so that the state of the newest one has to be
// read. That costs a call, and it is made only where there may be such an upgrade: the scale set is being updated and not by this run, or
// it has extensions that Azure upgrades and the next effect is the first write, or a batch of the way back.
func (r *round) needsRolling() bool {
	model, back := r.obs.Model, r.memory.Rollback.Current
	if model.State != Read || !r.mayAct() {
		return false
	}
	mayRun := model.Value.State == StateUpdating && !r.worksOnFailed()
	if back != nil {
		return back.isOnInstances() && (mayRun || model.Value.upgradesExtensions())
	}
	return !r.standsStill() && (mayRun || r.isFirstWrite() && model.Value.upgradesExtensions())
}

// isOnInstances reports that the model is restored and the instances are not yet.
func (b *Rollback) isOnInstances() bool { return !b.ModelRestoredAt.IsZero() && !b.Done }

// isFirstWrite reports that the next effect is a write of the model.
func (r *round) isFirstWrite() bool {
	return !carries(r.spec.Target, r.obs.Model.Value, r.memory.Model.ScriptWritten)
}

// mayAct reports that an effect may come of the round: nothing is in flight, and it is no plan.
func (r *round) mayAct() bool { return !r.isWorking() && !r.spec.PlanOnly && !r.foreseen }

// upgradesExtensions reports that Azure upgrades extensions of the scale set by itself.
func (m Model) upgradesExtensions() bool { return len(m.AutomaticExtensionUpgrades) > 0 }

// awaitRolling begins nothing while Azure carries out a rolling upgrade: both would take instances out of service, and each would undo or
// fail what the other does.
func (r *round) awaitRolling() (verdict, bool) {
	if !r.needsRolling() {
		return undecided()
	}
	isHeld := r.obs.Model.Value.State == StateUpdating // whatever it is that updates the scale set
	switch rolling := r.obs.RollingUpgrade; {
	case rolling.State == NotRead && !isHeld:
		return wait(ReasonProgressing, recheckSoon, "reading the rolling upgrade of the scale set"), true
	case rolling.State == ReadFailed && !isHeld && r.memory.Rollback.Current == nil:
		return r.unreadable("the rolling upgrade of the scale set", rolling.Problem), true
	case rolling.Value.Running:
		r.blocked = true
		return wait(ReasonProgressing, recheckBusy,
			"Azure carries out a rolling upgrade of its own (%d of %d instances done); waiting for it to end; to end it now: %s",
			rolling.Value.Done, rolling.Value.Total, rolling.Value.Cancel), true
	}
	return undecided()
}

// holdDeleting does nothing to a scale set that is being deleted.
func holdDeleting(r *round) (verdict, bool) {
	if r.obs.Model.Value.State != StateDeleting {
		return undecided()
	}
	return wait(ReasonScaleSetNotFound, recheckMissing, "the scale set is being deleted"), true
}
