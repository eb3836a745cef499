package azuresim

import "time"

// Whether the time of a machine's health is that of its last report, or of the last change, no documentation says and no recording
// shows (azure-facts §1.3, §2.5). The difference matters to who waits for a machine to be well after an upgrade: one that stays well
// changes nothing, so by the one its health is older than the upgrade for ever, and by the other it is new within seconds.

// healthTime is the time shown with what was known of an instance's health at a time.
func (inst *instance) healthTime(known state, at time.Time) int64 {
	switch inst.set.server.switches.HealthTime {
	case "report":
		return known.lastReport(at)
	case "change":
		return known.healthSince
	}
	return known.since
}

// lastReport is when a machine last said how it is. One that is down says nothing: that it is ill, the platform knows since it went down.
func (st state) lastReport(at time.Time) int64 {
	every := int64(st.model.reportsEvery)
	if st.power != running || every == 0 {
		return st.since
	}
	heard := max(0, at.UnixNano()-st.healthSince)
	return st.healthSince + heard - heard%every
}

// What reports come by where the model says nothing, and what it may say (azure-facts §2.5).
const (
	extensionReportsEvery                   = 5 * time.Second
	probeReportsEvery                       = 15 * time.Second
	leastBetweenReports, mostBetweenReports = 5 * time.Second, time.Minute
)

// findReportsEvery is how far apart reports of health are; zero where nobody asks for them.
func (m *model) findReportsEvery() time.Duration {
	switch m.health {
	case healthProbe:
		return probeReportsEvery
	case healthExtension:
		for _, e := range m.extensions {
			if seconds, given := intAt(e.properties, "settings", "intervalInSeconds"); given && isHealthKind(e.kind()) {
				most := int(mostBetweenReports.Seconds())
				return max(leastBetweenReports, time.Duration(min(seconds, most))*time.Second)
			}
		}
		return extensionReportsEvery
	case healthNone:
	}
	return 0
}
