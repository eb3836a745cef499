package vmss

import "time"

// A machine that comes up has no verdict on its health at first. Binary
// monitoring says nothing then, rich monitoring says that it initializes, as
// far as anybody knows (docs/azure.md §1.3, §2.5).

// cameUp notes that a machine is up again, and looks when its health is known.
func (inst *Instance) cameUp(now time.Time) {
	s := inst.Set.Server
	delay := s.HealthDelay()
	if delay == 0 {
		return
	}
	inst.warmUntil = now.Add(delay)
	s.After(delay, func() { inst.Change(s.Now, func(*State) {}) })
}

// isWarmingUp says whether it is too early to tell a machine's health.
func (inst *Instance) isWarmingUp() bool { return inst.Set.Server.Now.Before(inst.warmUntil) }

// warmingHealth is what is reported meanwhile.
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
