package rollout

// completed is a constant text, since an idle round knows no counts and must report the same.
const completed = "every eligible instance has the target and was well when the run completed"

// idleCompleted spends one cheap read an hour on a run that is over, as long as the scale set stays as it was.
func idleCompleted(r *round) (verdict, bool) {
	if !r.memory.Completed || r.spec.Percent < 100 || r.memory.Operation != nil || !r.isAsSettled() {
		return undecided()
	}
	return wait(ReasonCompleted, recheckCompleted, completed), true
}

// stayCompleted keeps a completed run completed: later illness is not the release's, and instances that fall behind because
// somebody changed other parts of the model are reported, not rolled (design §5, Drift).
func stayCompleted(r *round) (verdict, bool) {
	if !r.memory.Completed || r.spec.Percent < 100 {
		return undecided()
	}
	r.settle()
	return wait(ReasonCompleted, recheckCompleted, completed), true
}

// settle remembers the scale set by which an idle round will know that nothing moved. With instances behind there is something
// to keep reporting, so nothing is remembered and the list is read each time.
func (r *round) settle() {
	r.memory.SettledETag, r.memory.SettledSize = r.obs.Model.Value.ETag, r.obs.Model.Value.Capacity
	c := r.count()
	if behind := len(c.outdated) + len(c.unsure); behind > 0 {
		r.memory.SettledETag = ""
		r.facts.Drifted = "other parts of the model: " + names(append(c.outdated, c.unsure...), refTo) + " behind"
	}
}

// reached declares success when as many instances as desired have the target for certain and are well.
func reached(r *round) (verdict, bool) {
	c := r.count()
	if op := r.memory.Operation; len(c.verified) < c.desired || (op != nil && op.Refused == nil) {
		return undecided()
	}
	r.memory.Operation = nil // what was refused is not needed any more
	if r.spec.Percent >= 100 {
		r.memory.Completed = true
		r.settle()
		return wait(ReasonCompleted, recheckCompleted, completed), true
	}
	overshoot := ""
	if len(c.exposed) > c.desired {
		overshoot = "; more have it than desired, which scaling, repair or a lowered percentage brings about and nothing takes back"
	}
	return wait(ReasonCanaryReached, recheckHeld, "%d of %d instances have the target and are well, %d desired (%d %%)%s",
		len(c.verified), c.n, c.desired, r.spec.Percent, overshoot), true
}
