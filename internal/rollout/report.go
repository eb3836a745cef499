package rollout

import (
	"maps"
	"slices"
)

// ZoneProgress counts the eligible machines of one availability zone.
type ZoneProgress struct {
	Name                              string // "": no zone
	Eligible, Exposed, Updated, Ready int
}

// InstanceReport is an instance that needs attention.
type InstanceReport struct {
	Ref     Ref
	Zone    string
	State   ReportState
	Message string
}

// ReportState says why an instance is reported.
type ReportState string

// The states of reported instances, those first that need a person.
const (
	ReportFailed     ReportState = "Failed"
	ReportRetrying   ReportState = "Retrying"
	ReportInProgress ReportState = "InProgress"
	ReportUnhealthy  ReportState = "Unhealthy"
	ReportOutdated   ReportState = "Behind"
	ReportSkipped    ReportState = "Skipped"
)

// zoneProgress counts by zone, in the order of their names.
func (r *round) zoneProgress() []ZoneProgress {
	c := r.count()
	zones := map[string]*ZoneProgress{}
	tell := func(instances []Instance, note func(*ZoneProgress)) {
		for _, i := range instances {
			if zones[i.Zone] == nil {
				zones[i.Zone] = &ZoneProgress{Name: i.Zone}
			}
			note(zones[i.Zone])
		}
	}
	for _, eligible := range [][]Instance{c.exposed, c.lacking(), c.unsure} {
		tell(eligible, func(z *ZoneProgress) { z.Eligible++ })
	}
	tell(c.exposed, func(z *ZoneProgress) { z.Exposed++ })
	tell(c.updated, func(z *ZoneProgress) { z.Updated++ })
	tell(c.verified, func(z *ZoneProgress) { z.Ready++ })
	var list []ZoneProgress
	for _, name := range slices.Sorted(maps.Keys(zones)) {
		list = append(list, *zones[name])
	}
	return list
}

// notable lists the machines worth a look, what needs a person first, each once.
func (r *round) notable() []InstanceReport {
	var list []InstanceReport
	seen := map[string]bool{}
	note := func(i Instance, state ReportState, message string) {
		if !seen[i.ID] {
			seen[i.ID] = true
			list = append(list, InstanceReport{Ref: i.Ref(), Zone: i.Zone, State: state, Message: message})
		}
	}
	all := byOrder(OrderInstanceID, r.obs.Instances.Value)
	for _, f := range r.memory.Ledger.Failed {
		if i, listed := find(all, f.Ref); listed {
			note(i, ReportFailed, orElse(f.Message, i.Message))
		}
	}
	for _, i := range all {
		if r.memory.inFlight(i) {
			note(i, r.attempt(i), i.Message)
		}
	}
	for _, i := range r.unwell() {
		note(i, ReportUnhealthy, ailment(r.spec, i))
	}
	for _, i := range r.behind() {
		note(i, ReportOutdated, "")
	}
	for _, s := range skipped(r.spec, r.memory, r.obs.Instances.Value) {
		i, _ := find(all, s.Ref)
		note(i, ReportSkipped, s.Why)
	}
	return list
}

// attempt says whether the machine in flight is tried again.
func (r *round) attempt(i Instance) ReportState {
	if op := r.memory.Operation; op != nil {
		for _, ref := range op.Instances {
			if ref.Is(i) && ref.Try > 0 {
				return ReportRetrying
			}
		}
	}
	return ReportInProgress
}

// unwell are exposed machines that are not well.
func (r *round) unwell() []Instance {
	if r.memory.IsRollingBack() {
		return r.sortReturning().ill
	}
	return r.illExposed()
}

// behind are machines that lack what they should have by now: on the way back what was there before, else the latest model.
func (r *round) behind() []Instance {
	switch {
	case r.memory.IsRollingBack():
		return r.sortReturning().behind
	case r.memory.Run.Completed:
		return byOrder(OrderInstanceID, slices.Concat(r.count().lacking(), r.count().behind))
	default:
		return byOrder(OrderInstanceID, r.count().behind)
	}
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
