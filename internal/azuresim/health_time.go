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
