package outbound_test

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// onAllowList permits what demo and end-to-end tests permit, and a private range beside what the payloads ask for.
const onAllowList = "127.0.0.0/8:20000-29999;10.0.0.0/8:80;192.168.7.0/24:80"

// isBeside reports whether onAllowList permits the request of a payload: with that list, it is no payload.
func isBeside(p payload) bool {
	permitted := netip.MustParsePrefix("10.0.0.0/8")
	u, err := url.Parse(p.url)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Port() != "" {
		return false
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		return permitted.Contains(a.Unmap())
	}
	for _, answers := range p.hosts {
		for _, found := range slices.Concat(answers...) {
			if !permitted.Contains(netip.MustParseAddr(found).Unmap()) {
				return false
			}
		}
	}
	return len(p.hosts) > 0
}

// TestSSRF sends every payload, without and with an allow-list, through the client, the checks and the hooks, into a world where every
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
	metric.Record(t, "ssrf_payloads", tried)
	metric.Record(t, "ssrf_passed_through", through)
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

// reports lets every kind of check that makes calls, and a hook, have a try with the payload. What they report is an error without a byte
// of loot, if they can be declared with it at all.
func reports(t *testing.T, p payload, allow string) bool {
	t.Helper()
	e := newEarth(p)
	for _, r := range allOf(t, e.client(t, allow), p.url) {
		if !r.isError || strings.Contains(r.said, loot) || len(e.forbidden()) > 0 {
			t.Errorf("%q with allow-list %q: called %v, reported %s", p.url, allow, e.forbidden(), r.said)
			return true
		}
	}
	return false
}

// report is the result of a check or a hook for a URL.
type report struct {
	said    string
	isError bool // nothing was measured, and nothing was delivered
}

// allOf asks a URL with everything that can be declared to make calls.
func allOf(t *testing.T, client *outbound.Client, url string) []report {
	t.Helper()
	most := 1.0
	subject := checks.Subject{Instance: &checks.Instance{ID: "0"}}
	specs := []checks.Spec{
		{Webhook: &checks.Webhook{URL: url}},
		{Prometheus: &checks.Prometheus{URL: url, Query: "q", Threshold: checks.Threshold{Max: &most}}},
	}
	if host, _, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/"); strings.HasPrefix(url, "http://") {
		if a, err := netip.ParseAddr(strings.ReplaceAll(trimBrackets(host), "%25", "%")); err == nil {
			subject.Instance.Address, subject.Instance.NAT = a, map[uint16]netip.AddrPort{80: netip.AddrPortFrom(a, 80)}
			for _, via := range []checks.Via{checks.ViaPrivateAddress, checks.ViaNAT} {
				specs = append(specs, checks.Spec{HTTP: &checks.HTTP{Via: via, Scheme: "http", Port: 80}})
			}
		}
	}
	reports := []report{hooked(t, client, url)}
	for _, spec := range specs {
		probe, err := checks.New(spec, checks.Ports{Outbound: client, Excerpt: 64})
		if err != nil {
			reports = append(reports, report{said: err.Error(), isError: true})
			continue
		}
		m := probe.Measure(t.Context(), subject)
		reports = append(reports, report{said: fmt.Sprintf("%+v", m), isError: m.Outcome == checks.Error})
	}
	return reports
}

// hooked lets a hook call the URL once, in virtual time.
func hooked(t *testing.T, client *outbound.Client, url string) (r report) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var (
			ctx, cancel = context.WithCancel(t.Context())
			ended       = make(chan error, 1)
			caller      = checks.NewHookDispatcher(checks.HookDispatcherOptions{Outbound: client, Workers: 1})
			call        = checks.Call{Key: rollout.HookCallKey{Hook: "audit"}, Hook: checks.Hook{URL: url}}
		)
		caller.Want("u", []checks.Call{call})
		go func() { ended <- caller.Run(ctx) }()
		synctest.Wait()
		got := caller.Results("u")[call.Key]
		cancel()
		if err := <-ended; err != nil || got.Message == "" {
			t.Errorf("hook %q: %+v, %v", url, got, err)
		}
		r = report{said: fmt.Sprintf("%+v", got), isError: got.State != rollout.HookCallDelivered}
	})
	return r
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
	for n := range 2 {
		for _, r := range allOf(t, client, p.url) {
			if !r.isError || strings.Contains(r.said, loot) {
				t.Errorf("%s, asked again, %d: reported %s", p.url, n, r.said)
				return true
			}
		}
	}
	if wrong := e.forbidden("93.184.215.14"); len(wrong) > 0 || len(e.called) != 1 {
		t.Errorf("%s: called %v", p.url, e.called)
		return true
	}
	return false
}

// redirects is answered by a permitted endpoint that points elsewhere. The client returns the status, and does not follow.
func redirects(t *testing.T, location string) bool {
	t.Helper()
	e := newEarth(payload{})
	e.location = location
	client := e.client(t, onAllowList)
	got, err := client.Do(t.Context(), outbound.Request{Method: "POST", URL: "http://good.example/", Body: []byte("x")})
	if err != nil || got.Status != 302 || len(e.called) != 1 {
		t.Errorf("redirect to %q: called %v, status %d, %v", location, e.called, got.Status, err)
		return true
	}
	all := allOf(t, client, "http://good.example/")
	for _, r := range all {
		if strings.Contains(r.said, loot) || strings.Contains(r.said, location) || strings.Contains(r.said, "Passed") ||
			strings.Contains(r.said, "Delivered") {
			t.Errorf("redirect to %q: reported %s", location, r.said)
			return true
		}
	}
	if wrong := e.forbidden("93.184.215.14"); len(wrong) > 0 || len(e.called) != 1+len(all) {
		t.Errorf("redirect to %q: called %v", location, e.called)
		return true
	}
	return false
}
