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
