package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// called is one call of a hook, or of a check of kind webhook, which has no event.
type called struct {
	Event    string
	Step     string
	Instance struct {
		ID, Name, PrivateAddress string
		NATPorts                 map[string]string
	}
	Key  string `json:"idempotencyKey"`
	Args map[string]string

	body                        map[string]any // all that was said
	path, header, authorization string
	status                      int // of the answer; 0: there was none
}

func (c called) String() string {
	return strings.Join(strings.Fields(cmp.Or(c.Event, "check")+" "+c.Step+" "+c.Instance.ID), " ")
}

// listener is a program that hooks and checks call.
type listener struct {
	url    string
	ca     string                            // by which it proves who it is; "": it speaks no TLS
	answer func(context.Context, called) int // a status; 0: it never answers

	mu     sync.Mutex
	refuse string // the event that is answered by 503
	calls  []called
}

// newListener makes one that thanks for every call.
func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{answer: func(context.Context, called) int { return http.StatusOK }}
	server := httptest.NewServer(l.handler(t))
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

// newAuthenticListener makes one that speaks TLS, so that credentials may be sent to it.
func newAuthenticListener(t *testing.T, answer func(context.Context, called) int) *listener {
	t.Helper()
	l := &listener{answer: answer}
	server := httptest.NewTLSServer(l.handler(t))
	t.Cleanup(server.Close)
	l.url = server.URL
	l.ca = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	return l
}

func (l *listener) handler(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := called{path: r.URL.Path, header: r.Header.Get("Idempotency-Key"), authorization: r.Header.Get("Authorization")}
		// All of it is read first: only then does a server notice that who called is gone.
		text, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(text, &c)
		}
		if err == nil {
			err = json.Unmarshal(text, &c.body)
		}
		if err != nil {
			t.Errorf("a call with body %q: %v", text, err)
		}
		n, status := l.note(c)
		if status == 0 {
			status = l.answer(r.Context(), c)
		}
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.calls[n].status = status
		w.WriteHeader(status)
	})
}

// note keeps a call, and returns its number and the status by which its event is refused, 0 if it is not.
func (l *listener) note(c called) (n, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
	if l.refuse != "" && l.refuse == c.Event {
		status = http.StatusServiceUnavailable
	}
	return len(l.calls) - 1, status
}

func (l *listener) refusing(event string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse = event
}

func (l *listener) heard() []called {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.calls)
}

// heardOf are the calls of one event, "" for checks.
func (l *listener) heardOf(event string) []called {
	return slices.DeleteFunc(l.heard(), func(c called) bool { return c.Event != event })
}

// saidOf returns the part of every call that is about the rollout's present run.
func saidOf(o *v1alpha1.VMSSRollout, set scaleSet, step string) map[string]any {
	return map[string]any{
		"namespace": o.Namespace, "rollout": o.Name, "uid": string(o.UID), "revision": o.Status.Revision, "run": float64(o.Status.Run),
		"step":     step,
		"scaleSet": map[string]any{"subscriptionID": subscription, "resourceGroup": set.group, "name": set.name},
	}
}
