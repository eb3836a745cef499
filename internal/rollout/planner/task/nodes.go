package task

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// dueNodes is the work on nodes that is due.
func dueNodes(v *view.View) rollout.NodeWork {
	work := rollout.NodeWork{Uncordon: view.Uncordonable(v)}
	prepared := v.State.Tasks.At(rollout.BeforeInstance)
	if prepared == nil || prepared.DrainingSince.IsZero() || isHeld(v) {
		return work
	}
	// Also while the instances are in flight: should that change nothing, their nodes are drained still.
	work.Drain = slices.Clone(prepared.Instances)
	return work
}
