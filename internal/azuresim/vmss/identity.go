package vmss

import (
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// The ids of an assigned identity show once the operation that assigned it has ended, and from then on also while others run
// (azure-cli-2025-02__test_vmss_explicit_msi:10, :21).

// Identify lets the identities that the scale set has now show their ids.
func (set *ScaleSet) Identify() {
	set.identified = map[string]bool{}
	for id := range tree.ObjectAt(set.Doc, "identity", "userAssignedIdentities") {
		set.identified[strings.ToLower(id)] = true
	}
}

// KnowsIdentity reports whether an identity shows its ids.
func (set *ScaleSet) KnowsIdentity(id string) bool { return set.identified[strings.ToLower(id)] }
