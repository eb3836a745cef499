package azuresim

import (
	"maps"
	"slices"
	"strings"
)

// settleIdentity makes a merged identity what its type says: None removes it,
// and only a type with UserAssigned has such identities. Their ids match in any case.
func settleIdentity(full, body object) object {
	identity := objectAt(full, "identity")
	if identity == nil {
		return full
	}
	kind := strings.ToLower(stringAt(identity, "type"))
	if kind == "none" {
		return without(full, "identity")
	}
	if !strings.Contains(kind, "userassigned") {
		return with(full, "identity", without(identity, "userAssignedIdentities"))
	}
	kept := object{}
	given := objectAt(body, "identity", "userAssignedIdentities")
	for id := range objectAt(identity, "userAssignedIdentities") {
		if !removed(given, id) {
			kept[id] = object{}
		}
	}
	return with(full, "identity", with(identity, "userAssignedIdentities", kept))
}

// removed says whether a body sets an identity to null.
func removed(given object, id string) bool {
	for name, value := range given {
		if value == nil && strings.EqualFold(name, id) {
			return true
		}
	}
	return false
}

// identity is shown with the ids that the directory gave; those of assigned
// identities are there once no operation runs.
func (set *scaleSet) identity() any {
	identity := objectAt(set.doc, "identity")
	if identity == nil {
		return nil
	}
	m := members{{"type", identity["type"]}}
	if strings.Contains(strings.ToLower(stringAt(identity, "type")), "systemassigned") {
		m = append(m, member{"principalId", directoryID(set.key)}, member{"tenantId", tenantID})
	}
	assigned := objectAt(identity, "userAssignedIdentities")
	if assigned == nil {
		return m
	}
	shown := members{}
	for _, id := range slices.Sorted(maps.Keys(assigned)) {
		ids := members{}
		if len(set.operations) == 0 {
			ids = members{{"principalId", directoryID(id)}, {"clientId", directoryID("client " + id)}}
		}
		shown = append(shown, member{id, ids})
	}
	return append(m, member{"userAssignedIdentities", shown})
}
