package planner

import (
	"cmp"
	"maps"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// report is the round's part of the status.
func report(d *advance.Draft) rollout.Report {
	r := rollout.Report{Stage: stageReport(d), Facts: facts(d), Preview: d.Preview}
	if d.Obs.Model.State == rollout.Read {
		r.Repairs = &rollout.Repairs{Enabled: d.Model().AutomaticRepairs, Suspended: d.State.RepairsSuspended}
	}
	if d.HasScaleSet() && !d.IsReplaced() {
		r.Progress, r.Zones, r.Instances = progress(d.View), zoneProgress(d.View), instanceReports(d.View)
	}
	return r
}

// facts are the contents of the conditions beside Ready.
func facts(d *advance.Draft) rollout.Facts {
	f := d.Facts
	if d.Obs.Model.State == rollout.Read {
		f.ModelApplied = rollout.False
		if target.Carries(d.Declared.Target, d.Model(), d.State.Model.ScriptWritten) {
			f.ModelApplied = rollout.True
		}
	}
	if d.State.IsRolledBack() {
		f.ModelApplied = rollout.False // an idle round, which reads nothing, says the same
	}
	// An instance is behind only on the way forward, where the model carries the target, and then nothing that is declared has drifted.
	isReported := d.HasScaleSet() && !d.State.Run.Completed && !d.Spec.Drift.RollOther
	if isReported {
		if behind := d.Inventory().Behind; len(behind) > 0 {
			f.Drifted = advance.OtherParts(behind)
		}
	}
	return f
}

// stageReport says which step the round ends at.
func stageReport(d *advance.Draft) rollout.StageReport {
	steps := d.Spec.Canary.Steps
	if len(steps) == 0 {
		return rollout.StageReport{Next: d.Next}
	}
	n := d.Spec.StepIndex(d.State)
	return rollout.StageReport{Name: steps[n].Name, Index: n + 1, Total: len(steps), Next: d.Next}
}

// progress counts instances, by what the round works towards.
func progress(v *view.View) *rollout.Progress {
	p := v.Inventory().Progress(v.State)
	if v.IsRestoring {
		r := v.RollbackInventory()
		p.Desired, p.Overshoot, p.Updated, p.Ready = 0, 0, 0, 0
		p.Exposed = len(r.Behind) + len(r.Busy) + len(r.Unhealthy) + len(r.Failed)
	}
	return p
}

// zoneProgress counts by zone, in the order of their names.
func zoneProgress(v *view.View) []rollout.ZoneProgress {
	c := v.Inventory()
	zones := map[string]*rollout.ZoneProgress{}
	count := func(instances []rollout.Instance, note func(*rollout.ZoneProgress)) {
		for _, i := range instances {
			if zones[i.Zone] == nil {
				zones[i.Zone] = &rollout.ZoneProgress{Name: i.Zone}
			}
			note(zones[i.Zone])
		}
	}
	for _, eligible := range [][]rollout.Instance{c.Exposed, c.Lacking(), c.Unknown, c.Waiting} {
		count(eligible, func(z *rollout.ZoneProgress) { z.Eligible++ })
	}
	count(c.Exposed, func(z *rollout.ZoneProgress) { z.Exposed++ })
	count(c.Updated, func(z *rollout.ZoneProgress) { z.Updated++ })
	count(c.Verified, func(z *rollout.ZoneProgress) { z.Ready++ })
	var list []rollout.ZoneProgress
	for _, name := range slices.Sorted(maps.Keys(zones)) {
		list = append(list, *zones[name])
	}
	return list
}

// instanceReports lists the instances that need attention, those first that need a person, each once.
func instanceReports(v *view.View) []rollout.InstanceReport {
	var list []rollout.InstanceReport
	seen := map[string]bool{}
	add := func(i rollout.Instance, state rollout.ReportState, message string) {
		if !seen[i.ID] {
			seen[i.ID] = true
			list = append(list, rollout.InstanceReport{Ref: i.Ref(), Zone: i.Zone, State: state, Message: message})
		}
	}
	all := inventory.ByID(v.Instances())
	for _, f := range v.State.Ledger.Failed {
		if i, listed := rollout.FindInstance(all, f.Ref); listed {
			add(i, rollout.ReportFailed, cmp.Or(f.Message, i.Message))
		}
	}
	for _, i := range all {
		if v.State.InFlight(i) {
			add(i, inFlightState(v.State, i), i.Message)
		}
	}
	unhealthy, behind := attention(v)
	for _, i := range unhealthy {
		add(i, rollout.ReportUnhealthy, inventory.UnhealthyReason(v.Spec.Target, i))
	}
	for _, i := range behind {
		add(i, rollout.ReportOutdated, "")
	}
	listed := v.AllListed()
	for _, s := range inventory.Skipped(v.Spec, v.State, listed) {
		i, _ := rollout.FindInstance(listed, s.Ref)
		add(i, rollout.ReportSkipped, s.Why)
	}
	return list
}

// inFlightState reports whether the instance in flight is tried again.
func inFlightState(s rollout.State, i rollout.Instance) rollout.ReportState {
	if s.Operation != nil {
		for _, a := range s.Operation.Instances {
			if a.Is(i) && a.Try > 0 {
				return rollout.ReportRetrying
			}
		}
	}
	return rollout.ReportInProgress
}

// attention returns the exposed instances that are not healthy, and the instances that lack what they should have by now: in a rollback
// what was there before, else the latest model.
func attention(v *view.View) (unhealthy, behind []rollout.Instance) {
	c := v.Inventory()
	switch {
	case v.State.IsRollingBack():
		r := v.RollbackInventory()
		return r.Unhealthy, r.Behind
	case v.State.Run.Completed:
		return v.Unhealthy(), inventory.ByID(slices.Concat(c.Lacking(), c.Behind))
	default:
		return v.Unhealthy(), inventory.ByID(c.Behind)
	}
}
