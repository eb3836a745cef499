package azuresim

import (
	"time"
)

// A machine that comes up has no verdict on its health at first. Binary
// monitoring says nothing then, rich monitoring says that it initializes, as
// far as anybody knows (azure-facts §1.3, §2.5).

// cameUp notes that a machine is up again, and looks when its health is known.
func (inst *instance) cameUp(now time.Time) {
	s := inst.set.server
	delay := s.healthDelay()
	if delay == 0 {
		return
	}
	inst.warmUntil = now.Add(delay)
	s.after(delay, func() { inst.change(s.now, func(*state) {}) })
}

func (s *kernel) healthDelay() time.Duration {
	return time.Duration(s.switches.HealthDelaySeconds) * time.Second
}

// isWarmingUp says whether it is too early to tell a machine's health.
func (inst *instance) isWarmingUp() bool { return inst.set.server.now.Before(inst.warmUntil) }

// warmingHealth is what is reported meanwhile.
func (inst *instance) warmingHealth() health {
	if !inst.model.richHealth() {
		return healthUnknown
	}
	switch inst.set.server.switches.InitializingHealth {
	case "unknown":
		return healthUnknown
	case "missing":
		return healthMissing
	}
	return healthInitializing
}
