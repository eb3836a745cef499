package azuresim

import (
	"net/http"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// TestUnknownMembers: a member that a scale set does not have is refused as Azure refuses it (azure-cli#18855), and nothing is written.
// What the settings of an extension and tags hold is free.
func TestUnknownMembers(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	properties := func(m ...tree.Member) tree.Members { return tree.Members{{"properties", tree.Members(m)}} }
	inProfile := func(m ...tree.Member) tree.Members {
		return properties(tree.Member{"virtualMachineProfile", tree.Members(m)})
	}
	for path, body := range map[string]any{
		"orchestration":                  tree.Members{{"orchestration", "Flexible"}},
		"properties.capacity":            properties(tree.Member{"capacity", 3}),
		"properties.upgradePolicy.modus": properties(tree.Member{"upgradePolicy", tree.Members{{"modus", "Manual"}}}),
		"properties.virtualMachineProfile.extensionProfile.extensions[].properties.typeVersion": inProfile(tree.Member{"extensionProfile",
			tree.Members{{"extensions", []any{tree.Members{{"name", "a"}, {"properties", tree.Members{{"typeVersion", "2.1"}}}}}}}}),
	} {
		r := s.do(http.StatusBadRequest, "PATCH", testSet, body)
		mustEqual(t, path, r.code(), "BadRequest")
		mustEqual(t, path, tree.StringAt(r.body, "error", "target"), "vmss."+path)
	}
	mustEqual(t, "etag", tree.StringAt(s.do(http.StatusOK, "GET", testSet, nil).body, "etag"), `"1"`)
	s.do(http.StatusOK, "PATCH", testSet, tree.Members{{"tags", tree.Members{{"anyName", "value"}}}})
	s.patch(script("x"))
}
