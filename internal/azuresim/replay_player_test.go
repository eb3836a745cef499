package azuresim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
)

// outcome tells what happened to an exchange.
type outcome string

const (
	judged  outcome = "judged"
	seeded  outcome = "seeded"   // the first sight of a resource
	leftOut outcome = "left out" // in scope, but not served
	outer   outcome = "outside"  // not about scale sets
)

type verdict struct {
	outcome     outcome
	reason      string // of one that was left out
	timed       bool   // it is known when it was judged
	differences []difference
	excepted    []exception
}

// links are where a served operation is asked about.
type links struct{ status, result string }

// player replays one cassette against a simulator of its own.
type player struct {
	t     testing.TB
	tape  cassette
	sim   *azuresim.Server
	clock *kernel.ManualClock

	bound   *binding
	begun   map[string]links   // operations, by recorded id
	foreign map[string]bool    // operations that exchanges outside began
	missed  map[string]string  // why operations were never begun here
	seen    map[string]bool    // scale sets that the simulator has
	sources map[*exchange]bool // reads that the simulator was seeded from
	strange map[string]string  // why a scale set's instances are no longer what the simulator has
}

func newPlayer(t testing.TB, tape cassette) *player {
	p := &player{
		t: t, tape: tape, bound: newBinding(),
		begun: map[string]links{}, foreign: map[string]bool{}, missed: map[string]string{},
		seen: map[string]bool{}, sources: map[*exchange]bool{}, strange: map[string]string{},
	}
	p.clock = kernel.NewManualClock(p.beginning())
	p.sim = azuresim.New(azuresim.Options{Clock: p.clock})
	t.Cleanup(p.sim.Close)
	p.lay()
	return p
}

// lay makes what every cassette takes for granted: resource groups, and images that models refer to.
func (p *player) lay() {
	for _, e := range p.tape.exchanges {
		t := readTarget(e.Path)
		if t.kind == outside {
			continue
		}
		if recorded := p.recorded(e); t.group != "" && textAt(recorded.body, "error", "code") != "ResourceGroupNotFound" {
			group := e.Path[:strings.Index(e.Path, t.group)+len(t.group)]
			p.send(http.MethodPut, group+"?api-version=2021-04-01", nil, []byte(`{"location":"westus"}`))
		}
		for _, id := range imagesIn(slices.Concat(e.sent(), e.ResponseBody)) {
			p.sim.Control().ServeHTTP(discard{}, p.request(http.MethodPut, "/images", nil, []byte(`{"id":"`+id+`"}`)))
		}
	}
}

// play replays one exchange.
func (p *player) play(e *exchange) verdict {
	t := readTarget(e.Path)
	timed := p.follow(e)
	if t.kind == outside || (t.kind == anOperation && p.foreign[t.operation]) {
		if id := begunBy(e); id != "" {
			p.foreign[id] = true
		}
		return verdict{outcome: outer}
	}
	if reason := p.unserved(e, t); reason != "" {
		if id := begunBy(e); id != "" {
			p.missed[id] = reason
		}
		return verdict{outcome: leftOut, reason: reason}
	}
	if p.seed(e, t) {
		return verdict{outcome: seeded}
	}
	recorded := p.recorded(e)
	served := p.replay(e, t)
	p.bind(e, t, served)
	differences, used := judge(recorded, served, exceptionsTo(e, t), p.bound)
	return verdict{outcome: judged, timed: timed, differences: differences, excepted: used}
}

// unserved returns the reason why the simulator cannot be asked, and records its effect on later exchanges; empty: it can.
func (p *player) unserved(e *exchange, t target) string {
	if t.kind == anOperation {
		if reason := p.missed[t.operation]; reason != "" {
			return reason
		}
		if _, known := p.begun[t.operation]; !known {
			return "operation that began before the recording did"
		}
		return ""
	}
	for _, g := range gaps {
		if !g.is(e, t) {
			continue
		}
		if g.leaves != "" {
			p.strange[t.setKey()] = g.leaves
		}
		return g.reason
	}
	if t.vm != "" || t.kind == allVMs {
		return p.strange[t.setKey()]
	}
	return ""
}

