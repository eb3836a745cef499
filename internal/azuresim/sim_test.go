package azuresim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/control"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

const (
	testGroup = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
	testSet   = testGroup + "/providers/Microsoft.Compute/virtualMachineScaleSets/web"
	newest    = "2026-04-01"
	oldest    = "2020-06-01"
)

// sim is a simulator under test, with the clock in hand.
type sim struct {
	t       *testing.T
	server  *Server
	clock   *kernel.ManualClock
	version string
	token   string
}

func newSim(t *testing.T, o Options) *sim {
	t.Helper()
	clock := &kernel.ManualClock{}
	o.Clock = clock
	if o.Durations.Jitter == 0 {
		o.Durations.Jitter = -1
	}
	s := New(o)
	t.Cleanup(s.Close)
	return &sim{t: t, server: s, clock: clock, version: newest, token: "token"}
}

// reply is an answer, read.
type reply struct {
	status int
	header http.Header
	text   string
	body   tree.Object
}

func (r reply) code() string { return tree.StringAt(r.body, "error", "code") }

func (s *sim) send(method, path string, body any, headers ...string) (reply, error) {
	s.t.Helper()
	url := "http://arm.test" + path
	if strings.HasPrefix(path, "http") {
		url = path
	} else if !strings.Contains(path, "api-version=") {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		url += separator + "api-version=" + s.version
	}
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		reader = bytes.NewReader(tree.ToCompactJSON(b))
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, url, reader)
	if err != nil {
		s.t.Fatalf("making a request: %v", err)
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.server.Transport().RoundTrip(req)
	if err != nil {
		return reply{}, err
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}, err
	}
	out := reply{status: res.StatusCode, header: res.Header, text: string(text)}
	if len(text) > 0 && text[0] != '[' {
		if out.body, err = tree.ParseObject(text); err != nil {
			s.t.Fatalf("%s %s answered what is no JSON: %v\n%s", method, path, err, text)
		}
	}
	return out, nil
}

// do sends and wants a status.
func (s *sim) do(want int, method, path string, body any, headers ...string) reply {
	s.t.Helper()
	r, err := s.send(method, path, body, headers...)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	if r.status != want {
		s.t.Fatalf("%s %s = %d, want %d\n%s", method, path, r.status, want, r.text)
	}
	return r
}

// control calls the control endpoint and wants 200.
func (s *sim) control(method, path string, body any) string {
	s.t.Helper()
	status, text := s.tryControl(method, path, body)
	if status != http.StatusOK {
		s.t.Fatalf("control %s %s = %d\n%s", method, path, status, text)
	}
	return text
}

func (s *sim) tryControl(method, path string, body any) (int, string) {
	s.t.Helper()
	var reader io.Reader = http.NoBody
	if body != nil {
		reader = bytes.NewReader(tree.ToCompactJSON(body))
	}
	w := httptest.NewRecorder()
	s.server.Control().ServeHTTP(w, httptest.NewRequest(method, path, reader))
	return w.Code, w.Body.String()
}

// stage makes the test's scale set.
func (s *sim) stage(capacity int, more ...tree.Member) {
	s.t.Helper()
	s.control("PUT", "/scalesets", append(tree.Members{{"scaleSet", testSet}, {"capacity", capacity}}, more...))
}

func (s *sim) faults(list ...tree.Members) {
	s.t.Helper()
	s.control("PUT", "/faults", list)
}

func (s *sim) seen() map[string]control.SeenInstance {
	s.t.Helper()
	var list []control.SeenInstance
	if err := json.Unmarshal([]byte(s.control("GET", "/instances?scaleSet="+testSet, nil)), &list); err != nil {
		s.t.Fatal(err)
	}
	out := map[string]control.SeenInstance{}
	for _, inst := range list {
		out[inst.ID] = inst
	}
	return out
}

// status polls an operation once.
func (s *sim) status(r reply) tree.Object {
	s.t.Helper()
	return s.do(http.StatusOK, "GET", r.header.Get("Azure-AsyncOperation"), nil).body
}

// finish advances until an operation has ended.
func (s *sim) finish(r reply) tree.Object {
	s.t.Helper()
	for range 100 {
		op := s.status(r)
		if op["status"] != operations.InProgress {
			return op
		}
		s.clock.Advance(10 * time.Second)
	}
	s.t.Fatal("the operation does not end")
	return nil
}

func (s *sim) want(op tree.Object, status string) {
	s.t.Helper()
	if op["status"] != status {
		s.t.Fatalf("operation ended %v, want %s: %v", op["status"], status, op["error"])
	}
}

func (s *sim) vms(query string) []tree.Object {
	s.t.Helper()
	return listOf(s.do(http.StatusOK, "GET", testSet+"/virtualMachines"+query, nil).body)
}

// list reads an answer that is an array.
func (s *sim) list(path string) []tree.Object {
	s.t.Helper()
	body, err := tree.ParseObject([]byte(`{"value": ` + s.do(http.StatusOK, "GET", path, nil).text + "}"))
	if err != nil {
		s.t.Fatal(err)
	}
	return listOf(body)
}

func listOf(body tree.Object) []tree.Object {
	var out []tree.Object
	for _, v := range tree.ArrayAt(body, "value") {
		o, _ := v.(tree.Object)
		out = append(out, o)
	}
	return out
}

// latest says of each listed instance whether it has the latest model.
func (s *sim) latest() map[string]bool {
	s.t.Helper()
	out := map[string]bool{}
	for _, vm := range s.vms("") {
		out[tree.StringAt(vm, "instanceId")] = tree.BoolAt(vm, "properties", "latestModelApplied")
	}
	return out
}

func (s *sim) upgrade(ids ...string) reply {
	s.t.Helper()
	return s.do(http.StatusAccepted, "POST", testSet+"/manualupgrade", tree.Members{{"instanceIds", ids}})
}

// script is a body that gives the model a script.
func script(command string, more ...tree.Member) tree.Members {
	properties := append(tree.Members{
		{"publisher", "Microsoft.Azure.Extensions"}, {"type", "CustomScript"}, {"typeHandlerVersion", "2.1"},
		{"settings", tree.Members{{"commandToExecute", command}}},
	}, more...)
	return tree.Members{{"properties",
		tree.Members{{"virtualMachineProfile", tree.Members{{"extensionProfile", tree.Members{{"extensions", []tree.Members{
			{{"name", "CustomScript"}, {"properties", properties}},
		}}}}}}}}}
}

func image(id string) tree.Members {
	return tree.Members{{"properties",
		tree.Members{{"virtualMachineProfile", tree.Members{{"storageProfile", tree.Members{{"imageReference", tree.Members{{"id", id}}}}}}}}}}
}

func (s *sim) patch(body any) reply {
	s.t.Helper()
	return s.do(http.StatusOK, "PATCH", testSet, body)
}

// patched patches and waits.
func (s *sim) patched(body any) {
	s.t.Helper()
	s.want(s.finish(s.patch(body)), operations.Succeeded)
}

func mustEqual[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s = %v, want %v", what, got, want)
	}
}

func text(v any) string { return fmt.Sprint(v) }
