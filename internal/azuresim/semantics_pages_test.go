package azuresim

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/control"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// pagesOf lists all instances, following links as they come.
func (s *sim) pagesOf() (ids []string, sizes []int, links []string) {
	s.t.Helper()
	next := testSet + "/virtualMachines?$expand=instanceView"
	for next != "" {
		r := s.do(http.StatusOK, "GET", next, nil)
		list := listOf(r.body)
		for _, vm := range list {
			ids = append(ids, tree.StringAt(vm, "instanceId"))
			mustEqual(s.t, "has a view", tree.ObjectAt(vm, "properties", "instanceView") != nil, true)
		}
		sizes = append(sizes, len(list))
		next = tree.StringAt(r.body, "nextLink")
		links = append(links, next)
	}
	return ids, sizes, links
}

// docs/azure.md §6: pages may vary in size, or end with an empty one; no instance is lost or listed twice.
func TestPages(t *testing.T) {
	for name, tc := range map[string]struct {
		switches kernel.Switches
		sizes    string
	}{
		"usual":       {kernel.Switches{}, "[4 4 2]"},
		"vary":        {kernel.Switches{PageSizes: "vary"}, "[3 3 4]"},
		"empty last":  {kernel.Switches{LastPage: "empty"}, "[4 4 2 0]"},
		"plain links": {kernel.Switches{PageLinks: "plain"}, "[4 4 2]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Options{PageSize: 4, Switches: tc.switches})
			s.stage(10)
			ids, sizes, links := s.pagesOf()
			mustEqual(t, "ids", strings.Join(ids, " "), "0 1 2 3 4 5 6 7 8 9")
			mustEqual(t, "sizes", text(sizes), tc.sizes)
			mustEqual(t, "plus signs", strings.Contains(links[0], "=++++"), tc.switches.PageLinks == "plain")
		})
	}
}

// docs/azure.md §2.8: a link that is not encoded may be refused when it comes back as it is.
func TestStrictLinks(t *testing.T) {
	s := newSim(t, Options{PageSize: 2, Switches: kernel.Switches{PageLinks: "strict"}})
	s.stage(3)
	next := tree.StringAt(s.do(http.StatusOK, "GET", testSet+"/virtualMachines", nil).body, "nextLink")
	r := s.do(http.StatusBadRequest, "GET", next, nil)
	mustEqual(t, "message", tree.StringAt(r.body, "error", "message"), "The request URL is not valid.")
	mustEqual(t, "target", tree.StringAt(r.body, "error", "target"), "$skiptoken")
	link, token, _ := strings.Cut(next, "$skiptoken=")
	mustEqual(t, "encoded", len(listOf(s.do(http.StatusOK, "GET", link+"$skiptoken="+strings.ReplaceAll(token, "+", "%2B"), nil).body)), 1)
}

// docs/azure.md §2.9: the clock can run faster than the wall's, and never jumps back when that changes.
func TestClockRunsFast(t *testing.T) {
	wall := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := kernel.NewScaledClock()
	clock.Wall, clock.Origin, clock.Base = func() time.Time { return wall }, wall, wall
	clock.SetRate(60)
	wall = wall.Add(time.Minute)
	mustEqual(t, "an hour in a minute", clock.Now().Sub(wall.Add(-time.Minute)), time.Hour)
	clock.SetRate(1)
	wall = wall.Add(time.Second)
	mustEqual(t, "and slow again", clock.Now().Sub(wall.Add(-time.Minute-time.Second)), time.Hour+time.Second)
	s := New(Options{Rate: 1000})
	defer s.Close()
	if _, err := (&control.Endpoint{Provider: s.compute}).ControlClock([]byte(`{"rate": 0}`), nil); err == nil {
		t.Fatal("a clock that stands still is no wall clock")
	}
}
