package vmss

import "github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"

// UpgradePlan returns the plan that brings an instance to a model (docs/azure.md §2.2).
func (inst *Instance) UpgradePlan(target *vmprofile.Model) Plan {
	s := inst.Set.Server
	old := inst.Model
	p := Plan{During: Updating, Lasts: s.Durations.Patch, etag: 1}
	newImage, scripts := !target.SameImage(old), target.ChangedScripts(old)
	switch {
	case !inst.IsOn():
		// The change takes effect when the instance is started.
		inst.PendingDisk = inst.PendingDisk || newImage
		inst.PendingScripts = inst.PendingScripts || len(scripts) > 0
	case newImage:
		p.Lasts, p.newDisk, p.scripts = s.Durations.UpgradeImage, true, target.Scripts()
	case target.Size != old.Size:
		p.Lasts, p.outage, p.scripts, p.allocates = s.Durations.Restart, true, scripts, true
	case len(scripts) > 0:
		p.Lasts, p.scripts = s.Durations.Upgrade, scripts
	}
	return p
}

// ReimagePlan replaces the OS disk from the instance's own model, not the latest.
func (inst *Instance) ReimagePlan() Plan {
	s := inst.Set.Server
	inst.PendingDisk, inst.PendingScripts = false, false
	return Plan{During: Updating, Lasts: s.Durations.Reimage, newDisk: true, scripts: inst.Model.Scripts(), reimage: true, etag: 2}
}

func (set *ScaleSet) createPlan() Plan {
	s, m := set.Server, set.Model
	return Plan{During: Creating, Lasts: s.Durations.Create, newDisk: true, scripts: m.Scripts(), allocates: true}
}

// deletePlan gives the instance its terminate notice first, if the model has one. Azure gives it before a deletion only, not before
// reimages (docs/azure.md §2.5).
func (inst *Instance) deletePlan() Plan {
	s := inst.Set.Server
	return Plan{During: Deleting, Lasts: s.Durations.Delete + inst.Model.TerminateNotice(), remove: true}
}

// StartPlan turns an instance on. The changes that its model asked for while it was off happen now.
func (inst *Instance) StartPlan() Plan {
	s := inst.Set.Server
	p := Plan{During: Updating, Lasts: s.Durations.Start, turnOn: !inst.IsOn(), newDisk: inst.PendingDisk, etag: 1,
		allocates: inst.Power == Deallocated}
	if inst.PendingDisk || inst.PendingScripts || (inst.Power == Deallocated && s.Switches.StartRunsScripts == "always") {
		p.scripts = inst.Model.Scripts()
	}
	inst.PendingDisk, inst.PendingScripts = false, false
	return p
}

// RestartPlan turns an instance off and on, or only on if it is off.
func (inst *Instance) RestartPlan() Plan {
	s := inst.Set.Server
	if !inst.IsOn() {
		return inst.StartPlan()
	}
	return Plan{During: Updating, Lasts: s.Durations.Restart, outage: true, etag: 1}
}

// OffPlan turns an instance off.
func (inst *Instance) OffPlan(to Power) Plan {
	s := inst.Set.Server
	p := Plan{During: Updating, Lasts: s.Durations.PowerOff, turnOff: to, etag: 1}
	if to == Deallocated {
		p.Lasts = s.Durations.Deallocate
	}
	return p
}
