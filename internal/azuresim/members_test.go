package azuresim

import (
	"net/http"
	"strings"
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
		"properties.virtualMachineProfile.extensionProfile.extensions[0].properties.typeVersion": inProfile(tree.Member{"extensionProfile",
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

// TestPositionOfMember: the message says where the member is (azure-cli#18855), and names in another case are taken, as Azure takes them.
func TestPositionOfMember(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	for body, want := range map[string]string{
		`{"orchestration":"Flexible"}`:                                                      "Path 'orchestration', line 1, position 17.",
		"{\n  \"tags\": {\"a\": \"b\"},\n  \"properties\": {\"capacity\" : 3}}":             "Path 'properties.capacity', line 3, position 29.",
		`{"properties": {"upgradePolicy": {"mode": "Manual"}, "x": [{"y": 1}, 2], "z": 1}}`: "Path 'properties.x', line 1, position 57.",
	} {
		r := s.do(http.StatusBadRequest, "PATCH", testSet, body)
		if message := tree.StringAt(r.body, "error", "message"); !strings.HasSuffix(message, want) {
			t.Errorf("%s: %s", body, message)
		}
	}
	s.patched(`{"PROPERTIES": {"virtualmachineprofile": {"LicenseType": "RHEL_BYOS"}}}`)
	set := s.do(http.StatusOK, "GET", testSet, nil).body
	mustEqual(t, "licence", tree.StringAt(set, "properties", "virtualMachineProfile", "licenseType"), "RHEL_BYOS")
}
