package checks_test

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
)

func httpAt(s server, change func(*checks.HTTP)) checks.Spec {
	h := checks.HTTP{Via: checks.ViaPrivateAddress, Scheme: "http", Port: s.address.Port(), Path: "/up"}
	if change != nil {
		change(&h)
	}
	return checks.Spec{HTTP: &h}
}

func TestHTTP(t *testing.T) {
	body := func(text string, j checks.JSONCondition) func(t *testing.T) (server, func(*checks.HTTP)) {
		return func(t *testing.T) (server, func(*checks.HTTP)) {
			return answering(t, 200, text), func(h *checks.HTTP) { h.JSON = &j }
		}
	}
	status := func(code int, change func(*checks.HTTP)) func(t *testing.T) (server, func(*checks.HTTP)) {
		return func(t *testing.T) (server, func(*checks.HTTP)) { return answering(t, code, loot), change }
	}
	for name, tc := range map[string]struct {
		world   func(t *testing.T) (server, func(*checks.HTTP))
		outcome checks.Outcome
		part    string
	}{
		"200": {status(200, nil), checks.Passed, "200 |  | status 200-299"},
		"503": {status(503, nil), checks.Failed, "status 503 is not status 200-299"},
		"a declared status": {status(404, func(h *checks.HTTP) { h.Status = []checks.StatusRange{{From: 404, To: 404}} }), checks.Passed,
			"404"},
		"a redirect is no answer": {status(302, nil), checks.Failed, "status 302"},
		"a body that matches":     {status(200, func(h *checks.HTTP) { h.BodyRegex = "^LOOT-[0-9a-f]+$" }), checks.Passed, "200"},
		"a body that does not":    {status(200, func(h *checks.HTTP) { h.BodyRegex = "version 2" }), checks.Failed, "does not match"},
		"down":                    {func(t *testing.T) (server, func(*checks.HTTP)) { return down(t), nil }, checks.Error, "cannot be reached"},
		"JSON that is so": {body(`{"status":"ok"}`, checks.JSONCondition{Path: "{.status}", Equals: pointer("ok")}),
			checks.Passed, `{.status} is "ok"`},
		"JSON that is otherwise": {body(`{"status":"`+loot+`"}`, checks.JSONCondition{Path: "{.status}", Equals: pointer("ok")}),
			checks.Failed, "the value at {.status} is another"},
		"JSON by a filter": {body(`{"checks":[{"n":"a","ok":false},{"n":"db","ok":true}]}`,
			checks.JSONCondition{Path: `{.checks[?(@.n=="db")].ok}`, Equals: pointer("true")}),
			checks.Passed, ""},
		"a number within": {body(`{"rate":0.01}`, checks.JSONCondition{Path: "{.rate}", Threshold: &checks.Threshold{Max: pointer(0.05)}}),
			checks.Passed, "0.01 |  | at most 0.05"},
		"a number beyond": {body(`{"rate":0.5}`, checks.JSONCondition{Path: "{.rate}", Threshold: &checks.Threshold{Max: pointer(0.05)}}),
			checks.Failed, "value 0.5 is not at most 0.05"},
		"no number": {body(`{"rate":"`+loot+`"}`, checks.JSONCondition{Path: "{.rate}", Threshold: &checks.Threshold{Max: pointer(0.05)}}),
			checks.Failed, "not a number"},
		"nothing there": {body(`{"other":"`+loot+`"}`, checks.JSONCondition{Path: "{.rate}", Equals: pointer("")}), checks.NoData,
			"no value at {.rate}"},
		"null": {body(`{"rate":null}`, checks.JSONCondition{Path: "{.rate}", Equals: pointer("")}), checks.NoData, "no value"},
		"several": {body(`{"a":["`+loot+`","y"]}`, checks.JSONCondition{Path: "{.a[*]}", Equals: pointer("")}), checks.Error,
			"more than one value"},
		"of another form": {body(`["`+loot+`"]`, checks.JSONCondition{Path: "{.a.b[0]}", Equals: pointer("")}),
			checks.NoData, ""},
		"an object": {body(`{"a":{"b":"`+loot+`"}}`, checks.JSONCondition{Path: "{.a}", Equals: pointer("")}), checks.Failed, "not a text"},
		"not JSON":  {body(loot, checks.JSONCondition{Path: "{.a}", Equals: pointer("")}), checks.Failed, "not JSON"},
		"no address": {func(*testing.T) (server, func(*checks.HTTP)) {
			return server{}, func(h *checks.HTTP) { h.Port = 8080 }
		}, checks.Error, "no known PrivateAddress"},
		"no NAT port": {func(t *testing.T) (server, func(*checks.HTTP)) {
			return answering(t, 200, ""), func(h *checks.HTTP) { h.Via, h.Port = checks.ViaNAT, 81 }
		}, checks.Error, "no known NATPort for port 81"},
		"NAT port": {func(t *testing.T) (server, func(*checks.HTTP)) {
			return answering(t, 200, ""), func(h *checks.HTTP) { h.Via, h.Port = checks.ViaNAT, 80 }
		}, checks.Passed, "200"},
	} {
		t.Run(name, func(t *testing.T) {
			s, change := tc.world(t)
			want(t, measure(t, httpAt(s, change), ports(t), instanceOf(s)), tc.outcome, tc.part)
		})
	}
}

