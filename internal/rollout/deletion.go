package rollout

import (
	"fmt"
	"strings"
	"time"
)

const (
	// deletionPatience is how long the rollback before a deletion waits for what it needs of the cluster, counted from when it began. A Secret
	// may come back within that time; an object that stays for ever holds up its namespace.
	deletionPatience = 10 * time.Minute
	// secondLook is how long after the first time that Azure did not find the scale set the object is let go: one answer may be wrong, and
	// Azure answers the same about what the identity cannot see.
	secondLook = time.Minute
)

// beginDeletion lets an object that is being deleted go: at once, or, where that was declared, once everything is back.
func beginDeletion(r *round) (verdict, bool) {
	m := &r.memory
	switch r.spec.Deletion {
	case DeletionNone:
		return undecided()
	case DeletionLeave:
		return r.release("the scale set stays as it is"), true
	case DeletionRollback:
	}
	if why := r.nothingToPutBack(); why != "" {
		return r.release(why), true
	}
	if back := m.Rollback.Current; back != nil && back.Cause == CauseDeletion {
		return undecided()
	}
	under := m.Rollback.Current
	r.goBack(FullRollback, CauseDeletion, "the VMSSRollout is being deleted and onDelete is Rollback", "")
	if under != nil && under.Revision != "" { // the way that is gone already is gone to its end, an undo's too
		m.Rollback.Current.Revision, m.Rollback.Current.AllInstances, m.Ledger.Failed = under.Revision, under.AllInstances && !under.Done, nil
	}
	return undecided()
}

// nothingToPutBack says why an object may go although onDelete is Rollback, "" if it may not yet.
func (r *round) nothingToPutBack() string {
	switch m := r.memory; {
	case r.spec.PlanOnly:
		return "spec.mode is Plan, so the scale set stays as it is"
	case m.Run.Number == 0 || m.Run.Completed:
		return "there is nothing to go back from"
	case m.IsRolledBack() && (len(m.Ledger.Exposed) == 0 || m.Rollback.Current.Cause == CauseDeletion):
		return m.Rollback.Current.outcome()
	default:
		return ""
	}
}

// release lets go of the object, once what was suspended for it is resumed.
func (r *round) release(why string) verdict {
	r.leaving = true
	r.memory.hangUp(BeforeInstance)
	if r.isReplaced() {
		r.memory.RepairsSuspended = false // they were those of the scale set that was deleted
	}
	if r.memory.RepairsSuspended {
		return r.resumeRepairs()
	}
	if v, waiting := r.awaitLastUncordon(); waiting {
		return v
	}
	r.released = true
	return wait(ReasonProgressing, recheckMissing, "deleted: %s", why)
}

// releaseAnyway lets go of an object that cannot be rolled back: keeping it would not change that.
func (r *round) releaseAnyway(why string) verdict {
	r.memory.RepairsSuspended = r.memory.RepairsSuspended && r.obs.Model.State == Read
	v := r.release("")
	if r.released {
		v = wait(ReasonNotRollbackable, recheckMissing, "deleted without a rollback: %s%s", why, r.leftWithTarget())
	}
	return v
}

// leftWithTarget says what keeps the target, "" where the scale set is not known.
func (r *round) leftWithTarget() string {
	if r.obs.Model.State != Read {
		return ""
	}
	who := ""
	if left := r.memory.Ledger.Exposed; len(left) > 0 {
		who = names(left, func(id string) Ref { return Ref{ID: id} })
	}
	switch isCarried := carries(r.declared.Target, r.obs.Model.Value, true); {
	case isCarried && who == "":
		return fmt.Sprintf("; the model of scale set %s keeps the target", r.spec.ScaleSet)
	case isCarried:
		return fmt.Sprintf("; the model of scale set %s and %s keep the target", r.spec.ScaleSet, who)
	case who == "":
		return fmt.Sprintf("; the model of scale set %s stays as it is", r.spec.ScaleSet)
	default:
		return fmt.Sprintf("; the model of scale set %s stays as it is, and the target stays on %s", r.spec.ScaleSet, who)
	}
}

