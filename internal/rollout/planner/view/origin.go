package view

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
)

// takeOutAttached takes the instances out of the list that the scale set did not make, and returns them: no rule ever sees them.
func takeOutAttached(obs *rollout.Observation) []rollout.Instance {
	var attached []rollout.Instance
	for _, i := range obs.Instances.Value {
		if obs.State.IsAttached(i) {
			attached = append(attached, i)
		}
	}
	if attached != nil {
		obs.Instances.Value = slices.DeleteFunc(slices.Clone(obs.Instances.Value), obs.State.IsAttached)
	}
	return attached
}

// AllListed are the instances that were listed, with those that the scale set did not make.
func (v *View) AllListed() []rollout.Instance { return slices.Concat(v.Instances(), v.Attached) }

// readLatest fills in what is known of the models of instances that the platform does not say it of itself.
func (v *View) readLatest() {
	latest := inventory.Latest{
		Target: v.Spec.Target, State: v.State, Model: v.Obs.Model, IsRestoring: v.IsRestoring, RollsOther: v.Spec.Drift.RollOther,
	}
	v.Obs.Instances.Value = inventory.Changed(v.Instances(), func(i rollout.Instance) (rollout.Instance, bool) {
		was := i.Latest
		i.Latest = latest.Of(i)
		return i, i.Latest != was
	})
}
