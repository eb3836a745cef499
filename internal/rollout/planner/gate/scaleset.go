package gate

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// SameScaleSet decides nothing on another scale set than the one that the rollout belongs to, until a Retry, or a new target after this was
// said, begins again.
func SameScaleSet(v *view.View) *view.Hold {
	identity := v.State.ScaleSet
	if identity.ReplacedBy == "" {
		return nil
	}
	return view.Wait(rollout.ReasonScaleSetReplaced, view.RecheckHeld,
		"the scale set was deleted and created again under the same name (it is %s, it was %s); nothing is written to it; to roll "+
			"the target out to it, create a RolloutAction Retry, or change spec.target",
		identity.ReplacedBy, identity.ID).External()
}

// Deleting does nothing to a scale set that is being deleted.
func Deleting(v *view.View) *view.Hold {
	if v.Model().State != rollout.StateDeleting {
		return nil
	}
	return view.Wait(rollout.ReasonScaleSetNotFound, view.RecheckMissing, "the scale set is being deleted")
}
