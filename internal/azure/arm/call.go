package arm

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Call is one method call of the adapter while it lasts: what it is about, and what is known of what was sent. The SDK's errors do not say
// whether a request ever left, and its pollers keep the first answer's headers to themselves.
type Call struct {
	// Operation is the adapter's method.
	Operation string
	// Doing says, for people, what the call does to which object.
	Doing string
	// Set is the scale set that it is about.
	Set rollout.ScaleSet
	// Effect is set where a lost answer may hide that the call was applied.
	Effect bool
	// Secrets are what the call itself sends and must not be repeated.
	Secrets []string

	known func() *redact.Redactor // cuts the secrets that the caller knows; nil: none

	due       time.Time      // when the request was to be sent
	attempted bool           // the request got as far as the transport
	response  *http.Response // the last whole answer
	cut       atomic.Bool    // a refusal was not read to its end

	// The transport calls back from goroutines of its own, sometimes after the call returned.
	wanted atomic.Bool // the transport asked for a connection, so it is one that tells
	gained atomic.Bool // and got one: from here on the request may have left
}

// Response returns the last whole answer, nil if there is none.
func (x *Call) Response() *http.Response { return x.response }

type callKey struct{}

// With returns a context that lets the transport policy report to the call.
func (x *Call) With(ctx context.Context) context.Context {
	x.due = time.Now()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { x.wanted.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { x.gained.Store(true) },
	})
	x.known = func() *redact.Redactor { return redact.From(ctx) }
	return context.WithValue(ctx, callKey{}, x)
}

// Redactor cuts the secrets that the caller knows, and those that it sends.
func (x *Call) Redactor() *redact.Redactor {
	var r *redact.Redactor
	if x.known != nil {
		r = x.known()
	}
	if len(x.Secrets) > 0 {
		r = r.With(x.Secrets...)
	}
	return r
}

// sent reports whether a request without an answer may have reached Azure. Only proof that it cannot have counts as no.
func (x *Call) sent(err error) bool {
	if !x.attempted || errors.Is(err, errForeign) || x.wanted.Load() && !x.gained.Load() {
		return false
	}
	var op *net.OpError
	var dns *net.DNSError
	if errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns) {
		// Where the transport does not trace: nothing was written on a connection that never was.
		return x.gained.Load()
	}
	return true
}

// maxBeforeSending bounds how long an effect may wait for a token, or be held up otherwise, before it is sent: what it rests on grows old.
const maxBeforeSending = 5 * time.Second

// errHeldUp ends a request that was held up too long before it was sent.
var errHeldUp = errors.New("it was held up too long before it could be sent")

// isLate reports whether the request must not be sent any more. A timer that is due has not always fired: not in a process that was stopped
// a moment ago.
func (x *Call) isLate(req *http.Request) bool {
	if x.Effect && req.Method != http.MethodGet && !x.due.IsZero() && time.Since(x.due) > maxBeforeSending {
		return true
	}
	deadline, bounded := req.Context().Deadline()
	return bounded && time.Until(deadline) <= 0
}

// errForeign ends a request to another host than the endpoint.
var errForeign = errors.New("refusing to send the credential to another host than the configured endpoint")

// SameOrigin reports whether a URL leads to the endpoint.
func SameOrigin(u, endpoint *url.URL) bool {
	return u.Scheme == endpoint.Scheme && u.User == nil && strings.EqualFold(u.Hostname(), endpoint.Hostname()) && port(u) == port(endpoint)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "http" {
		return "80"
	}
	return "443"
}
