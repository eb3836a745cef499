package azuresim

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// The same over a socket: links lead back to it, and broken answers are broken there, too.
func TestServeHTTP(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	web := httptest.NewServer(s.server)
	defer web.Close()
	get := func(path string) (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+path+"?api-version="+newest,
			strings.NewReader(`{"instanceIds":["*"]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer x")
		return web.Client().Do(req)
	}
	res, err := get(testSet + "/manualupgrade")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	mustEqual(t, "status", res.StatusCode, http.StatusAccepted)
	if !strings.HasPrefix(res.Header.Get("Location"), web.URL+"/subscriptions/") {
		t.Fatal(res.Header)
	}
	s.faults(tree.Members{{"operation", "UpdateInstances"}, {"kind", "resetBeforeSend"}})
	if res, err = get(testSet + "/manualupgrade"); err == nil {
		_ = res.Body.Close()
		t.Fatal("the connection was not reset")
	}
	s.faults(tree.Members{{"operation", "UpdateInstances"}, {"kind", "status"}, {"status", 500}},
		tree.Members{{"operation", "UpdateInstances"}, {"kind", "truncate"}})
	res, err = get(testSet + "/manualupgrade")
	if err == nil {
		_, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
	}
	mustEqual(t, "status of the answer", res.StatusCode, http.StatusInternalServerError)
	if err != nil {
		t.Fatal("a fault of status alone is whole:", err)
	}
}

func TestVersions(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	for query, want := range map[string]string{
		"":                       "MissingApiVersionParameter",
		"api-version=":           "MissingApiVersionParameter",
		"api-version=1":          "InvalidApiVersionParameter",
		"api-version=2019-01-01": "NoRegisteredProviderFound",
		"api-version=2024-07-02": "NoRegisteredProviderFound",
	} {
		r := s.do(http.StatusBadRequest, "GET", "http://arm.test"+testSet+"?"+query, nil)
		mustEqual(t, query, r.code(), want)
	}
}

// Clients that are told to come back in no time poll at an interval of their own (the Azure CLI: 30 s). So no answer asks for less than a
// second: neither the one that begins an operation, nor those about it (docs/azure.md §1.5).
func TestRetryAfterIsAtLeastOne(t *testing.T) {
	for asked, want := range map[time.Duration]string{time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", 0: "10"} {
		s := newSim(t, Options{RetryAfter: asked})
		s.stage(1)
		begun := s.do(http.StatusAccepted, "POST", testSet+"/reimage", nil)
		network := s.do(http.StatusCreated, "PUT", testAddress, tree.Members{{"location", "eastus"}})
		for what, r := range map[string]reply{
			"PUT":               s.do(http.StatusCreated, "PUT", testSet+"2", newSet(1)),
			"PATCH":             s.patch(script("x")),
			"POST":              begun,
			"a poll":            s.do(http.StatusOK, "GET", begun.header.Get("Azure-AsyncOperation"), nil),
			"monitor=true":      s.do(http.StatusAccepted, "GET", begun.header.Get("Location"), nil),
			"PUT of an address": network,
			"a poll of that":    s.do(http.StatusOK, "GET", network.header.Get("Azure-AsyncOperation"), nil),
			"DELETE":            s.do(http.StatusAccepted, "DELETE", testSet+"2", nil),
		} {
			mustEqual(t, "Retry-After of "+what+" for "+asked.String(), r.header.Get("Retry-After"), want)
		}
		s.want(s.finish(begun), operations.Succeeded)
		mustEqual(t, "of one that is over", s.do(http.StatusOK, "GET", begun.header.Get("Azure-AsyncOperation"), nil).header.Get("Retry-After"),
			"")
	}
}

// Every client that asks for a token gets one, under each of the login server's addresses.
func TestToken(t *testing.T) {
	s := newSim(t, Options{})
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"me"}, "client_secret": {"any"}}.Encode()
	for _, path := range []string{"/tenant/oauth2/v2.0/token", "/tenant/oauth2/token", "/adfs/oauth2/token"} {
		r := s.do(http.StatusOK, "POST", path, form)
		mustEqual(t, "type", tree.StringAt(r.body, "token_type"), "Bearer")
		s.token = tree.StringAt(r.body, "access_token")
		mustEqual(t, "subscriptions", len(listOf(s.do(http.StatusOK, "GET", "/subscriptions", nil).body)), 1)
	}
	for _, path := range []string{"/tenant/v2.0/.well-known/openid-configuration", "/adfs/.well-known/openid-configuration"} {
		r := s.do(http.StatusOK, "GET", path, nil)
		if !strings.HasSuffix(tree.StringAt(r.body, "token_endpoint"), "/token") {
			t.Fatal(r.text)
		}
	}
	s.do(http.StatusOK, "GET", "/common/discovery/instance", nil)
	s.do(http.StatusBadRequest, "POST", "/tenant/oauth2/token", "")
}

// Operation URLs look as each version's do (docs/azure.md §4).
func TestOperationURLs(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	for version, want := range map[string][]string{
		oldest:       {"api-version", "monitor"},
		"2022-03-01": {"api-version", "monitor", "p"},
		"2025-04-01": {"api-version", "c", "h", "monitor", "p", "s", "t"},
	} {
		s.version = version
		link, err := url.Parse(s.upgrade("0").header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		mustEqual(t, version, len(link.Query()), len(want))
		for _, name := range want {
			mustEqual(t, version+" "+name, link.Query().Has(name), true)
		}
		s.clock.Advance(time.Minute)
		s.do(http.StatusOK, "GET", link.String(), nil)
	}
}

// ghosts is a fleet whose scripts end on request of the test.
type ghosts struct {
	mu    sync.Mutex
	boots []string
	sick  map[string]bool
	ends  []func(guest.ScriptResult)
	ran   []guest.Script
}

func (g *ghosts) Boot(key string, _ guest.Image) {
	g.mu.Lock()
	g.boots = append(g.boots, key)
	g.mu.Unlock()
}
func (g *ghosts) Run(_ string, s guest.Script, done func(guest.ScriptResult)) {
	g.mu.Lock()
	g.ends, g.ran = append(g.ends, done), append(g.ran, s)
	g.mu.Unlock()
}
func (g *ghosts) Down(string)                {}
func (g *ghosts) Up(string)                  {}
func (g *ghosts) Remove(string)              {}
func (g *ghosts) Address(string) netip.Addr  { return netip.MustParseAddr("127.1.2.3") }
func (g *ghosts) SetSick(key string, s bool) { g.mu.Lock(); g.sick[key] = s; g.mu.Unlock() }

// With a fleet an operation ends when its duration is over and its scripts have ended (design note).
func TestFleet(t *testing.T) {
	g := &ghosts{sick: map[string]bool{}}
	s := newSim(t, Options{Fleet: g})
	s.stage(1)
	mustEqual(t, "booted", strings.Join(g.boots, " "), strings.ToLower(testSet)+"/virtualmachines/0")
	mustEqual(t, "address", s.seen()["0"].Address, "127.1.2.3")
	s.patched(script("plain", tree.Member{"protectedSettings",
		tree.Members{{"commandToExecute", "secret"}, {"fileUris", []string{"http://x"}}}}))
	op := s.upgrade("0")
	s.clock.Advance(time.Hour)
	s.want(s.status(op), operations.InProgress)
	mustEqual(t, "command", g.ran[0].Command, "secret")
	mustEqual(t, "files", strings.Join(g.ran[0].URIs, " "), "http://x")
	g.ends[0](guest.ScriptResult{ExitCode: 9, Stdout: "out", Stderr: "err"})
	s.want(s.status(op), operations.Failed)
	s.control("POST", "/health", tree.Members{{"scaleSet", testSet}, {"instance", 0}, {"state", "unhealthy"}})
	mustEqual(t, "sick", g.sick[strings.ToLower(testSet)+"/virtualmachines/0"], true)
}

// Many clients at once.
func TestConcurrent(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(20)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 20 {
				for _, path := range []string{"", "/virtualMachines", "/instanceView"} {
					req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://x"+testSet+path+"?api-version="+newest, nil)
					if err != nil {
						t.Error(err)
						return
					}
					req.Header.Set("Authorization", "Bearer x")
					res, err := s.server.Transport().RoundTrip(req)
					if err != nil || res.StatusCode != http.StatusOK {
						t.Error(res, err)
						return
					}
				}
				s.clock.Advance(time.Second)
			}
		})
	}
	wait.Wait()
}
