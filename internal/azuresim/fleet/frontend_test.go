package fleet

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

// to leads all clients to one instance.
func to(key string, port int) func(netip.Addr) (guest.Target, bool) {
	return func(netip.Addr) (guest.Target, bool) { return guest.Target{Key: key, Port: port}, key != "" }
}

func openListener(t *testing.T, f *Fleet, name string, port int, pick func(netip.Addr) (guest.Target, bool)) netip.AddrPort {
	t.Helper()
	if _, err := f.ClaimAddress("front"); err != nil {
		t.Fatal(err)
	}
	at, err := f.OpenListener(guest.Listener{Name: name, Address: "front", Port: port, Pick: pick})
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestListenersLeadToOneInstance(t *testing.T) {
	f := startFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	f.Boot("b", imageOf("b"))
	doorA, doorB := openListener(t, f, "a", 0, to("a", 80)), openListener(t, f, "b", 0, to("b", testPort))
	if doorA.Addr() != doorB.Addr() || doorA == doorB {
		t.Errorf("got %v and %v, want two ports of one address", doorA, doorB)
	}
	want(t, pages(t, doorA, 2)+" "+pages(t, doorB, 2), "a a b b")
	f.Down("a")
	wantHungUp(t, doorA)
	wantHungUp(t, openListener(t, f, "ssh", 0, to("b", 22)))
	wantHungUp(t, openListener(t, f, "no instance", 0, to("", 0)))
	wantHungUp(t, openListener(t, f, "unknown", 0, to("c", 80)))
	f.CloseListener("b", false)
	wantRefused(t, doorB.String())
	f.ReleaseAddress("front")
	wantRefused(t, doorA.String())
}

// wantHungUp wants a connection that is made and closed without a word.
func wantHungUp(t *testing.T, at netip.AddrPort) {
	t.Helper()
	conn, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	bePatient(t, conn)
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

// A port that cannot be had is replaced by another of the same address.
func TestTakenPortIsReplaced(t *testing.T) {
	f := startFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	first := openListener(t, f, "first", 0, to("a", 80))
	second := openListener(t, f, "second", int(first.Port()), to("a", 80))
	if first.Addr() != second.Addr() || first == second {
		t.Errorf("got %v and %v", first, second)
	}
	want(t, pages(t, second, 1), "a")
	if _, err := f.OpenListener(guest.Listener{Name: "x", Address: "front", Port: -1}); err == nil {
		t.Error("opened at port -1")
	}
	if _, err := f.OpenListener(guest.Listener{Name: "x", Address: "unclaimed"}); err == nil {
		t.Error("opened at an address that was not claimed")
	}
}

func TestFlowsBreakApartFromListeners(t *testing.T) {
	f := startFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	at := openListener(t, f, "listener", 0, to("a", 80))
	connect := func() net.Conn {
		conn, err := net.Dial("tcp", at.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		bePatient(t, conn)
		if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1024)); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	wantBroken := func(conn net.Conn) {
		if _, err := conn.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
			t.Errorf("the connection goes on: %v", err)
		}
	}
	before := connect()
	f.BreakFlows("listener")
	wantBroken(before)
	after := connect()
	f.CloseListener("listener", true)
	wantBroken(after)
}

func TestAnswers(t *testing.T) {
	f := startFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	for _, tc := range []struct {
		key  string
		ask  guest.Probe
		want bool
	}{
		{"a", guest.Probe{Port: 80}, true},
		{"a", guest.Probe{Port: testPort, Path: "/"}, true},
		{"a", guest.Probe{Port: 80, Path: "/none"}, false},
		{"a", guest.Probe{Port: 80, Path: "%%"}, false},
		{"a", guest.Probe{Port: 22}, false},
		{"b", guest.Probe{Port: 80}, false},
	} {
		if got := f.Answers(tc.key, tc.ask); got != tc.want {
			t.Errorf("%s asked %+v: got %v", tc.key, tc.ask, got)
		}
	}
	f.SetSick("a", true)
	if f.Answers("a", guest.Probe{Port: 80, Path: "/"}) || !f.Answers("a", guest.Probe{Port: 80}) {
		t.Error("who is sick answers HTTP, or does not accept connections")
	}
	f.Down("a")
	if f.Answers("a", guest.Probe{Port: 80}) {
		t.Error("who is down answers")
	}
}