// replay sends an exchange's request; an operation is asked about where the simulator said.
func (p *player) replay(e *exchange, t target) answer {
	where := string(p.bound.translated([]byte(e.Path))) + "?" + e.Query
	if t.kind == anOperation {
		where = p.begun[t.operation].status
		if query, err := url.ParseQuery(e.Query); err == nil && query.Get("monitor") == "true" {
			where = p.begun[t.operation].result
		}
	}
	if begunBy(e) != "" {
		p.setScript(e, t)
		p.sim.SetDurations(lasting(p.courseOf(e)))
		defer p.sim.SetDurations(lasting(course{}))
	}
	return p.send(e.Method, where, e.RequestHeaders, p.bound.translated(withPolicy(e, p.recorded(e))))
}

// bind remembers the resources that a replayed exchange made.
func (p *player) bind(e *exchange, t target, served answer) {
	if id := begunBy(e); id != "" {
		p.begun[id] = links{served.headers["azure-asyncoperation"], served.headers["location"]}
	}
	if t.kind == oneSet && e.Status == http.StatusCreated {
		p.seen[t.setKey()] = true
	}
}

// begunBy is the recorded id of the operation that an exchange began.
func begunBy(e *exchange) string {
	link, err := url.Parse(e.header("Azure-AsyncOperation"))
	if err != nil {
		return ""
	}
	return link.Path[strings.LastIndex(link.Path, "/")+1:]
}

// withPolicy returns a request's body. If the recorders' subscription has an Azure Policy that adds tags and extensions to new resources,
// they are added to the request, because the simulated Azure has no policies.
func withPolicy(e *exchange, recorded answer) []byte {
	body := e.sent()
	sent, err := decode(body)
	if e.Status != http.StatusCreated || err != nil {
		return body
	}
	o := treeAt(sent)
	for _, path := range [][]string{{"tags"}, {"properties", "virtualMachineProfile", "extensionProfile"}} {
		parent, last := path[:len(path)-1], path[len(path)-1]
		if added := at(recorded.body, path...); added != nil && at(o, path...) == nil {
			treeAt(o, parent...)[last] = added
		}
	}
	out, err := json.Marshal(o)
	if err != nil {
		return body
	}
	return out
}

func (p *player) recorded(e *exchange) answer {
	body, err := decode(e.ResponseBody)
	if err != nil {
		p.t.Fatalf("%s: %v", e, err)
	}
	headers := map[string]string{}
	for name := range e.ResponseHeaders {
		headers[strings.ToLower(name)] = e.header(name)
	}
	return answer{status: e.Status, headers: headers, body: body}
}

func (p *player) request(method, where string, headers map[string]string, body []byte) *http.Request {
	if strings.HasPrefix(where, "/") {
		where = "https://management.azure.com" + where
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, where, bytes.NewReader(body))
	if err != nil {
		p.t.Fatalf("making a request: %v", err)
	}
	r.Header.Set("Authorization", "Bearer recorded")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return r
}

func (p *player) send(method, where string, headers map[string]string, body []byte) answer {
	res, err := p.sim.Transport().RoundTrip(p.request(method, where, headers, body))
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, where, err)
	}
	data, err := io.ReadAll(res.Body)
	if closeErr := res.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		p.t.Fatalf("%s %s: reading the answer: %v", method, where, err)
	}
	served := answer{status: res.StatusCode, headers: map[string]string{}}
	for name, values := range res.Header {
		served.headers[strings.ToLower(name)] = values[0]
	}
	if served.body, err = decode(data); err != nil {
		served.body = fmt.Sprintf("(not JSON: %v)", err)
	}
	return served
}

// discard takes an answer that is not needed.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
