package vmss

import "time"

// Whether the time of a machine's health is that of its last report, or of the last change, no documentation says and no recording
// shows (docs/azure.md §1.3, §2.5). The difference matters to who waits for a machine to be well after an upgrade: one that stays well
// changes nothing, so by the one its health is older than the upgrade for ever, and by the other it is new within seconds.

// HealthTime is the time shown with what was known of an instance's health at a time.
func (inst *Instance) HealthTime(known State, at time.Time) int64 {
	switch inst.Set.Server.Switches.HealthTime {
	case "report":
		return known.lastReport(at)
	case "change":
		return known.HealthSince
	}
	return known.Since
}

// lastReport is when a machine last said how it is. One that is down says nothing: that it is ill, the platform knows since it went down.
func (st State) lastReport(at time.Time) int64 {
	every := int64(st.Model.ReportsEvery)
	if st.Power != Running || every == 0 {
		return st.Since
	}
	heard := max(0, at.UnixNano()-st.HealthSince)
	return st.HealthSince + heard - heard%every
}
