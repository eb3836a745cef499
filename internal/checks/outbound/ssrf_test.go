package outbound_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/figure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
)

// onAllowList permits what demo and end-to-end tests permit, and a private range beside what the payloads ask for.
const onAllowList = "127.0.0.0/8:20000-29999;10.0.0.0/8:80;192.168.7.0/24:80"

// isBeside says whether onAllowList permits what a payload asks for: with it, it is no payload.
func isBeside(p payload) bool {
	for _, private := range []string{"//10.", "//[::ffff:10.", "ffff:10.0.0.1]"} {
		if strings.Contains(p.url, private) {
			return true
		}
	}
	for _, answers := range p.hosts {
		for _, found := range answers {
			for _, a := range found {
				if strings.HasPrefix(a, "10.") || strings.HasPrefix(a, "::ffff:10.") {
					return true
				}
			}
		}
	}
	return false
}

// TestSSRF sends every payload, without and with an allow-list, through the client and through the checks, into a world where every
// address answers. Not one may be called, and nothing of an answer may be in what is said.
func TestSSRF(t *testing.T) {
	tried, through := 0, 0
	for _, p := range append(literalPayloads(), namePayloads()...) {
		tried++
		passed := false
		for _, allow := range []string{"", onAllowList} {
			if allow != "" && isBeside(p) {
				continue
			}
			passed = passes(t, p, allow) || reports(t, p, allow) || passed
		}
		if passed {
			through++
		}
	}
	for _, p := range rebindingPayloads() {
		tried++
		if rebinds(t, p) {
			through++
		}
	}
	for _, location := range redirectPayloads {
		tried++
		if redirects(t, location) {
			through++
		}
	}
	figure.Record(t, "ssrf_payloads", tried)
	figure.Record(t, "ssrf_passed_through", through)
	if tried < 120 || through > 0 {
		t.Errorf("%d payloads, %d of which passed", tried, through)
	}
}

func passes(t *testing.T, p payload, allow string) bool {
	t.Helper()
	e := newEarth(p)
	_, err := e.client(t, allow).Do(t.Context(), outbound.Request{URL: p.url, Header: map[string][]string{"Metadata": {"true"}}})
	if err == nil || len(e.forbidden()) > 0 || strings.Contains(err.Error(), loot) {
		t.Errorf("%q with allow-list %q: called %v, said %v", p.url, allow, e.forbidden(), err)
		return true
	}
	if kind := kindOf(t, err); kind != outbound.KindRefused && !strings.Contains(p.url, "nothing.example") {
		t.Errorf("%q: %s is not a refusal: %v", p.url, kind, err)
	}
	return false
}

// reports lets every kind of check that makes calls have a try with the payload. What they report is an error without a byte of loot, if
// they can be declared with it at all.
func reports(t *testing.T, p payload, allow string) bool {
	t.Helper()
	most := 1.0
	e := newEarth(p)
	ports := checks.Ports{Outbound: e.client(t, allow), Excerpt: 64}
	subject := checks.Subject{Instance: &checks.Instance{ID: "0"}}
	specs := []checks.Spec{
		{Webhook: &checks.Webhook{URL: p.url}},
		{Prometheus: &checks.Prometheus{URL: p.url, Query: "q", Threshold: checks.Threshold{Max: &most}}},
	}
	if host, _, _ := strings.Cut(strings.TrimPrefix(p.url, "http://"), "/"); strings.HasPrefix(p.url, "http://") {
		if a, err := netip.ParseAddr(strings.ReplaceAll(trimBrackets(host), "%25", "%")); err == nil {
			subject.Instance.Address = a
			specs = append(specs, checks.Spec{HTTP: &checks.HTTP{Via: checks.ViaPrivateAddress, Scheme: "http", Port: 80}})
		}
	}
	for _, spec := range specs {
		probe, err := checks.New(spec, ports)
		said := fmt.Sprint(err)
		if err == nil {
			m := probe.Measure(t.Context(), subject)
			said = fmt.Sprintf("%+v", m)
			if m.Outcome != checks.Error {
				t.Errorf("%q with allow-list %q: %+v", p.url, allow, m)
				return true
			}
		}
		if strings.Contains(said, loot) || len(e.forbidden()) > 0 {
			t.Errorf("%q with allow-list %q: called %v, reported %s", p.url, allow, e.forbidden(), said)
			return true
		}
	}
	return false
}

// rebinds asks again and again a name that is public the first time only. The first call goes to the public address; the connection
// is to what was judged, so there is no second lookup between.
func rebinds(t *testing.T, p payload) bool {
	t.Helper()
	e := newEarth(p)
	client := e.client(t, "127.0.0.0/8:20000-29999")
	for n := range 3 {
		_, err := client.Do(t.Context(), outbound.Request{URL: p.url})
		if (err == nil) != (n == 0) {
			t.Errorf("%s, call %d: %v", p.url, n, err)
			return true
		}
	}
	if wrong := e.forbidden("93.184.215.14"); len(wrong) > 0 {
		t.Errorf("%s: called %v", p.url, wrong)
		return true
	}
	return false
}

// redirects is answered by a permitted endpoint that points elsewhere.
func redirects(t *testing.T, location string) bool {
	t.Helper()
	e := newEarth(payload{})
	e.location = location
	got, err := e.client(t, onAllowList).Do(t.Context(), outbound.Request{Method: "POST", URL: "http://good.example/", Body: []byte("x")})
	if err != nil || got.Status != 302 || len(e.called) != 1 {
		t.Errorf("redirect to %q: called %v, status %d, %v", location, e.called, got.Status, err)
		return true
	}
	return false
}
