package azuresim

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// TestControlTakesNothingSilently: a member or an operation that does not exist, and a path or a method that is no request, are refused
// with the word that is wrong.
func TestControlTakesNothingSilently(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	fault := func(more ...tree.Member) []tree.Members {
		return []tree.Members{append(tree.Members{{"kind", "notApplied"}}, more...)}
	}
	for _, tc := range []struct {
		method, path string
		body         any
		status       int
		says         string
	}{
		{"POST", "/scale", tree.Members{{"scaleSet", testSet}, {"capcity", 3}}, http.StatusBadRequest, `unknown field \"capcity\"`},
		{"PUT", "/faults", fault(tree.Member{"operation", "UpdateInstances"}, tree.Member{"time", 1}), http.StatusBadRequest,
			`unknown field \"time\"`},
		{"PUT", "/faults", fault(tree.Member{"operation", "ManualUpgrade"}), http.StatusBadRequest,
			`operation \"ManualUpgrade\" is unknown; known are: *, `},
		{"PUT", "/fault", nil, http.StatusNotFound, "PUT /fault is no request; GET / lists all"},
		{"POST", "/faults", nil, http.StatusMethodNotAllowed, "/faults takes DELETE and GET and PUT, not POST"},
	} {
		if status, text := s.tryControl(tc.method, tc.path, tc.body); status != tc.status || !strings.Contains(text, tc.says) {
			t.Errorf("%s %s: %d %s", tc.method, tc.path, status, text)
		}
	}
	if status, text := s.tryControl("POST", "/scale", json.RawMessage(`{"scaleSet": "`+testSet+`", "capacity": 2} {}`)); status !=
		http.StatusBadRequest {
		t.Errorf("two values: %d %s", status, text)
	}
}

// TestFaultsTellTheirHits: how often a fault matched, and how often it struck.
func TestFaultsTellTheirHits(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	s.faults(tree.Members{{"operation", "get"}, {"skip", 1}, {"times", 1}, {"kind", "status"}, {"status", 503}},
		tree.Members{{"operation", "VMs.List"}, {"kind", "listLags"}, {"seconds", 5}})
	for _, status := range []int{http.StatusOK, http.StatusServiceUnavailable, http.StatusOK} {
		s.do(status, "GET", testSet, nil)
	}
	var hits []struct {
		Operation   string
		Seen, Fired int
	}
	if err := json.Unmarshal([]byte(s.control("GET", "/faults", nil)), &hits); err != nil {
		t.Fatal(err)
	}
	if len(hits) != 2 || hits[0].Operation != "get" || hits[0].Seen != 3 || hits[0].Fired != 1 || hits[1].Seen != 0 || hits[1].Fired != 0 {
		t.Errorf("hits %+v", hits)
	}
	s.control("DELETE", "/faults", nil)
	mustEqual(t, "faults", strings.TrimSpace(s.control("GET", "/faults", nil)), "[]")
}

// TestIndexOfControl: the index has each request of the manual, and each operation that a fault can be about.
func TestIndexOfControl(t *testing.T) {
	manual, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	index := newSim(t, Options{}).control("GET", "/", nil)
	for _, request := range regexp.MustCompile("(GET|PUT|POST|DELETE) /[a-z]+").FindAllString(string(manual), -1) {
		if !strings.Contains(index, `"`+request+`"`) {
			t.Errorf("%s is in the manual, and not in the index", request)
		}
	}
	for _, request := range regexp.MustCompile(`"((GET|PUT|POST|DELETE) /[a-z]+)"`).FindAllStringSubmatch(index, -1) {
		if !strings.Contains(string(manual), request[1]) {
			t.Errorf("%s is in the index, and not in the manual", request[1])
		}
	}
	if !strings.Contains(index, `"UpdateInstances"`) {
		t.Error("the index has no operations")
	}
}

// TestWhatIsNotSimulated: an answer about what Azure serves and the simulator does not carries a header, and the control endpoint lists the
// call. What is missing only as a resource, and what is refused for its content, does neither.
func TestWhatIsNotSimulated(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	const disks = testGroup + "/providers/Microsoft.Compute/disks/data"
	const header = "X-Azuresim-Not-Simulated"
	mustEqual(t, header, s.do(http.StatusNotFound, "GET", disks, nil).header.Get(header), "GET "+disks)
	mustEqual(t, header, s.do(http.StatusMethodNotAllowed, "POST", testSet, nil).header.Get(header), "POST "+testSet)
	for _, path := range []string{testSet + "x", testSet} {
		r, err := s.send("GET", path, nil)
		if err != nil || r.header.Get(header) != "" {
			t.Errorf("GET %s: %v, header %q", path, err, r.header.Get(header))
		}
	}
	mustEqual(t, "calls listed", strings.Count(s.control("GET", "/unsimulated", nil), `"notSimulated": true`), 2)
}
