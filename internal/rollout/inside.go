package rollout

import "slices"

// seenThrough is what was listed, with the machines in which a script of a check is at work as they are without it. Azure may show such a
// machine as being updated until the script is over; that is no work on the machine, and says nothing of its health. A machine that lacks
// the target is not one of those, and on the way back nothing is excused.
func seenThrough(t Target, obs Observation) Result[[]Instance] {
	listed := obs.Instances
	isInside := func(i Instance) bool {
		return i.State == StateUpdating && (i.Latest == True || obs.State.isBehind(t, i)) && obs.hasScriptInside(i)
	}
	if obs.State.Rollback.Current != nil || !slices.ContainsFunc(listed.Value, isInside) {
		return listed
	}
	listed.Value = slices.Clone(listed.Value)
	for n, i := range listed.Value {
		if isInside(i) {
			listed.Value[n].State = StateSucceeded
		}
	}
	return listed
}

// hasScriptInside says whether a script of a check is at work in the machine, or was until a moment ago.
func (o Observation) hasScriptInside(i Instance) bool {
	for key, result := range o.Tasks.Checks {
		about := Ref{ID: key.Instance, VMID: key.VMID}
		if result.RunsInInstance && key.Instance != "" && about.Is(i) {
			return true
		}
	}
	return false
}