// releaseLost lets go of an object whose scale set is gone. Two answers have to say so, at least a minute apart and with none in between
// that the scale set is there.
func releaseLost(r *round) (verdict, bool) {
	if r.spec.Deletion == DeletionNone || r.obs.Model.State != ReadFailed || r.obs.Model.Problem.Kind != KindNotFound {
		return undecided()
	}
	p, first := r.obs.Model.Problem, r.memory.Pacing.ReadsDeferred
	if first.Kind != KindNotFound {
		first = Deferral{}
	}
	r.memory.Pacing.ReadsDeferred = first.another(r.at, p)
	if again := r.memory.Pacing.ReadsDeferred.Since.Add(secondLook); r.at.Before(again) {
		r.awaits(again)
		return wait(ReasonScaleSetNotFound, r.until(again, recheckMissing),
			"reading the scale set: %s; if it is not found at %s either, the object goes without a rollback",
			p.Error(), clock(again)), true
	}
	return r.releaseAnyway("scale set " + r.spec.ScaleSet.String() + " is gone: " + p.Error()), true
}

// isFound says whether Azure answered that the scale set is there. What it says of an operation tells nothing of that.
func (r *round) isFound() bool { return r.obs.Model.State == Read || r.obs.Instances.State == Read }

// awaitSecret waits before a deletion for what the rollback lacks and a person can still provide. The wait is bounded. It is over at once
// in a namespace that is being deleted, where nothing can be created.
func (r *round) awaitSecret(why string) verdict {
	ends := r.memory.Rollback.Current.StartedAt.Add(deletionPatience)
	switch p := r.obs.Cluster.BaselineSettings.Problem; {
	case r.spec.Deletion != DeletionRollback:
		return r.noWayBack(why)
	case r.obs.Cluster.Terminating:
		return r.releaseAnyway(why + "; the namespace is being deleted")
	case p != nil && p.Kind == KindForbidden:
		return r.unreadable("the protected settings to go back to", p)
	case !r.at.Before(ends):
		return r.releaseAnyway(fmt.Sprintf("%s; the rollback waited %.0f minutes for it", why, deletionPatience.Minutes()))
	}
	r.awaits(ends)
	return wait(ReasonNotRollbackable, r.until(ends, recheckMissing),
		"the rollback before the deletion waits until %s, then the object goes without it: %s; declare spec.baseline",
		clock(ends), why)
}

// isClosed says whether nothing more can be stored before the object goes.
func (r *round) isClosed() bool {
	return r.spec.Deletion == DeletionRollback && r.obs.Cluster.Terminating
}

// withoutSettings ends the wait for the Secret of a script that is to be put back, where the object is being deleted. Access that was
// refused is waited for, unless it cannot be granted again.
func (r *round) withoutSettings(v verdict) verdict {
	isLost := v.because.Reason == ReasonInvalid || v.because.Reason == ReasonAccessDenied && r.obs.Cluster.Terminating
	if r.spec.Deletion != DeletionRollback || !isLost {
		return v
	}
	return r.loseRecord(WithoutAdvice(v.because.Message), false)
}

// offered is an action to be offered in a message, "" in a deletion, when every action is rejected.
func (r *round) offered(action string) string {
	if r.spec.Deletion != DeletionNone {
		return ""
	}
	return "; " + action
}

// tellDeletion names the other way on where a rollback before a deletion needs a person.
func (r *round) tellDeletion(because Explanation) Explanation {
	if r.declared.Deletion != DeletionRollback || r.released || !r.memory.IsRollingBack() || because.Reason.Readiness() != Stuck {
		return because
	}
	told, command, isMended := strings.Cut(because.Message, toMend)
	if because.Reason == ReasonAccessDenied {
		told += "; grant the access again"
	}
	because.Message = told + "; or set spec.onDelete to Leave, which leaves the scale set as it is"
	if isMended {
		because.Message += toMend + command
	}
	return because
}
