package convert

import (
	"encoding/json"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/statecodec"
)

// maxStatusSize is the maximum size of a status, in bytes: each list of rollouts holds all of it, and every round writes it.
const maxStatusSize = 32 << 10

// maxEntries is how many instances in flight, failed ones, and actions a large status names.
const maxEntries = 10

// trimToSize writes the state into the status and makes the status fit. What people read is left out first, what they need least before the
// rest.
func trimToSize(status *v1alpha1.VMSSRolloutStatus, state rollout.State) error {
	text, err := statecodec.Encode(state)
	if err != nil {
		return err
	}
	status.ControllerState = text
	excess := encoded(status) - maxStatusSize
	trimLists(status, maxEntries, &excess)
	status.Instances = without(status.Instances, &excess)
	if status.Plan != nil {
		trimPlan(status.Plan, &excess)
	}
	status.Checks = without(status.Checks, &excess)
	trimHistory(status, &excess)
	trimMessages(status, &excess)
	trimLists(status, 0, &excess)
	if excess > 0 {
		return trimState(status, state, excess)
	}
	return nil
}

// trimState writes the state without what no decision needs: the poll token, messages, and at last the oldest runs.
func trimState(status *v1alpha1.VMSSRolloutStatus, state rollout.State, excess int) error {
	room := len(status.ControllerState) - excess
	s := state.Clone()
	if s.Operation != nil {
		s.Operation.PollToken = ""
	}
	for n := range s.Ledger.Failed {
		s.Ledger.Failed[n].Message = ""
	}
	for n := range s.History {
		s.History[n].Message = ""
	}
	for {
		text, err := statecodec.Encode(s)
		if err != nil {
			return err
		}
		if status.ControllerState = text; len(text) <= room || len(s.History) <= 1 {
			return nil
		}
		s.History = s.History[:(len(s.History)+1)/2]
	}
}

// trimLists names no more than some of the instances in flight and of the failed ones, and the last of the actions.
func trimLists(status *v1alpha1.VMSSRolloutStatus, most int, excess *int) {
	if op := status.Operation; op != nil && *excess > 0 {
		op.Instances = first(op.Instances, most, excess)
	}
	if *excess > 0 {
		status.FailedInstances = first(status.FailedInstances, most, excess)
	}
	if more := len(status.Actions) - most; *excess > 0 && more > 0 {
		*excess -= encoded(status.Actions[:more]) - len(",")
		status.Actions = status.Actions[more:]
	}
}

// first returns no more than the first entries.
func first[T any](entries []T, most int, excess *int) []T {
	if len(entries) <= most {
		return entries
	}
	*excess -= encoded(entries[most:]) - len(",")
	return entries[:most:most]
}

// trimPlan leaves out the last batches, and says how many instances are in them.
func trimPlan(plan *v1alpha1.Plan, excess *int) {
	plan.Skipped = without(plan.Skipped, excess)
	if *excess > 0 && plan.OmittedInstances == 0 {
		*excess += len(`"omittedInstances":1000,`)
	}
	kept := without(plan.Batches, excess)
	for _, batch := range plan.Batches[len(kept):] {
		plan.OmittedInstances += count(len(batch.Instances))
	}
	plan.Batches = kept
}

// trimHistory leaves out what was said of old runs, then who acted in them, then all runs but the newest.
func trimHistory(status *v1alpha1.VMSSRolloutStatus, excess *int) {
	for n := len(status.History) - 1; n > 0 && *excess > 0; n-- {
		*excess -= encoded(status.History[n].Message)
		status.History[n].Message = ""
	}
	for n := len(status.History) - 1; n >= 0 && *excess > 0; n-- {
		*excess -= encoded(status.History[n].Actions)
		status.History[n].Actions = nil
	}
	if len(status.History) > 1 {
		status.History = append(status.History[:1:1], without(status.History[1:], excess)...)
	}
}

// trimMessages leaves out what Azure said of each failed instance, and shortens the conditions other than Ready.
func trimMessages(status *v1alpha1.VMSSRolloutStatus, excess *int) {
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

// shortMessage is the maximum length of a condition's message when there is no room.
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
