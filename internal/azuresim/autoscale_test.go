package azuresim

import (
	"net/http"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// TestAutoscaleSettings are kept as they were written, and replaced whole.
func TestAutoscaleSettings(t *testing.T) {
	const all = testGroup + "/providers/Microsoft.Insights/autoscaleSettings"
	s := newSim(t, Options{})
	s.stage(1)
	profile := tree.Members{{"name", "p"}, {"novel", tree.Members{{"a", 1}}}}
	whole := tree.Members{{"location", "westeurope"}, {"tags", tree.Members{{"a", "b"}}}, {"properties", tree.Members{
		{"enabled", true}, {"profiles", []any{profile}}, {"targetResourceUri", testSet}}}}
	s.do(http.StatusNotFound, "GET", all+"/one", nil)
	s.do(http.StatusCreated, "PUT", all+"/One", whole)
	got := s.do(http.StatusOK, "GET", all+"/one", nil).body
	mustEqual(t, "name", tree.StringAt(got, "name"), "One")
	mustEqual(t, "type", tree.StringAt(got, "type"), "Microsoft.Insights/autoscaleSettings")
	mustEqual(t, "target", tree.StringAt(got, "properties", "targetResourceUri"), testSet)
	novel, _ := tree.IntAt(tree.ArrayAt(got, "properties", "profiles")[0], "novel", "a")
	mustEqual(t, "a member that is not known", novel, 1)
	s.do(http.StatusOK, "PUT", all+"/one", tree.Members{{"location", "westeurope"}, {"properties", tree.Members{
		{"profiles", []any{profile}}}}})
	got = s.do(http.StatusOK, "GET", all+"/one", nil).body
	mustEqual(t, "enabled", tree.BoolAt(got, "properties", "enabled"), false)
	mustEqual(t, "tag", tree.StringAt(got, "tags", "a"), "")

	for name, body := range map[string]any{
		"no location": tree.Members{{"properties", tree.Members{{"profiles", []any{profile}}}}},
		"no profiles": tree.Members{{"location", "westeurope"}, {"properties", tree.Members{{"profiles", []any{}}}}},
		"odd":         tree.Members{{"location", "westeurope"}, {"properties", 7}},
	} {
		t.Run(name, func(*testing.T) { s.do(http.StatusBadRequest, "PUT", all+"/two", body) })
	}
	mustEqual(t, "of the group", len(listOf(s.do(http.StatusOK, "GET", all, nil).body)), 1)
	s.do(http.StatusNotFound, "GET", "/subscriptions/s/resourceGroups/none/providers/Microsoft.Insights/autoscaleSettings", nil)
	s.do(http.StatusOK, "DELETE", all+"/one", nil)
	s.do(http.StatusNoContent, "DELETE", all+"/one", nil)
	mustEqual(t, "after deletion", len(listOf(s.do(http.StatusOK, "GET", all, nil).body)), 0)
}
