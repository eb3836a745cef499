package rollout

import (
	"slices"
	"time"
)

// keepExposed remembers every machine that a target was seen on, beside those that an effect named. The flag that shows it now can be
// cleared by any change of the model; what was exposed has to be brought back all the same. Where the target may be what was there
// before, the machines that have it are those that nothing was done to.
func keepExposed(r *round) (verdict, bool) {
	if !r.mayReturn() || r.isOther(r.memory.Rollback.Baseline.Revision) {
		for _, i := range r.count().exposed {
			if !r.memory.failedBefore(i) {
				r.expose(i.ID)
			}
		}
	}
	return undecided()
}

// keepUndone remembers that the completed release that is undone was for every machine, so that whatever becomes of the undo, all can be
// brought back; whoever was left out of the release, as protected or by a person, is meant by the undo, too.
func keepUndone(r *round) (verdict, bool) {
	if !r.memory.Rollback.Current.AllInstances || !r.memory.isPromoted() {
		return undecided()
	}
	r.exposeAll(func(Instance) bool { return true })
	return undecided()
}

// keepMeanwhile remembers who has the target while the model still does, until that is put back: machines are made all the time, also where
// the way back has to wait before its first write.
func keepMeanwhile(r *round) (verdict, bool) {
	record, target := r.obs.Cluster.Revisions[r.memory.Rollback.Current.Revision], r.declared.Target
	if record.State != Read || record.Value.meets(target) || !carries(target, r.obs.Model.Value, true) {
		return undecided()
	}
	r.exposeAll(func(i Instance) bool { return i.Latest == True })
	return undecided()
}

// exposeAll remembers of all machines of a kind that they have the target, but for those that are on their way out.
func (r *round) exposeAll(isMeant func(Instance) bool) {
	for _, i := range r.obs.Instances.Value {
		if isMeant(i) && i.State != StateDeleting {
			r.expose(i.ID)
		}
	}
}

// isPromoted says whether the run came to its end, so that every machine had its target.
func (m State) isPromoted() bool {
	return len(m.History) > 0 && m.History[0].Number == m.Run.Number && m.History[0].Result == RunPromoted
}

// isOther says whether the record is known to hold something else than the target.
func (r *round) isOther(name string) bool {
	record := r.obs.Cluster.Revisions[name]
	return record.State == Read && !record.Value.meets(r.spec.Target)
}

// expose puts a machine into the ledger of those that a target may have touched.
func (r *round) expose(id string) {
	at, found := slices.BinarySearchFunc(r.memory.Ledger.Exposed, id, compareIDs)
	if !found {
		r.memory.Ledger.Exposed = slices.Insert(r.memory.Ledger.Exposed, at, id)
	}
}

// isExposed says whether a target may have touched the machine since the baseline.
func (m State) isExposed(id string) bool {
	_, found := slices.BinarySearchFunc(m.Ledger.Exposed, id, compareIDs)
	return found
}

// newest is when the newest listed machine was made, to the microsecond. It is Azure's clock that tells which machines are newer: nobody's
// else has to agree with it. Where Azure does not say, it is now.
func (r *round) newest() time.Time {
	now := r.obs.Model.Value.ReadAt
	if now.IsZero() {
		now = r.at
	}
	newest := now
	for n, i := range r.obs.Instances.Value {
		if n == 0 || i.CreatedAt.After(newest) {
			newest = i.CreatedAt
		}
	}
	if newest.IsZero() {
		newest = now
	}
	return newest.Truncate(time.Microsecond)
}
