package gate

import (
	"cmp"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Uncordoned prepares no further instance while nodes of earlier ones are still cordoned: the cluster would shrink with every batch. A
// rollback only counts them against its budget.
func Uncordoned(v *view.View) *view.Hold {
	ids := slices.DeleteFunc(view.Uncordonable(v), func(id string) bool { return view.UncordonState(v, id).Failed })
	if len(ids) == 0 || v.State.Rollback.Current != nil {
		return nil
	}
	return view.Wait(rollout.ReasonProgressing, view.RecheckBusy, "waiting until the nodes of %s are uncordoned: %s",
		view.ListIDs(ids), cmp.Or(view.UncordonState(v, ids[0]).Message, "started"))
}

// LastUncordoned lets the object go only when no node is left cordoned by it, or that is not possible.
func LastUncordoned(v *view.View) *view.Hold {
	for _, id := range v.State.Ledger.Cordoned {
		if state := view.UncordonState(v, id); !state.Uncordoned && !state.Failed {
			return view.Wait(rollout.ReasonProgressing, view.RecheckBusy,
				"deleted; waiting until the node of instance %s is uncordoned: %s", id, cmp.Or(state.Message, "started"))
		}
	}
	return nil
}
