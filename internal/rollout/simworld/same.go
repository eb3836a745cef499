package simworld

import (
	"reflect"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// sameMemory says whether two memories would be written alike.
func sameMemory(a, b rollout.Memory) bool {
	if len(a.Failed) == 0 && len(b.Failed) == 0 {
		a.Failed, b.Failed = nil, nil
	}
	return reflect.DeepEqual(a, b)
}
