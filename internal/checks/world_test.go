package checks_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
)

// loot must never be reported of an answer, secret must never be reported of a request.
const (
	loot   = "LOOT-d41d8cd9"
	secret = "SECRET-c3ab8ff1"
)

// server listens on loopback.
type server struct {
	*httptest.Server
	address netip.AddrPort
}

func serve(t *testing.T, start func(http.Handler) *httptest.Server, h http.HandlerFunc) server {
	t.Helper()
	s := start(h)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return server{Server: s, address: netip.MustParseAddrPort(u.Host)}
}

// answering is a server that gives one answer.
func answering(t *testing.T, status int, body string) server {
	t.Helper()
	return serve(t, httptest.NewServer, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	})
}

// down returns an address at which no server listens any more.
func down(t *testing.T) server {
	t.Helper()
	s := answering(t, 200, "")
	s.Close()
	return s
}

// ports reach all of loopback, and the secret.
func ports(t *testing.T) checks.Ports {
	t.Helper()
	list, err := outbound.ParseAllowList("127.0.0.0/8:1024-65535")
	if err != nil {
		t.Fatal(err)
	}
	return checks.Ports{Outbound: outbound.New(outbound.Options{Allow: list}), Secrets: vault{"shop/web/token": secret}}
}

// vault holds secrets by namespace, name and key.
type vault map[string]string

func (v vault) Secret(_ context.Context, namespace, key string, q grant.Request) ([]byte, error) {
	name := q.Secret
	text, known := v[namespace+"/"+name+"/"+key]
	if !known {
		return nil, errors.New("no such Secret; others hold " + secret)
	}
	return []byte(text + "\n"), nil
}

// instance is the instance that a server plays.
func instanceOf(s server) checks.Subject {
	i := checks.Instance{ID: "3", VMID: "vm-3", Name: "web_3", Zone: "1", Address: s.address.Addr(),
		NAT: map[uint16]netip.AddrPort{80: s.address}}
	return checks.Subject{
		Namespace: "shop", Rollout: "web", UID: "u", Revision: "r2", Run: 2, Step: "half", Instance: &i,
		Set:    checks.ScaleSet{SubscriptionID: "s", ResourceGroup: "shop-rg", Name: "web"},
		Canary: []checks.Instance{i, {ID: "4", Name: "web_4"}}, Baseline: []checks.Instance{{ID: "0", Name: "web.0"}},
	}
}

func measure(t *testing.T, s checks.Spec, p checks.Ports, about checks.Subject) checks.Measurement {
	t.Helper()
	probe, err := checks.New(s, p)
	if err != nil {
		t.Fatal(err)
	}
	got := probe.Measure(t.Context(), about)
	if text := fmt.Sprintf("%+v", got); strings.Contains(text, loot) || strings.Contains(text, secret) {
		t.Errorf("%s tells too much", text)
	}
	return got
}

// want holds a measurement against an outcome and a part of its value, detail and threshold together.
func want(t *testing.T, got checks.Measurement, outcome checks.Outcome, part string) {
	t.Helper()
	if text := got.Value + " | " + got.Detail + " | " + got.Threshold; got.Outcome != outcome || !strings.Contains(text, part) {
		t.Errorf("got %+v, want %s with %q", got, outcome, part)
	}
}

func refuse(t *testing.T, s checks.Spec, p checks.Ports, part string) {
	t.Helper()
	if _, err := checks.New(s, p); err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("got %v, want an error with %q", err, part)
	}
}

func pointer[T any](v T) *T { return &v }