func TestHTTPAsksWhatWasDeclared(t *testing.T) {
	var asked string
	s := serve(t, httptest.NewTLSServer, func(_ http.ResponseWriter, r *http.Request) {
		asked = fmt.Sprint(r.Method, " ", r.URL, " ", r.Host, " ", r.Header.Get("X-Probe"), " ", r.Header.Get("Authorization"))
	})
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	got := measure(t, httpAt(s, func(h *checks.HTTP) {
		h.Scheme, h.Path, h.Host, h.Method = "https", "//other.example/a%2Fb?c=d", "shop.example", "HEAD"
		h.Header = map[string]string{"x-probe": "1"}
		h.TLS = outbound.TLS{CA: ca, ServerName: "example.com"}
		h.Credentials.Bearer = &checks.SecretKey{Name: "web", Key: "token"}
	}), ports(t), instanceOf(s))
	want(t, got, checks.Passed, "200")
	if asked != "HEAD //other.example/a%2Fb?c=d shop.example 1 Bearer "+secret {
		t.Errorf("asked %s", asked)
	}
}

// TestExcerpt holds that text out of a body is shown only as far as the operator opted into it.
func TestExcerpt(t *testing.T) {
	s := answering(t, 200, `{"version":"2.0.17-beta"}`)
	spec := httpAt(s, func(h *checks.HTTP) { h.JSON = &checks.JSONCondition{Path: "{.version}", Equals: pointer("2")} })
	for excerpt, shown := range map[int]string{0: "", 9: "2.0.17…", 64: "2.0.17-beta", 1000: "2.0.17-beta"} {
		p := ports(t)
		p.Excerpt = excerpt
		if got := measure(t, spec, p, instanceOf(s)); got.Value != shown || got.Outcome != checks.Failed {
			t.Errorf("with %d bytes: %+v", excerpt, got)
		}
	}
}

func TestHTTPNeedsAnInstance(t *testing.T) {
	s := answering(t, 200, "")
	about := instanceOf(s)
	about.Instance = nil
	want(t, measure(t, httpAt(s, nil), ports(t), about), checks.Error, "declare scope Instance")
}

// TestHTTPKeepsToThePolicy holds that an address that Azure reports is judged like any other.
func TestHTTPKeepsToThePolicy(t *testing.T) {
	for _, a := range []string{"169.254.169.254", "168.63.129.16", "10.0.0.4", "::1", "::ffff:169.254.169.254", "fd00:ec2::254"} {
		about := instanceOf(server{address: netip.AddrPortFrom(netip.MustParseAddr(a), 8080)})
		got := measure(t, httpAt(server{address: netip.AddrPortFrom(netip.MustParseAddr(a), 8080)}, nil), ports(t), about)
		want(t, got, checks.Error, "refused by policy")
	}
}

func TestHTTPDeclarations(t *testing.T) {
	s := server{address: netip.MustParseAddrPort("127.0.0.1:8080")}
	jsonPath := func(path string) func(*checks.HTTP) {
		return func(h *checks.HTTP) { h.JSON = &checks.JSONCondition{Path: path, Equals: pointer("x")} }
	}
	for part, changes := range map[string][]func(*checks.HTTP){
		"via is":          {func(h *checks.HTTP) { h.Via = "Anywhere" }},
		"port is missing": {func(h *checks.HTTP) { h.Port = 0 }},
		"belongs into": {func(h *checks.HTTP) { h.Header = map[string]string{"authorization": "Bearer x"} },
			func(h *checks.HTTP) { h.Header = map[string]string{"Cookie": "x"} }},
		"method is": {func(h *checks.HTTP) { h.Method = "DELETE" }},
		"path begins": {func(h *checks.HTTP) { h.Path = "up" }, func(h *checks.HTTP) { h.Path = "@169.254.169.254/" },
			func(h *checks.HTTP) { h.Path = "/\r\nX: y" }},
		"scheme is": {func(h *checks.HTTP) { h.Scheme = "ftp" }, func(h *checks.HTTP) { h.Scheme = "" },
			func(h *checks.HTTP) { h.Scheme = "http://x.example/?" }},
		"over https only":     {func(h *checks.HTTP) { h.Credentials.Bearer = &checks.SecretKey{} }},
		"is not PEM":          {func(h *checks.HTTP) { h.TLS.CA = []byte("PRIVATE") }},
		"not RE2":             {func(h *checks.HTTP) { h.BodyRegex = "(" }, func(h *checks.HTTP) { h.BodyRegex = strings.Repeat("a", 2000) }},
		"equals or":           {func(h *checks.HTTP) { h.JSON = &checks.JSONCondition{Path: "{.a}"} }},
		"neither .. nor":      {jsonPath("{..a}"), jsonPath("{range .a}x{end}")},
		"at most 2 wildcards": {jsonPath("{.*.*.*}"), jsonPath(`{.a[?(@.b)].c[*].d[?(@.e)]}`)},
		"in braces":           {jsonPath(".a"), jsonPath("{.a}{.b}"), jsonPath("")},
		"reading the JSON":    {jsonPath("{.a[}")},
	} {
		for _, change := range changes {
			refuse(t, httpAt(s, change), ports(t), part)
		}
	}
}
