package rollout

// beginDeletion lets an object that is being deleted go: at once, or, where that was declared, once everything is back.
func beginDeletion(r *round) (verdict, bool) {
	m := &r.memory
	switch r.spec.Deleting {
	case DeletionNone:
		return undecided()
	case DeletionLeave:
		return r.release("the scale set stays as it is"), true
	case DeletionRollback:
	}
	if why := r.nothingToPutBack(); why != "" {
		return r.release(why), true
	}
	if back := m.Return; back != nil && back.Cause == CauseDeletion {
		return undecided()
	}
	under := m.Return
	r.goBack(ReturnRollback, CauseDeletion, "the VMSSRollout is being deleted and onDelete is Rollback", "")
	if under != nil && under.Record != "" { // the way that is gone already is gone to its end, an undo's too
		m.Return.Record, m.Return.All, m.Failed = under.Record, under.All && !under.Done, nil
	}
	return undecided()
}

// nothingToPutBack says why an object may go although onDelete is Rollback, "" if it may not yet.
func (r *round) nothingToPutBack() string {
	switch m := r.memory; {
	case r.spec.PlanOnly:
		return "spec.mode is Plan, so the scale set stays as it is"
	case m.Run == 0 || m.Completed:
		return "there is nothing to go back from"
	case m.isBack() && (len(m.Exposed) == 0 || m.Return.Cause == CauseDeletion):
		return m.Return.outcome()
	default:
		return ""
	}
}

// release lets go of the object, once what was suspended for it is resumed.
func (r *round) release(why string) verdict {
	r.leaving = true
	r.memory.hangUp(BeforeInstance)
	if r.memory.RepairsSuspended {
		return r.resumeRepairs()
	}
	if v, waiting := r.awaitLastUncordon(); waiting {
		return v
	}
	r.released = true
	return wait(ReasonProgressing, recheckMissing, "deleted: %s", why)
}

// releaseAnyway lets go of an object whose way back is gone: keeping it would not bring that back.
func (r *round) releaseAnyway(why string) verdict {
	r.memory.RepairsSuspended = r.memory.RepairsSuspended && r.obs.Model.State == Read
	v := r.release("")
	if r.released {
		v = wait(ReasonNotRollbackable, recheckMissing, "deleted without going back, since there is no way: %s", why)
	}
	return v
}

// releaseLost lets go of an object whose scale set is gone.
func releaseLost(r *round) (verdict, bool) {
	if r.spec.Deleting == DeletionNone || r.obs.Model.State != ReadFailed || r.obs.Model.Problem.Kind != KindNotFound {
		return undecided()
	}
	return r.releaseAnyway("the scale set is gone: " + r.obs.Model.Problem.Error()), true
}
