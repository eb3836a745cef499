package vmss

import "time"

// The health of an instance that comes up is not known at first. Then binary monitoring reports nothing, and rich monitoring reports that
// the instance initializes, as far as is known outside Azure (docs/azure.md §1.3, §2.5).

// cameUp records that an instance is up again, and plans a check for the time when its health is known.
func (inst *Instance) cameUp(now time.Time) {
	s := inst.Set.Server
	delay := s.HealthDelay()
	if delay == 0 {
		return
	}
	inst.warmUntil = now.Add(delay)
	s.After(delay, func() { inst.Change(s.Now, func(*State) {}) })
}

// isWarmingUp reports whether it is too early to know an instance's health.
func (inst *Instance) isWarmingUp() bool { return inst.Set.Server.Now.Before(inst.warmUntil) }

// warmingHealth returns the health that is reported until the health is known.
func (inst *Instance) warmingHealth() Health {
	if !inst.Model.RichHealth() {
		return HealthUnknown
	}
	switch inst.Set.Server.Switches.InitializingHealth {
	case "unknown":
		return HealthUnknown
	case "missing":
		return HealthMissing
	}
	return HealthInitializing
}

// Neither the documentation nor a recording shows whether the time of an instance's health is the time of its last report or of the last
// change (docs/azure.md §1.3, §2.5). The difference matters to a client that waits until an instance is healthy after an upgrade. The
// health of an instance that stays healthy does not change: if the time is that of the last change, the health always predates the upgrade;
// if it is that of the last report, it is newer within seconds.

// HealthTime returns the time that is shown with the health of an instance, by its state known at a time.
func (inst *Instance) HealthTime(known State, at time.Time) int64 {
	switch inst.Set.Server.Switches.HealthTime {
	case "report":
		return known.lastReport(at)
	case "change":
		return known.HealthSince
	}
	return known.Since
}

// lastReport returns the time of an instance's last report of health. An instance that is down reports nothing: the platform knows that it
// is unhealthy since it went down.
func (st State) lastReport(at time.Time) int64 {
	every := int64(st.Model.ReportsEvery)
	if st.Power != Running || every == 0 {
		return st.Since
	}
	heard := max(0, at.UnixNano()-st.HealthSince)
	return st.HealthSince + heard - heard%every
}
