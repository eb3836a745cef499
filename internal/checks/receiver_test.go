package checks_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// hangsUp and isDeaf are what a receiver does in place of answering with a status.
const (
	hangsUp = 0
	isDeaf  = -1
)

// receiver is the server that hooks call, in memory: every name is its own, and it notes what it was told and when.
type receiver struct {
	answers []int // by call; the last again and again
	began   time.Time

	mu   sync.Mutex
	told []notice
	left int // calls that ended, one way or another
}

// notice is one request.
type notice struct {
	at     time.Duration
	url    string
	header http.Header
	body   string
}

// receiving answers with statuses, one after the other.
func receiving(answers ...int) *receiver { return &receiver{answers: answers, began: time.Now()} }

// client is the guarded client in a network where everybody is the receiver.
func (r *receiver) client() *outbound.Client {
	return outbound.New(outbound.Options{Resolver: r, Dial: func(context.Context, netip.AddrPort) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go r.serve(theirs)
		return ours, nil
	}})
}

// LookupNetIP has one public address for every name but one that points inside.
func (r *receiver) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if host == "inside.example" {
		return []netip.Addr{netip.MustParseAddr("169.254.169.254")}, nil
	}
	return []netip.Addr{netip.MustParseAddr("93.184.215.14")}, nil
}

func (r *receiver) serve(conn net.Conn) {
	defer conn.Close()
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	defer r.leave()
	switch status := r.note(request, string(body)); status {
	case hangsUp:
	case isDeaf:
		_, _ = conn.Read(make([]byte, 1)) // until the caller closes
	default:
		fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nLocation: http://%s.example/\r\nX: %s\r\nContent-Length: %d\r\n\r\n%s", status, loot, loot, loot,
			2<<20, loot)
	}
}

// note remembers a call and says how it is answered.
func (r *receiver) note(request *http.Request, body string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	status := r.answers[min(len(r.told), len(r.answers)-1)]
	r.told = append(r.told, notice{at: time.Since(r.began), url: request.URL.String(), header: request.Header, body: body})
	return status
}

func (r *receiver) all() []notice {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.told
}

// leave notes that a call has ended.
func (r *receiver) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left++
}

// underWay is how many calls are neither answered nor given up.
func (r *receiver) underWay() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.told) - r.left
}

func (r *receiver) times() string {
	var at []string
	for _, one := range r.all() {
		at = append(at, one.at.String())
	}
	return strings.Join(at, " ")
}

// calling runs a caller within a bubble of virtual time until the test ends. Nothing that it says may hold loot or a secret.
func calling(t *testing.T, o checks.HookDispatcherOptions) *checks.HookDispatcher {
	t.Helper()
	c := checks.NewHookDispatcher(o)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := c.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return c
}

// key names the nth call of a run.
func key(n int) rollout.HookCallKey {
	return rollout.HookCallKey{Hook: "audit", Run: 2, Sequence: n, Instance: "3"}
}

// call tells about an instance that nothing else is known of.
func call(n int) checks.Call {
	about := instanceOf(server{})
	about.Instance.NAT = nil
	return checks.Call{
		Key: key(n), Hook: checks.Hook{URL: "http://hooks.example/vmss", Args: map[string]string{"team": "shop"}},
		Payload: checks.HookPayloadOf(about, rollout.BeforeInstance, false, ""),
	}
}

// heard holds what a caller says of one call.
func heard(t *testing.T, c *checks.HookDispatcher, k rollout.HookCallKey, state rollout.HookCallState, message string) {
	t.Helper()
	got := c.Results("u")[k]
	if got.State != state || got.Message != message {
		t.Errorf("%v: got %+v, want %q with %q", k, got, state, message)
	}
}
