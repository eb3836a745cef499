package vmprofile

import (
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// SettleIdentity makes a merged identity what its type says: None removes it,
// and only a type with UserAssigned has such identities. Their ids match in any case.
func SettleIdentity(full, body tree.Object) tree.Object {
	identity := tree.ObjectAt(full, "identity")
	if identity == nil {
		return full
	}
	kind := strings.ToLower(tree.StringAt(identity, "type"))
	if kind == "none" {
		return tree.Without(full, "identity")
	}
	if !strings.Contains(kind, "userassigned") {
		return tree.With(full, "identity", tree.Without(identity, "userAssignedIdentities"))
	}
	kept := tree.Object{}
	given := tree.ObjectAt(body, "identity", "userAssignedIdentities")
	for id := range tree.ObjectAt(identity, "userAssignedIdentities") {
		if !removed(given, id) {
			kept[id] = tree.Object{}
		}
	}
	return tree.With(full, "identity", tree.With(identity, "userAssignedIdentities", kept))
}

// removed reports whether a body sets an identity to null.
func removed(given tree.Object, id string) bool {
	for name, value := range given {
		if value == nil && strings.EqualFold(name, id) {
			return true
		}
	}
	return false
}
