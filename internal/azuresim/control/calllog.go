package control

import (
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
)

// LoggedCall is one request that came, as the control endpoint lists it.
type LoggedCall struct {
	Seq       int          `json:"seq"`
	Time      string       `json:"time"`
	Method    string       `json:"method"`
	Path      string       `json:"path"`
	Query     string       `json:"query,omitempty"`
	Status    int          `json:"status"` // 0: the connection was dropped
	Kind      arm.CallKind `json:"kind"`
	Operation string       `json:"operation,omitempty"`
	Body      string       `json:"body,omitempty"`

	NotSimulated bool `json:"notSimulated,omitempty"` // Azure may serve it; the simulator does not
}

// Log holds the calls so far. Seq is not reset when the log is emptied.
type Log struct {
	Entries []*LoggedCall
	last    int
	Bytes   int // of what clients sent, in the entries
}

// Limits of the log: calls, bytes that clients sent, and bytes of one body.
const (
	callsKept    = 200_000
	BytesKept    = 64 << 20
	BodyLogLimit = 64 << 10
)

// Begin notes a request that came.
func (l *Log) Begin(now time.Time, r *arm.Request) *LoggedCall {
	l.last++
	entry := &LoggedCall{
		Seq: l.last, Time: now.UTC().Format(time.RFC3339Nano), Method: r.Method, Path: r.Path, Query: r.Query.Encode(),
		Kind: arm.KindWrite,
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		entry.Kind = arm.KindRead
	}
	if r.Route != nil {
		entry.Kind, entry.Operation = r.Route.Kind, r.Route.Name
	}
	if len(r.Body) <= BodyLogLimit && utf8.Valid(r.Body) && (r.Route == nil || !r.Route.Public) {
		entry.Body = string(r.Body)
	}
	if len(l.Entries) == callsKept || l.Bytes > BytesKept {
		l.forget(len(l.Entries) / 2)
	}
	l.Entries = append(l.Entries, entry)
	l.Bytes += entry.size()
	return entry
}

// forget drops the oldest entries.
func (l *Log) forget(n int) {
	for _, e := range l.Entries[:n] {
		l.Bytes -= e.size()
	}
	l.Entries = slices.Clone(l.Entries[n:])
}

func (e *LoggedCall) size() int { return len(e.Method) + len(e.Path) + len(e.Query) + len(e.Body) }

func (l *Log) since(seq int) []*LoggedCall {
	out := []*LoggedCall{}
	for _, e := range l.Entries {
		if e.Seq > seq {
			out = append(out, e)
		}
	}
	return out
}
