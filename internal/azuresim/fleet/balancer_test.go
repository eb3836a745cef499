package fleet

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
)

func balance(t *testing.T, f *Fleet, name string, keys ...string) netip.AddrPort {
	t.Helper()
	at, err := f.OpenLoadBalancer(name, 0, func() []string { return keys })
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// pages makes n requests, each on a connection of its own.
func pages(t *testing.T, at netip.AddrPort, n int) string {
	t.Helper()
	var got []string
	for range n {
		_, body := ask(t, at.String(), "/")
		got = append(got, body)
	}
	return strings.Join(got, " ")
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConnectionsTakeTurns(t *testing.T) {
	f := startFleet(t, Options{})
	f.Boot("1", imageOf("new"))
	f.Boot("2", imageOf("old"))
	f.Boot("3", imageOf("old"))
	at := balance(t, f, "lb", "1", "2", "3")
	want(t, pages(t, at, 7), "new old old new old old new")
}

func TestEveryInstanceTakesItsTurn(t *testing.T) {
	f := startFleet(t, Options{})
	for _, key := range []string{"a", "b", "c"} {
		f.Boot(key, imageOf(key))
	}
	at := balance(t, f, "lb", "a", "b", "c")
	want(t, pages(t, at, 3), "a b c")
	f.Down("a")
	want(t, pages(t, at, 4), "b c b c")
	f.Up("a")
	want(t, pages(t, at, 3), "a b c")
	f.Remove("b")
	want(t, pages(t, at, 4), "a c a c")
}

func TestManyConnectionsAtOnce(t *testing.T) {
	f := startFleet(t, Options{})
	for _, key := range []string{"a", "b"} {
		f.Boot(key, imageOf(key))
	}
	at := balance(t, f, "lb", "a", "b")
	var mu sync.Mutex
	var got []string
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, body := ask(t, at.String(), "/")
			mu.Lock()
			defer mu.Unlock()
			got = append(got, body)
		})
	}
	all.Wait()
	slices.Sort(got)
	want(t, strings.Join(got, ""), strings.Repeat("a", 10)+strings.Repeat("b", 10))
}

func TestNoInstanceAnswers(t *testing.T) {
	f := startFleet(t, Options{})
	f.Boot("down", imageOf("x"))
	f.Down("down")
	for i, keys := range [][]string{nil, {"down", "unknown"}} {
		at := balance(t, f, fmt.Sprint(i), keys...)
		conn, err := net.Dial("tcp", at.String())
		if err != nil {
			t.Fatal(err)
		}
		bePatient(t, conn)
		if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("read %d bytes, %v", n, err)
		}
		conn.Close()
	}
}

func TestHalfCloseIsPassedOn(t *testing.T) {
	f := startFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	conn, err := net.Dial("tcp", balance(t, f, "lb", "a").String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	bePatient(t, conn)
	fmt.Fprint(conn, "GET / HTTP/1.0\r\n\r\n")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasSuffix(string(answer), "\r\n\r\na") {
		t.Errorf("got %q, %v", answer, err)
	}
}

func TestReplacedLoadBalancerKeepsItsAddress(t *testing.T) {
	f := startFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	f.Boot("b", imageOf("b"))
	first := balance(t, f, "lb", "a")
	idle, err := net.Dial("tcp", first.String())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	second, err := f.OpenLoadBalancer("lb", int(first.Port()), func() []string { return []string{"b"} })
	if err != nil || second != first {
		t.Fatalf("got %v, %v, want %v", second, err, first)
	}
	want(t, pages(t, second, 2), "b b")
	bePatient(t, idle)
	if _, err := idle.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("a connection of the former outlives it: %v", err)
	}
	third, err := f.OpenLoadBalancer("lb", 0, func() []string { return nil })
	if err != nil || third.Addr() != first.Addr() {
		t.Errorf("got %v, %v", third, err)
	}
	if _, err := f.OpenLoadBalancer("lb", -1, nil); err == nil {
		t.Error("opened at port -1")
	}
	wantRefused(t, third.String())
}
