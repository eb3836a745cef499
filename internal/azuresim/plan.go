package azuresim

// upgradePlan is what bringing an instance to a model takes (azure-facts §2.2).
func (inst *instance) upgradePlan(target *model) plan {
	s := inst.set.server
	old := inst.model
	p := plan{during: updating, lasts: s.durations.Patch}
	newImage, scripts := !target.sameImage(old), target.changedScripts(old)
	switch {
	case !inst.isOn():
		// It takes effect when the machine is started.
		inst.pendingDisk = inst.pendingDisk || newImage
		inst.pendingScripts = inst.pendingScripts || len(scripts) > 0
	case newImage:
		p.lasts, p.newDisk, p.scripts = s.durations.UpgradeImage, true, target.scripts()
	case target.size != old.size:
		p.lasts, p.outage, p.scripts = s.durations.Restart, true, scripts
	case len(scripts) > 0:
		p.lasts, p.scripts = s.durations.Upgrade, scripts
	}
	return p
}

// reimagePlan replaces the OS disk from the instance's own model, not the latest.
func (inst *instance) reimagePlan() plan {
	s := inst.set.server
	inst.pendingDisk, inst.pendingScripts = false, false
	return plan{during: updating, lasts: s.durations.Reimage, newDisk: true, scripts: inst.model.scripts(), reimage: true}
}

func (set *scaleSet) createPlan() plan {
	s, m := set.server, set.model
	return plan{during: creating, lasts: s.durations.Create, newDisk: true, scripts: m.scripts()}
}

// deletePlan gives the machine its notice first, where it has one: of its end only, not of reimages (azure-facts §2.5).
func (inst *instance) deletePlan() plan {
	s := inst.set.server
	return plan{during: deleting, lasts: s.durations.Delete + inst.model.terminateNotice(), remove: true}
}

// startPlan turns a machine on; what its model asked for while it was off happens now.
func (inst *instance) startPlan() plan {
	s := inst.set.server
	p := plan{during: updating, lasts: s.durations.Start, turnOn: !inst.isOn(), newDisk: inst.pendingDisk}
	if inst.pendingDisk || inst.pendingScripts || (inst.power == deallocated && s.switches.StartRunsScripts == "always") {
		p.scripts = inst.model.scripts()
	}
	inst.pendingDisk, inst.pendingScripts = false, false
	return p
}

func (inst *instance) restartPlan() plan {
	s := inst.set.server
	if !inst.isOn() {
		return inst.startPlan()
	}
	return plan{during: updating, lasts: s.durations.Restart, outage: true}
}

func (inst *instance) offPlan(to power) plan {
	s := inst.set.server
	p := plan{during: updating, lasts: s.durations.PowerOff, turnOff: to}
	if to == deallocated {
		p.lasts = s.durations.Deallocate
	}
	return p
}
