package controllers

import (
	"encoding/json"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
)

// mostStatus is what a status may take, in bytes: everybody who lists rollouts reads it, and every round writes it.
const mostStatus = 32 << 10

// maxLegible is how many machines in flight, failed ones, and actions stay legible while the rest is packed.
const maxLegible = 10

// fit packs what a status that would be too large says of machines, and leaves out what is for people, what they need least first, then the
// oldest of the history, and then what is told elsewhere as well. What the controller has to remember stays whole.
func fit(status *v1alpha1.VMSSRolloutStatus) {
	excess := encoded(status) - mostStatus
	if excess > 0 {
		pack(status, maxLegible)
		excess = encoded(status) - mostStatus
	}
	status.Instances = without(status.Instances, &excess)
	if status.Plan != nil {
		fitPlan(status.Plan, &excess)
	}
	status.Checks = without(status.Checks, &excess)
	fitHistory(status, &excess)
	fitDetails(status, &excess)
	if excess > 0 {
		pack(status, 0)
	}
}

// fitPlan leaves out the last batches, and says how many machines are in them.
func fitPlan(plan *v1alpha1.Plan, excess *int) {
	plan.Skipped = without(plan.Skipped, excess)
	if *excess > 0 && plan.UnlistedInstances == 0 {
		*excess += len(`"unlistedInstances":1000,`)
	}
	kept := without(plan.Batches, excess)
	for _, batch := range plan.Batches[len(kept):] {
		plan.UnlistedInstances += count(len(batch.Instances))
	}
	plan.Batches = kept
}

// fitHistory leaves out what was said of old runs, then who acted in them, then the runs. The newest stays: by its actions one is told that
// is asked for again.
func fitHistory(status *v1alpha1.VMSSRolloutStatus, excess *int) {
	for n := len(status.History) - 1; n > 0 && *excess > 0; n-- {
		*excess -= encoded(status.History[n].Message)
		status.History[n].Message = ""
	}
	for n := len(status.History) - 1; n > 0 && *excess > 0; n-- {
		*excess -= encoded(status.History[n].Actions)
		status.History[n].Actions = nil
	}
	if len(status.History) > 1 {
		status.History = append(status.History[:1:1], without(status.History[1:], excess)...)
	}
}

// fitDetails leaves out the token, since losing it changes nothing, and shortens what Azure tells of each machine and the Ready condition
// of all.
func fitDetails(status *v1alpha1.VMSSRolloutStatus, excess *int) {
	if *excess > 0 && status.Operation != nil {
		*excess -= len(status.Operation.Token)
		status.Operation.Token = ""
	}
	for n := len(status.FailedInstances) - 1; n >= 0 && *excess > 0; n-- {
		*excess -= len(status.FailedInstances[n].Message)
		status.FailedInstances[n].Message = ""
	}
	for n := range status.Conditions {
		if c := &status.Conditions[n]; *excess > 0 && c.Type != v1alpha1.ConditionReady {
			before := len(c.Message)
			c.Message = conditions.Shorten(c.Message, shortMessage)
			*excess -= before - len(c.Message)
		}
	}
}

// shortMessage is what is left of a condition's message when there is no room.
const shortMessage = 256

// without leaves out the last entries until the excess is gone, or nothing is left.
func without[T any](entries []T, excess *int) []T {
	for len(entries) > 0 && *excess > 0 {
		last := len(entries) - 1
		*excess -= encoded(entries[last]) + len(",")
		entries = entries[:last]
	}
	if len(entries) == 0 {
		return nil
	}
	return entries
}

// encoded is how many bytes a value takes; a status can always be encoded.
func encoded(value any) int {
	text, err := json.Marshal(value)
	if err != nil {
		return 0
	}
	return len(text)
}
