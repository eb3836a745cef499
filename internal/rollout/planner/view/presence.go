package view

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// IsListed reports whether the list shows an instance of that id.
func (v *View) IsListed(id string) bool {
	if v.memo.listed == nil {
		v.memo.listed = make(map[string]bool, len(v.Instances()))
		for _, i := range v.AllListed() {
			v.memo.listed[i.ID] = true
		}
	}
	return v.memo.listed[id]
}

// IsGone reports whether an instance is known to exist no more: no list shows it, and Azure does not have it when asked for it by its id.
// That a list lacks it proves nothing, since a list may be short.
func (v *View) IsGone(id string) bool {
	exists := v.Obs.Exists[id]
	return !v.IsListed(id) && exists.State == rollout.Read && !exists.Value
}

// MayExist reports whether the instance of a reference may exist although it was not found in the list. One whose id the list shows for
// another instance does not.
func (v *View) MayExist(ref rollout.Ref) bool { return !v.IsListed(ref.ID) && !v.IsGone(ref.ID) }

// MayBeBusy reports whether Azure is, or may be, at work on the instance: the list says so, or lacks it although it may exist.
func (v *View) MayBeBusy(ref rollout.Ref) bool {
	if i, listed := v.Find(ref); listed {
		return i.IsBusy()
	}
	return v.MayExist(ref)
}

// Unlisted names the instances of the state that the list lacks and that may exist, in the order of their ids.
func (v *View) Unlisted() []string {
	s := v.State
	ids := slices.Clone(s.Ledger.Exposed)
	add := func(refs []rollout.Ref) {
		for _, ref := range refs {
			ids = append(ids, ref.ID)
		}
	}
	if s.IsWorking() {
		add(rollout.Refs(s.Operation.Instances))
	}
	add(s.Preempted.Instances)
	for _, f := range s.Ledger.Failed {
		ids = append(ids, f.ID)
	}
	if h := s.Tasks.At(rollout.BeforeInstance); h != nil {
		add(h.Instances)
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return v.IsListed(id) || v.IsGone(id) })
	slices.SortFunc(ids, rollout.CompareIDs)
	return slices.Compact(ids)
}

// Missing is how many instances the list lacks of the model's capacity. Instances that are being deleted are no part of the capacity. Where
// the model shows no capacity, an empty list lacks something. Those that the scale set did not make may count in the capacity.
func (v *View) Missing() int {
	staying := 0
	for _, i := range v.AllListed() {
		if i.State != rollout.StateDeleting {
			staying++
		}
	}
	capacity := v.Model().Capacity
	if capacity == rollout.UnknownCapacity && staying == 0 {
		return 1
	}
	return max(0, capacity-staying)
}
