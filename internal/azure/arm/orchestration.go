package arm

import (
	"strconv"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// OrchestrationOf tells by an instance id of which kind its scale set is.
func OrchestrationOf(id string) string {
	if _, err := strconv.ParseUint(id, 10, 64); err == nil {
		return rollout.OrchestrationUniform
	}
	return rollout.OrchestrationFlexible
}
