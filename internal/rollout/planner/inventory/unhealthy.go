package inventory

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// Unhealthy returns exposed instances that are neither verified, nor in flight, nor already failed, nor off; and those that have the target
// and are to be upgraded again, while they are not healthy.
func (c Inventory) Unhealthy(spec rollout.Spec, s rollout.State) []rollout.Instance {
	verified := map[string]bool{}
	for _, i := range c.Verified {
		verified[i.ID] = true
	}
	var list []rollout.Instance
	for _, i := range c.Exposed {
		if !verified[i.ID] && !s.InFlight(i) && !s.Ledger.HasFailed(i) && !s.IsOff(i) {
			list = append(list, i)
		}
	}
	for _, i := range c.Behind {
		if spec.Drift.RollOther && !IsHealthy(spec.Health, i) {
			list = append(list, i)
		}
	}
	return ByID(list)
}

// WithoutUpdating returns the instances without those that Azure updates for an operation that is not the run's, after the run verified
// them: an upgrade of an extension, for example. Their health meanwhile says nothing of the release.
func WithoutUpdating(s rollout.State, unhealthy []rollout.Instance) []rollout.Instance {
	return slices.DeleteFunc(slices.Clone(unhealthy), func(i rollout.Instance) bool {
		return i.State == rollout.StateUpdating && s.Ledger.IsVerified(i.ID)
	})
}

// StoppedAfterUpgrade returns the instances that this run gave the target and that were stopped since, not deallocated: the release may
// have stopped them.
func StoppedAfterUpgrade(spec rollout.Spec, s rollout.State, model rollout.Model, instances []rollout.Instance) []rollout.Instance {
	var list []rollout.Instance
	if !target.Carries(spec.Target, model, s.Model.ScriptWritten) {
		return nil
	}
	for _, i := range ByID(instances) {
		isOurs := i.Latest == rollout.True && s.Ledger.IsExposed(i.ID) && !s.Ledger.IsSkipped(i)
		if isOurs && i.Power.Off == rollout.OffStopped && s.IsOff(i) {
			list = append(list, i)
		}
	}
	return list
}

// HasRecovered reports whether an instance has the target for certain and is healthy.
func HasRecovered(spec rollout.Spec, s rollout.State, model rollout.Model, i rollout.Instance) bool {
	if !target.Carries(spec.Target, model, s.Model.ScriptWritten) || !IsHealthy(spec.Health, i) {
		return false
	}
	return i.Latest == rollout.True && !target.Contradicts(spec.Target, i) || target.IsOutdatedOnly(s, spec.Target, i)
}

// WithoutRunCommands returns the instances in which a script of a check is at work as they are without it. Azure may show such an instance
// as being updated until the script is over; that is no work on the instance, and says nothing of its health. An instance that lacks the
// target is none of those, and a rollback excuses nothing.
func WithoutRunCommands(t rollout.Target, obs rollout.Observation) rollout.Result[[]rollout.Instance] {
	listed := obs.Instances
	isMasked := func(i rollout.Instance) bool {
		return i.State == rollout.StateUpdating && (i.Latest == rollout.True || target.IsOutdatedOnly(obs.State, t, i)) && runsScript(obs, i)
	}
	if obs.State.Rollback.Current != nil {
		return listed
	}
	listed.Value = Changed(listed.Value, func(i rollout.Instance) (rollout.Instance, bool) {
		isChanged := isMasked(i)
		i.State = rollout.StateSucceeded
		return i, isChanged
	})
	return listed
}

// Changed returns the instances with those that the function changes, in a list of their own if there is one.
func Changed(instances []rollout.Instance, change func(rollout.Instance) (changed rollout.Instance, isChanged bool)) []rollout.Instance {
	list, isCopy := instances, false
	for n, i := range instances {
		changed, isChanged := change(i)
		if !isChanged {
			continue
		}
		if !isCopy {
			list, isCopy = slices.Clone(instances), true
		}
		list[n] = changed
	}
	return list
}

// runsScript reports that a script of a check is at work in the instance, or was until a moment ago.
func runsScript(obs rollout.Observation, i rollout.Instance) bool {
	for key, result := range obs.Tasks.Checks {
		about := rollout.Ref{ID: key.Instance, VMID: key.VMID}
		if result.RunsInInstance && about.Is(i) {
			return true
		}
	}
	return false
}
