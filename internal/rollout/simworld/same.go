package simworld

import (
	"reflect"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// sameMemory reports whether two memories would be written alike.
func sameState(a, b rollout.State) bool {
	if len(a.Ledger.Failed) == 0 && len(b.Ledger.Failed) == 0 {
		a.Ledger.Failed, b.Ledger.Failed = nil, nil
	}
	return reflect.DeepEqual(a, b)
}
