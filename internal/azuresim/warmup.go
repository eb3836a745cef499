package azuresim

import (
	"strings"
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

func (s *Server) healthDelay() time.Duration {
	return time.Duration(s.switches.HealthDelaySeconds) * time.Second
}

// isWarmingUp says whether it is too early to tell a machine's health.
func (inst *instance) isWarmingUp() bool { return inst.set.server.now.Before(inst.warmUntil) }

// richHealth says whether health monitoring knows more than well and ill: version 2 of the extension does.
func (m *model) richHealth() bool {
	for _, e := range m.extensions {
		if strings.HasPrefix(strings.ToLower(e.kind()), "applicationhealth") {
			return strings.HasPrefix(stringAt(e.properties, "typeHandlerVersion"), "2")
		}
	}
	return false
}

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
