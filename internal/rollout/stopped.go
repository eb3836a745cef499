package rollout

// PowerOff is the power state of an instance that is off for certain and stays so until it is started. The words are part of messages.
type PowerOff string

// The power states of an instance that is off. An instance on its way up or down, or whose power state is not known, is NotOff.
const (
	NotOff         PowerOff = ""
	OffStopped     PowerOff = "stopped"     // by Azure, or by its own operating system
	OffDeallocated PowerOff = "deallocated" // only Azure can do that
)

// isOff reports that the instance is off for certain, and that Azure is not at work on it: an instance is off for a moment in an upgrade,
// too.
func (i Instance) isOff() bool {
	return i.Power.Off != NotOff && (i.State == StateSucceeded || i.State == StateFailed)
}

// isOff reports that the instance is left out because it is off. One that an effect of the run is in flight on is judged first.
func (m State) isOff(i Instance) bool { return i.isOff() && !m.inFlight(i) }

// leaveStopped takes the instances that were stopped after the operation out of the batch. That says nothing of the release, so they have
// not failed. One that has still to get its fresh disk is tried again once it is started.
func (r *round) leaveStopped(op *Operation, t tally) {
	stopped := t[standsStopped]
	delete(t, standsStopped)
	r.memory.setFree(Refs(stopped))
	for _, ref := range stopped {
		i, _ := find(r.obs.Instances.Value, ref.Ref)
		lacksDisk := op.Kind == ReimageOperation && !r.upgraded(op, ref, i) || op.Kind == UpgradeOperation && i.Latest == True
		if r.spec.Instances.Action == ActionUpgradeThenReimage && lacksDisk {
			r.memory.fail(Failure{Ref: ref.Ref, Try: ref.Try, OSDisk: ref.OSDisk, Reason: FailureRetryReimage, At: r.at,
				Message: "it was " + string(i.Power.Off) + " before its reimage was verified"})
		}
	}
}

// suspects are the instances that this run gave the target and that were stopped since, not deallocated: what stopped them may be the
// release.
func (r *round) suspects() []Instance {
	var list []Instance
	if !carries(r.spec.Target, r.obs.Model.Value, r.memory.Model.ScriptWritten) {
		return nil
	}
	for _, i := range byOrder(OrderInstanceID, r.obs.Instances.Value) {
		isOurs := i.Latest == True && r.memory.isExposed(i.ID) && !r.memory.isSkipped(i)
		if isOurs && i.Power.Off == OffStopped && r.memory.isOff(i) {
			list = append(list, i)
		}
	}
	return list
}

// holdStopped begins no batch while an instance is stopped that has the target: a release that shuts instances down must not go on to the
// next.
func holdStopped(r *round) (verdict, bool) {
	stopped := r.suspects()
	if len(stopped) == 0 {
		return undecided()
	}
	r.blocked = true
	return wait(ReasonWaitingForHealth, recheckHeld,
		"%s stopped after the upgrade, perhaps by the release; no further instance is upgraded until it is started or deallocated, or a "+
			"RolloutAction SkipInstance leaves it out",
		names(stopped, Instance.Ref)), true
}

// stoppedOf counts the instances that are off.
func stoppedOf(m State, instances []Instance) int {
	n := 0
	for _, i := range instances {
		if m.isOff(i) {
			n++
		}
	}
	return n
}

// waitsForStart reports that a person or a stop asked for another try that can only come once the instance is started. It holds nothing.
func (r *round) waitsForStart(f Failure) bool {
	i, listed := find(r.obs.Instances.Value, f.Ref)
	return listed && f.isDue() && r.memory.isOff(i)
}

// counted is how many failures keep a gate closed.
func (r *round) counted() int {
	n := 0
	for _, f := range r.memory.Ledger.Failed {
		if !r.waitsForStart(f) {
			n++
		}
	}
	return n
}
