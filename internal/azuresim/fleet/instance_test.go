package fleet

import (
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

func TestInstanceServesItsImage(t *testing.T) {
	f := startFleet(t, Options{})
	f.Boot("a", guest.Image{Files: map[string][]byte{"index.html": []byte("hello"), "css/site.css": []byte("p{}"), "empty/.keep": nil}})
	wantPage(t, f, "/", http.StatusOK, "hello")
	wantPage(t, f, "/index.html", http.StatusOK, "hello")
	wantPage(t, f, "/css/site.css", http.StatusOK, "p{}")
	wantPage(t, f, "/css/", http.StatusNotFound, "")
	wantPage(t, f, "/empty", http.StatusNotFound, "")
	wantPage(t, f, "/none", http.StatusNotFound, "")
	wantPage(t, f, "/%00", http.StatusNotFound, "")

	response, err := http.Post("http://"+hostOf(f.Address("a")), "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", response.Status)
	}
}

func TestInstanceLife(t *testing.T) {
	f := startFleet(t, Options{})
	f.Boot("a", imageOf("one"))
	addr := f.Address("a")
	wantPage(t, f, "/", http.StatusOK, "one")
	f.SetSick("a", true)
	wantPage(t, f, "/", http.StatusServiceUnavailable, "")

	f.Down("a")
	f.Down("a")
	wantRefused(t, hostOf(addr))
	f.Up("a")
	f.Up("a")
	wantPage(t, f, "/", http.StatusServiceUnavailable, "")
	f.SetSick("a", false)
	wantPage(t, f, "/", http.StatusOK, "one")

	f.Down("a")
	f.Boot("a", imageOf("two"))
	wantPage(t, f, "/", http.StatusOK, "two")
	if f.Address("a") != addr {
		t.Errorf("the address moved from %v to %v", addr, f.Address("a"))
	}
	f.Remove("a")
	f.Remove("a")
	wantRefused(t, hostOf(addr))
	if f.Address("a").IsValid() {
		t.Error("a removed instance has an address")
	}
	f.Boot("a", imageOf("three"))
	if f.Address("a") == addr {
		t.Error("the address was given again at once")
	}
	wantPage(t, f, "/", http.StatusOK, "three")
}

func TestOldDisksAreRemoved(t *testing.T) {
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("one"))
	f.Boot("b", imageOf("one"))
	alive := lifeline(t)
	start(f, "b", holding(alive))
	waitDead := grip(t, alive)
	f.Boot("a", imageOf("two"))
	f.Remove("b")
	waitDead()
	kept := filepath.Base(f.instances["a"].disk.Load().dir)
	for deadline := time.Now().Add(patience); ; runtime.Gosched() {
		entries, err := os.ReadDir(f.scratch)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == 1 && entries[0].Name() == kept {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there are %v, want %s", entries, kept)
		}
	}
}

func TestDownBreaksConnections(t *testing.T) {
	f := startFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	conn, err := net.Dial("tcp", hostOf(f.Address("a")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	bePatient(t, conn)
	f.Down("a")
	if n, err := conn.Read(make([]byte, 1)); n != 0 || os.IsTimeout(err) {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

func TestStrangersAreIgnored(t *testing.T) {
	f := startFleet(t, Options{})
	f.Down("x")
	f.Up("x")
	f.SetSick("x", true)
	f.Remove("x")
	if f.Address("x").IsValid() {
		t.Error("a stranger has an address")
	}
	if r := run(t, f, "x", "true"); r.Err != errNoInstance.Error() {
		t.Errorf("got %+v", r)
	}
}

func TestImageMustStayInWebRoot(t *testing.T) {
	scratch := openDir(t)
	f := startFleet(t, Options{ScratchDir: scratch})
	f.Boot("a", guest.Image{Files: map[string][]byte{"../../../escaped": []byte("x")}})
	if found, _ := filepath.Glob(filepath.Join(scratch, "escaped")); found != nil {
		t.Error("the image wrote outside")
	}
	if r := run(t, f, "a", "true"); r.Err != errNoInstance.Error() {
		t.Errorf("got %+v", r)
	}
}

func TestAddressesAreTheirOwn(t *testing.T) {
	fleets := []*Fleet{startFleet(t, Options{}), startFleet(t, Options{InstancePort: testPort + 1})}
	seen := map[netip.Addr]bool{}
	for _, f := range fleets {
		for _, key := range []string{"a", "b"} {
			f.Boot(key, imageOf(key))
			seen[f.Address(key)] = true
		}
		lb, err := f.OpenLoadBalancer("lb", 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		seen[lb.Addr()] = true
	}
	if len(seen) != 6 {
		t.Errorf("six sites share %v", seen)
	}
	for addr := range seen {
		if b := addr.As4(); b[0] != 127 || b[1] == 0 {
			t.Errorf("%v is not ours to use", addr)
		}
	}
}

func TestStreet(t *testing.T) {
	for i, want := range map[int]string{
		0: "127.1.0.1", 253: "127.1.0.254", 254: "127.1.1.1", 254*256 - 1: "127.1.255.254", 254 * 256: "127.2.0.1",
		254*256*254 - 1: "127.254.255.254", 254 * 256 * 254: "127.1.0.1",
	} {
		s := addressPool{next: i}
		if got := s.address().String(); got != want {
			t.Errorf("number %d is %s, want %s", i, got, want)
		}
	}
}

// An address stays held while its instance is down, and another fleet passes over the addresses that it cannot have.
func TestStoppedInstanceKeepsItsAddress(t *testing.T) {
	f, other := startFleet(t, Options{}), startFleet(t, Options{})
	f.Boot("a", imageOf("mine"))
	f.Down("a")
	other.Boot("a", imageOf("other"))
	if f.Address("a") == other.Address("a") {
		t.Fatal("the address was given to another fleet")
	}
	f.Up("a")
	wantPage(t, f, "/", http.StatusOK, "mine")
}
