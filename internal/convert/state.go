package convert

import (
	"fmt"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/formerstatus"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/statecodec"
)

// UnreadableError is the error for a status whose state cannot be read from it. A rollout that forgot what it did would do it again, so the
// rollout holds.
type UnreadableError struct{ error }

// Unwrap returns the cause.
func (e UnreadableError) Unwrap() error { return e.error }

// State returns the state that a status of this version holds. Its error is an UnreadableError.
func State(status v1alpha1.VMSSRolloutStatus) (rollout.State, error) {
	if status.ControllerState == "" {
		return rollout.State{}, nil
	}
	state, err := statecodec.Decode(status.ControllerState)
	if err != nil {
		return rollout.State{}, UnreadableError{fmt.Errorf("reading status.controllerState: %w", err)}
	}
	return state, nil
}

// IsFormer reports whether the status is of a rollout that has begun a run, and no controller of this version wrote it.
func IsFormer(status v1alpha1.VMSSRolloutStatus) bool {
	return status.ControllerState == "" && (status.Run > 0 || status.Operation != nil)
}

// FormerState returns the state that a status of a former version holds, which is given as JSON because the API has no more of its fields.
// Its error is an UnreadableError.
func FormerState(raw []byte) (rollout.State, error) {
	state, err := formerstatus.State(raw)
	if err != nil {
		return rollout.State{}, UnreadableError{fmt.Errorf("reading status: %w", err)}
	}
	return state, nil
}
