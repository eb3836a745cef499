package rollout

import (
	"fmt"
	"slices"
	"time"
)

const (
	// mostAsked bounds how many instances one round asks for by their ids.
	mostAsked = 10
	// askAgain is when a round asks for the next ones.
	askAgain = 10 * time.Second
	// shortListTime is how long a list that falls short of the model's capacity is waited for. Capacity that Azure cannot provide, or that it
	// evicted, is not listed for good.
	shortListTime = 10 * time.Minute
)

// isListed reports whether the list shows an instance of that id.
func (r *round) isListed(id string) bool {
	if r.listed == nil {
		r.listed = make(map[string]bool, len(r.obs.Instances.Value))
		for _, i := range r.obs.Instances.Value {
			r.listed[i.ID] = true
		}
	}
	return r.listed[id]
}

// isGone reports whether an instance is known to exist no more: no list shows it, and Azure does not have it when asked for it by its id.
// That a list lacks it proves nothing, since a list may be short.
func (r *round) isGone(id string) bool {
	has := r.obs.Exists[id]
	return !r.isListed(id) && has.State == Read && !has.Value
}

// mayExist reports whether the instance of a reference may exist although it was not found in the list. One whose id the list shows for
// another instance does not.
func (r *round) mayExist(ref Ref) bool { return !r.isListed(ref.ID) && !r.isGone(ref.ID) }

// mayBeBusy reports whether Azure is, or may be, at work on the instance: the list says so, or lacks it although it may exist.
func (r *round) mayBeBusy(ref Ref) bool {
	if i, listed := find(r.obs.Instances.Value, ref); listed {
		return i.busy()
	}
	return r.mayExist(ref)
}

// unlisted names the instances of the ledgers that the list lacks and that may exist, in the order of their ids.
func (r *round) unlisted() []string {
	m := r.memory
	ids := slices.Clone(m.Ledger.Exposed)
	add := func(refs []Ref) {
		for _, ref := range refs {
			ids = append(ids, ref.ID)
		}
	}
	if m.Operation != nil && m.Operation.Rejection == nil {
		add(Refs(m.Operation.Instances))
	}
	add(m.Preempted.Instances)
	for _, f := range m.Ledger.Failed {
		ids = append(ids, f.Ref.ID)
	}
	if c := m.calling(BeforeInstance); c != nil {
		add(c.Instances)
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return r.isListed(id) || r.isGone(id) })
	slices.SortFunc(ids, compareIDs)
	return slices.Compact(ids)
}

// instanceToRead names the next instance to be asked for by its id, "" for none. One that Azure has, or that could not be asked for, is
// enough to make the round wait.
func (r *round) instanceToRead() string {
	if r.obs.Instances.State != Read || r.obs.Model.State != Read || len(r.obs.Exists) >= mostAsked {
		return ""
	}
	for _, has := range r.obs.Exists {
		if has.State == ReadFailed || has.Value {
			return ""
		}
	}
	if ids := r.unlisted(); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// forgetGone takes instances that are gone out of the ledger of exposed ones, and notes since when the list falls short of the capacity.
func forgetGone(r *round) (verdict, bool) {
	if slices.ContainsFunc(r.memory.Ledger.Exposed, r.isGone) {
		r.memory.Ledger.Exposed = slices.DeleteFunc(r.memory.Ledger.Exposed, r.isGone)
		r.memory.Ledger.Verified = slices.DeleteFunc(r.memory.Ledger.Verified, r.isGone)
	}
	switch {
	case r.missing() == 0:
		r.memory.Timers.ListShortSince = zeroTime
	case r.memory.Timers.ListShortSince.IsZero():
		r.memory.Timers.ListShortSince = r.at
	}
	return undecided()
}

// requireListed decides nothing on a list that lacks an instance of the ledgers, until Azure was asked for it by its id and does not have
// it.
func requireListed(r *round) (verdict, bool) {
	ids := r.unlisted()
	if len(ids) == 0 {
		return undecided()
	}
	r.blocked = true
	if r.memory.Rollback.Current == nil {
		r.spoilGate() // what becomes of the share is not known meanwhile
	}
	named := names(ids, func(id string) Ref { return Ref{ID: id} })
	for _, id := range ids {
		switch has := r.obs.Exists[id]; has.State {
		case ReadFailed:
			return r.unreadable(fmt.Sprintf("instance %s, which the list lacks", id), has.Problem), true
		case Read:
			return wait(ReasonAzureUnavailable, recheckBusy,
				"the list of instances is short: it lacks instance %s, which Azure has; waiting for a whole list", id), true
		case NotRead:
		}
	}
	return wait(ReasonAzureUnavailable, askAgain, "the list of instances lacks %s; Azure is asked for each by its id before it counts as gone",
		named), true
}

// missing is how many instances the list lacks of the model's capacity. Instances on their way out are no part of the capacity. Where the
// model shows no capacity, a list of nothing lacks something.
func (r *round) missing() int {
	staying := 0
	for _, i := range r.obs.Instances.Value {
		if i.State != StateDeleting {
			staying++
		}
	}
	capacity := r.obs.Model.Value.Capacity
	if capacity == UnknownCapacity && staying == 0 {
		return 1
	}
	return max(0, capacity-staying)
}

// requireWhole waits while the list shows fewer instances than the model is to have: the others may exist. After some time they count as
// not provided, but that there are no instances at all is known only from a capacity of 0.
func requireWhole(r *round) (verdict, bool) {
	missing := r.missing()
	if missing == 0 || r.foreseen {
		return undecided()
	}
	r.blocked = true
	capacity := r.obs.Model.Value.Capacity
	switch until := r.memory.Timers.ListShortSince.Add(shortListTime); {
	case missing >= capacity:
		return wait(ReasonAzureUnavailable, recheckHeld,
			"Azure lists no instance, and the scale set's capacity is %s; waiting for the list; to have none: az vmss scale --new-capacity 0",
			Model{Capacity: capacity}.size()), true
	case r.at.Before(until):
		r.awaits(until)
		return wait(ReasonProgressing, r.until(until, recheckBusy), "Azure lists %d of %d instances; waiting until %s for the list to be whole",
			capacity-missing, capacity, clock(until)), true
	}
	return undecided()
}

// requireWholeBeforeModel does so before the model is written: an instance that the list lacks may show that the model is not what was
// there before.
func requireWholeBeforeModel(r *round) (verdict, bool) {
	if carries(r.spec.Target, r.obs.Model.Value, r.memory.Model.ScriptWritten) {
		return undecided()
	}
	return requireWhole(r)
}

// size is the capacity in words.
func (m Model) size() string {
	if m.Capacity == UnknownCapacity {
		return "not known"
	}
	return fmt.Sprint(m.Capacity)
}
