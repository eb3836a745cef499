package vmprofile

import (
	_ "embed"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
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

// Spelled is a body with the names of its members in the usual case: Azure takes any.
func Spelled(body tree.Object) tree.Object {
	spelled, _ := inUsualCase(body, "").(tree.Object)
	return spelled
}

func inUsualCase(value any, path string) any {
	switch v := value.(type) {
	case tree.Object:
		known, isKnown := knownMembers[path]
		if !isKnown {
			return v
		}
		out := tree.Object{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			usual := usualName(known, name)
			out[usual] = inUsualCase(v[name], strings.TrimPrefix(path+"."+usual, "."))
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = inUsualCase(e, path+"[]")
		}
		return out
	}
	return value
}

func usualName(known map[string]bool, name string) string {
	if known[name] {
		return name
	}
	for usual := range known {
		if strings.EqualFold(usual, name) {
			return usual
		}
	}
	return name
}

// CheckMembers refuses a body with a member that a scale set does not have; the same one each time (docs/azure.md §8). Members of every
// api-version are known in each. raw is the body as it was sent, in which the member has a position; nil: it was not sent.
func CheckMembers(body tree.Object, raw []byte) *arm.Error {
	path := unknownMember(body, nil)
	if path == nil {
		return nil
	}
	shown, parent := strings.Join(path, "."), "VirtualMachineScaleSet"
	if len(path) > 1 {
		parent = strings.TrimRight(path[len(path)-2], "0123456789[]")
		parent = strings.ToUpper(parent[:1]) + parent[1:]
	}
	line, column := positionOf(raw, shown)
	return arm.Refuse(http.StatusBadRequest, "BadRequest",
		"Could not find member '%s' on object of type '%s'. Path '%s', line %d, position %d.", path[len(path)-1], parent, shown,
		line, column).About("vmss." + shown)
}

// unknownMember returns the path of a member that is not known, nil for none.
func unknownMember(value any, path []string) []string {
	switch v := value.(type) {
	case tree.Object:
		return unknownIn(v, path)
	case []any:
		for i, e := range v {
			within := slices.Clone(path)
			within[len(within)-1] += "[" + strconv.Itoa(i) + "]"
			if found := unknownMember(e, within); found != nil {
				return found
			}
		}
	}
	return nil
}

var indices = regexp.MustCompile(`\[\d+\]`)

func unknownIn(o tree.Object, path []string) []string {
	known, isKnown := knownMembers[indices.ReplaceAllString(strings.Join(path, "."), "[]")]
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
