package rollout_test

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// view is the content of an observation, counted the simple way.
type view struct {
	byID                          map[string]rollout.Instance
	unavailable, exposed          map[string]bool
	eligible                      map[string]bool
	carried                       bool
	size, maxUnavailable, desired int
}

func lookAt(spec rollout.Spec, m rollout.State, obs rollout.Observation) view {
	v := view{byID: map[string]rollout.Instance{}, unavailable: map[string]bool{}, exposed: map[string]bool{}, eligible: map[string]bool{}}
	model := obs.Model.Value
	v.carried = spec.Target.Image == nil || *spec.Target.Image == model.Image
	if s := spec.Target.Script; s != nil {
		v.carried = v.carried && model.Script != nil && slices.Equal(s.URIs, model.Script.URIs) && s.Command == model.Script.Command &&
			(spec.Target.RevisionTag == "" || spec.Target.RevisionTag == model.Script.ForceUpdateTag)
	}
	v.carried = v.carried && dumbCarries(spec.Target.Applications, model.Applications)
	n, isWaiting := 0, spec.Instances.Stopped == rollout.StoppedWait
	for _, i := range obs.Instances.Value {
		v.byID[i.ID] = i
		isLeftOut := i.Protected && spec.Instances.Protected == rollout.ProtectedSkip || isSkippedIn(m, i.ID)
		if isDumbOff(m, i) {
			if isWaiting && !isLeftOut { // it takes its place of the share, and none of the budget
				n++
				v.eligible[i.ID] = true
				if v.carried && i.Latest != rollout.False || slices.Contains(m.Ledger.Exposed, i.ID) {
					v.exposed[i.ID] = true
				}
			}
			continue
		}
		if !dumbWell(spec, i) {
			v.unavailable[i.ID] = true
		}
		if i.State == rollout.StateDeleting || isLeftOut {
			continue
		}
		n++
		v.eligible[i.ID] = true
		if v.carried && (i.Latest == rollout.True || isDumbBehind(spec, m, i)) {
			v.exposed[i.ID] = true
		}
	}
	for _, f := range m.Ledger.Failed {
		i, listed := v.byID[f.ID]
		// who takes a failed instance out of the run lets another take its place; what is off is not eligible
		if listed && i.VMID == f.VMID && !isSkippedIn(m, i.ID) && (isWaiting || !isDumbOff(m, i)) {
			v.exposed[f.ID] = true
		}
	}
	v.size = dumbAmount(spec.Batch.Size, n)
	v.maxUnavailable = dumbAmount(spec.Batch.MaxUnavailable, n)
	v.desired = dumbShare(spec, m, n)
	return v
}

// isDumbOff reports whether the instance is left out because it is off, and nothing is in flight on it.
func isDumbOff(m rollout.State, i rollout.Instance) bool {
	is := func(r rollout.Ref) bool { return r.ID == i.ID && r.VMID == i.VMID }
	if op := m.Operation; op != nil && op.Rejection == nil && slices.ContainsFunc(rollout.Refs(op.Instances), is) ||
		slices.ContainsFunc(m.Preempted.Instances, is) {
		return false
	}
	return i.Power.Off != rollout.NotOff && (i.State == rollout.StateSucceeded || i.State == rollout.StateFailed)
}

// isDumbBehind reports whether a batch of this run verified the instance, and only Azure's flag says that it is not at the latest model.
func isDumbBehind(spec rollout.Spec, m rollout.State, i rollout.Instance) bool {
	isOther := spec.Target.Image != nil && i.Disk.Image != nil && *i.Disk.Image != *spec.Target.Image || spec.Target.Script != nil &&
		i.Script == rollout.ScriptAbsent
	return !spec.Drift.RollOther && m.Rollback.Current == nil && i.Latest == rollout.False && !isOther &&
		slices.Contains(m.Ledger.Verified, i.ID)
}

// isSkippedIn reports whether a person took the instance out of the run. In a rollback no instance is taken out.
func isSkippedIn(m rollout.State, id string) bool {
	return m.Rollback.Current == nil && slices.ContainsFunc(m.Ledger.Skipped, func(r rollout.Ref) bool { return r.ID == id })
}

func dumbWell(spec rollout.Spec, i rollout.Instance) bool {
	return i.State == rollout.StateSucceeded && i.Power.Running != rollout.False && i.Script != rollout.ScriptFailed &&
		i.Script != rollout.ScriptRunning &&
		(spec.Health.Source == rollout.HealthProvisioning || i.Health.Healthy == rollout.True)
}

// dumbAmount and dumbDesired count up instead of dividing.
func dumbAmount(a rollout.Amount, n int) int {
	if a.IsPercent {
		return dumbDesired(a.Value, n)
	}
	if a.Value > n {
		return n
	}
	return a.Value
}

func dumbDesired(percent, n int) int {
	most := 0
	for k := 1; k <= n; k++ {
		if k*100 <= percent*n {
			most = k
		}
	}
	if most == 0 && n > 0 {
		most = 1
	}
	return most
}

// dumbStep looks for the step by its name.
func dumbStep(spec rollout.Spec, m rollout.State) rollout.CanaryStep {
	if len(spec.Canary.Steps) == 0 {
		return rollout.CanaryStep{Percent: spec.Canary.Percent}
	}
	for _, step := range spec.Canary.Steps {
		if step.Name == m.Stage.Name {
			return step
		}
	}
	return spec.Canary.Steps[0]
}

// dumbShare is how many of n may have the target at the step.
func dumbShare(spec rollout.Spec, m rollout.State, n int) int {
	step := dumbStep(spec, m)
	if step.Percent > 0 {
		return dumbDesired(step.Percent, n)
	}
	return dumbAmount(rollout.Amount{Value: step.Count}, n)
}
