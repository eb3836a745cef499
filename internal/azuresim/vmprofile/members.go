package vmprofile

import (
	_ "embed"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

//go:embed members.txt
var memberList string

// knownMembers are the members that the objects of a scale set's body may have, by the path of the object. An object whose
// path is not there may have any.
var knownMembers = readMembers(memberList)

// anyMember stands for a member of any name.
const anyMember = "*"

func readMembers(text string) map[string]map[string]bool {
	known := map[string]map[string]bool{}
	for line := range strings.Lines(text) {
		path, names, found := strings.Cut(strings.TrimSpace(line), ": ")
		if !found || strings.HasPrefix(line, "#") {
			continue
		}
		known[path] = map[string]bool{}
		for _, name := range strings.Fields(names) {
			known[path][name] = true
		}
	}
	return known
}

// CheckMembers refuses a body with a member that a scale set does not have; the same one each time (docs/azure.md §8). Members of every
// api-version are known in each, and names in another case, which Azure takes, are not.
func CheckMembers(body tree.Object) *arm.Error {
	path := unknownMember(body, nil)
	if path == nil {
		return nil
	}
	shown, parent := strings.Join(path, "."), "VirtualMachineScaleSet"
	if len(path) > 1 {
		parent = strings.TrimRight(path[len(path)-2], "0123456789[]")
		parent = strings.ToUpper(parent[:1]) + parent[1:]
	}
	return arm.Refuse(http.StatusBadRequest, "BadRequest", "Could not find member '%s' on object of type '%s'. Path '%s', line 1, position 1.",
		path[len(path)-1], parent, shown).About("vmss." + shown)
}

// unknownMember returns the path of a member that is not known, nil for none.
func unknownMember(value any, path []string) []string {
	switch v := value.(type) {
	case tree.Object:
		return unknownIn(v, path)
	case []any:
		for _, e := range v {
			within := slices.Clone(path)
			within[len(within)-1] += "[]"
			if found := unknownMember(e, within); found != nil {
				return found
			}
		}
	}
	return nil
}

func unknownIn(o tree.Object, path []string) []string {
	known, isKnown := knownMembers[strings.Join(path, ".")]
	if !isKnown || known[anyMember] && len(path) > 0 && len(known) == 1 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		below := append(slices.Clone(path), name)
		if !known[name] {
			return below
		}
		if found := unknownMember(o[name], below); found != nil {
			return found
		}
	}
	return nil
}
