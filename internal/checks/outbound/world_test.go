package outbound_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
)

// loot is the text that every endpoint of a test world puts into its answer: status line, headers and body.
const loot = "LOOT-d41d8cd9"

// earth is a network in which every address has a server, and every server gives its loot away. It remembers who was called.
type earth struct {
	location string // where servers send their callers; "": nowhere
	hosts    map[string][][]string

	mu      sync.Mutex
	lookups map[string]int
	called  []netip.AddrPort
}

// LookupNetIP answers as the world says, the last answer again and again.
func (e *earth) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	answers, known := e.hosts[host]
	if !known {
		answers, known = [][]string{{"93.184.215.14"}}, !strings.HasPrefix(host, "unknown")
	}
	if !known {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	n := min(e.lookups[host], len(answers)-1)
	e.lookups[host]++
	var found []netip.Addr
	for _, text := range answers[n] {
		found = append(found, netip.MustParseAddr(text))
	}
	return found, nil
}

// dial connects to anything.
func (e *earth) dial(_ context.Context, to netip.AddrPort) (net.Conn, error) {
	e.mu.Lock()
	e.called = append(e.called, to)
	e.mu.Unlock()
	ours, theirs := net.Pipe()
	go e.serve(theirs)
	return ours, nil
}

func (e *earth) serve(conn net.Conn) {
	defer conn.Close()
	if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
		return
	}
	status, location := "200 "+loot, ""
	if e.location != "" {
		status, location = "302 "+loot, "Location: "+e.location+"\r\n"
	}
	fmt.Fprintf(conn, "HTTP/1.1 %s\r\n%sX-Loot: %s\r\nContent-Length: %d\r\n\r\n%s", status, location, loot, len(loot), loot)
}

// forbidden returns the calls to addresses that were not to be called: all that are not one of those given.
func (e *earth) forbidden(permitted ...string) []netip.AddrPort {
	e.mu.Lock()
	defer e.mu.Unlock()
	var wrong []netip.AddrPort
	for _, to := range e.called {
		isPermitted := false
		for _, p := range permitted {
			isPermitted = isPermitted || to.Addr().String() == p
		}
		if !isPermitted {
			wrong = append(wrong, to)
		}
	}
	return wrong
}

func newEarth(p payload) *earth { return &earth{hosts: p.hosts, lookups: map[string]int{}} }

func (e *earth) client(t *testing.T, allow string) *outbound.Client {
	t.Helper()
	list, err := outbound.ParseAllowList(allow)
	if err != nil {
		t.Fatal(err)
	}
	return outbound.New(outbound.Options{Allow: list, Resolver: e, Dial: e.dial})
}

func kindOf(t *testing.T, err error) outbound.Kind {
	t.Helper()
	var p *outbound.Problem
	if !errors.As(err, &p) {
		t.Fatalf("%v is not a problem of a known kind", err)
	}
	return p.Kind
}

func trimBrackets(a string) string { return strings.Trim(a, "[]") }

// fingerprint makes a label of an address.
func fingerprint(a string) string {
	return strings.Map(func(r rune) rune {
		if r == ':' || r == '.' || r == '[' || r == ']' {
			return '-'
		}
		return r
	}, a)
}
