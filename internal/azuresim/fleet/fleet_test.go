package fleet

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

// testPort is this process's own: another that runs these tests may take an address as soon as it is given up, and listen there.
var testPort = 22000 + os.Getpid()%10000

// patience is how long a test waits for an event that is certain to happen.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if dir := os.Getenv(doomedDir); dir != "" {
		liveUntilKilled(dir)
	}
	os.Exit(m.Run())
}

// openDir returns a directory of the test that scripts, which run as another user, can reach.
func openDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func startFleet(t *testing.T, o Options) *Fleet {
	t.Helper()
	if o.ScratchDir == "" {
		o.ScratchDir = openDir(t)
	}
	if o.InstancePort == 0 {
		o.InstancePort = testPort
	}
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// scriptFleet allows scripts, confined where that can be had.
func scriptFleet(t *testing.T, o Options) *Fleet {
	t.Helper()
	o.AllowScripts, o.AllowUnconfined = true, true
	f := startFleet(t, o)
	if f.refusal != nil {
		t.Fatal(f.refusal)
	}
	return f
}

func imageOf(page string) guest.Image {
	return guest.Image{ID: "image", Files: map[string][]byte{"index.html": []byte(page)}}
}

// run runs a script to its end.
func run(t *testing.T, f *Fleet, key, command string, uris ...string) guest.ScriptResult {
	t.Helper()
	return await(t, start(f, key, command, uris...))
}

func start(f *Fleet, key, command string, uris ...string) <-chan guest.ScriptResult {
	results := make(chan guest.ScriptResult, 2) // room for a second, which would be a bug
	f.Run(key, guest.Script{URIs: uris, Command: command}, func(r guest.ScriptResult) { results <- r })
	return results
}

func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func mustRun(t *testing.T, f *Fleet, key, command string) string {
	t.Helper()
	r := run(t, f, key, command)
	if r.ExitCode != 0 || r.Err != "" {
		t.Fatalf("%s: %+v", command, r)
	}
	return r.Stdout
}

func hostOf(addr netip.Addr) string {
	return net.JoinHostPort(addr.String(), strconv.Itoa(testPort))
}

// ask makes one request on a connection of its own.
func ask(t *testing.T, host, path string) (int, string) {
	t.Helper()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + host + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// wantPage asks instance a.
func wantPage(t *testing.T, f *Fleet, path string, wantStatus int, want string) {
	t.Helper()
	status, body := ask(t, hostOf(f.Address("a")), path)
	if status != wantStatus || (status == http.StatusOK && body != want) {
		t.Errorf("%s: %d %q, want %d %q", path, status, body, wantStatus, want)
	}
}

// bePatient bounds how long the test waits for the connection.
func bePatient(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
}

func wantRefused(t *testing.T, host string) {
	t.Helper()
	conn, err := net.Dial("tcp", host)
	if err == nil {
		conn.Close()
		t.Errorf("%s accepts connections", host)
	}
}

// lifeline makes a named pipe that scripts can hold open: its reader learns when the last holder is dead.
func lifeline(t *testing.T) string {
	t.Helper()
	name := filepath.Join(openDir(t), "alive")
	if err := syscall.Mkfifo(name, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// holding is a command that writes to the lifeline and stays alive with it.
func holding(lifeline string) string {
	return "exec 3>" + lifeline + "; echo up >&3; sleep 600 & wait"
}

// grip waits for a holder of the lifeline. The function that it returns waits until the holder is dead.
func grip(t *testing.T, name string) (waitDead func()) {
	t.Helper()
	opened := make(chan *os.File, 1)
	go func() {
		pipe, err := os.Open(name)
		if err != nil {
			t.Error(err)
		}
		opened <- pipe
	}()
	pipe := await(t, opened)
	if err := pipe.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(pipe, make([]byte, len("up\n"))); err != nil {
		t.Fatal(err)
	}
	return func() {
		defer pipe.Close()
		if _, err := io.ReadAll(pipe); err != nil {
			t.Errorf("still alive: %v", err)
		}
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	scratch := openDir(t)
	f := scriptFleet(t, Options{ScratchDir: scratch})
	f.Boot("a", imageOf("a"))
	f.Boot("b", imageOf("b"))
	lb, err := f.OpenLoadBalancer("lb", 0, func() []string { return []string{"a"} })
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, f, "b", `mkdir -p "$WEB_ROOT/x/y" && chmod 0 "$WEB_ROOT/x/y" "$WEB_ROOT/x"`)
	alive := lifeline(t)
	running, queued := start(f, "a", holding(alive)), start(f, "a", "true")
	waitDead := grip(t, alive)
	host := hostOf(f.Address("a"))
	var idle []net.Conn // to the instance, and through the load balancer
	for _, to := range []string{host, lb.String()} {
		conn, err := net.Dial("tcp", to)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		idle = append(idle, conn)
	}

	f.Close()
	waitDead()
	for _, results := range []<-chan guest.ScriptResult{running, queued} {
		if r := await(t, results); r.Err != errClosed.Error() || r.ExitCode != -1 {
			t.Errorf("got %+v", r)
		}
		if len(results) != 0 {
			t.Error("done was called twice")
		}
	}
	for _, conn := range idle {
		bePatient(t, conn)
		if n, err := conn.Read(make([]byte, 1)); n != 0 || os.IsTimeout(err) {
			t.Errorf("a connection outlives the fleet: %d bytes, %v", n, err)
		}
	}
	wantRefused(t, host)
	wantRefused(t, lb.String())
	wantEmpty(t, scratch)
	wantNoGoroutines(t)
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("left in %s: %v, %v", dir, entries, err)
	}
}

// wantNoGoroutines gives those that have done their last the time to vanish.
func wantNoGoroutines(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	for deadline := time.Now().Add(patience); ; runtime.Gosched() {
		all := string(stacks[:runtime.Stack(stacks, true)])
		if !strings.Contains(all, "fleet.(*") && !strings.Contains(all, "http.(*conn).serve") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("goroutines are left:\n%s", all)
		}
	}
}

func TestAfterClose(t *testing.T) {
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	f.Close()
	f.Close()
	f.Boot("b", imageOf("b"))
	f.Up("a")
	f.Down("a")
	f.Remove("a")
	if r := run(t, f, "a", "true"); r.Err != errClosed.Error() {
		t.Errorf("got %+v", r)
	}
	if _, err := f.OpenLoadBalancer("lb", 0, nil); err == nil {
		t.Error("a closed fleet opened a load balancer")
	}
	if f.Address("b").IsValid() {
		t.Error("a closed fleet booted an instance")
	}
}

func TestNewSaysWhyNot(t *testing.T) {
	scratch := openDir(t)
	file := filepath.Join(scratch, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	everywhere, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer everywhere.Close()
	taken := everywhere.Addr().(*net.TCPAddr).Port
	for name, tc := range map[string]struct {
		options Options
		want    string
	}{
		"port taken":    {Options{ScratchDir: filepath.Join(scratch, "new"), InstancePort: taken}, "at port " + strconv.Itoa(taken)},
		"no such port":  {Options{ScratchDir: filepath.Join(scratch, "new"), InstancePort: 1 << 16}, "no port 65536"},
		"no scratch":    {Options{ScratchDir: file}, "scratch directory"},
		"no subscratch": {Options{ScratchDir: filepath.Join(file, "x")}, "scratch directory"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := New(tc.options)
			if err == nil {
				f.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %q, want something with %q", err, tc.want)
			}
		})
	}
	wantEmpty(t, filepath.Join(scratch, "new"))
}
