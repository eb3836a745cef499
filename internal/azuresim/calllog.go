package azuresim

import (
	"net/http"
	"slices"
	"time"
	"unicode/utf8"
)

// loggedCall is one request that came, as the control endpoint lists it.
type loggedCall struct {
	Seq       int      `json:"seq"`
	Time      string   `json:"time"`
	Method    string   `json:"method"`
	Path      string   `json:"path"`
	Query     string   `json:"query,omitempty"`
	Status    int      `json:"status"` // 0: the connection was dropped
	Kind      callKind `json:"kind"`
	Operation string   `json:"operation,omitempty"`
	Body      string   `json:"body,omitempty"`
}

// callLog is what came so far. Seq goes on when the log is emptied.
type callLog struct {
	entries []*loggedCall
	last    int
	bytes   int // of what clients sent, in the entries
}

const (
	callsKept    = 200_000
	bytesKept    = 64 << 20
	bodyLogLimit = 64 << 10
)

func (l *callLog) begin(now time.Time, r *request) *loggedCall {
	l.last++
	entry := &loggedCall{
		Seq: l.last, Time: now.UTC().Format(time.RFC3339Nano), Method: r.method, Path: r.path, Query: r.query.Encode(),
		Kind: kindWrite,
	}
	if r.method == http.MethodGet || r.method == http.MethodHead {
		entry.Kind = kindRead
	}
	if r.route != nil {
		entry.Kind, entry.Operation = r.route.kind, r.route.name
	}
	if len(r.body) <= bodyLogLimit && utf8.Valid(r.body) && (r.route == nil || !r.route.public) {
		entry.Body = string(r.body)
	}
	if len(l.entries) == callsKept || l.bytes > bytesKept {
		l.forget(len(l.entries) / 2)
	}
	l.entries = append(l.entries, entry)
	l.bytes += entry.size()
	return entry
}

// forget drops the oldest entries.
func (l *callLog) forget(n int) {
	for _, e := range l.entries[:n] {
		l.bytes -= e.size()
	}
	l.entries = slices.Clone(l.entries[n:])
}

func (e *loggedCall) size() int { return len(e.Method) + len(e.Path) + len(e.Query) + len(e.Body) }

func (l *callLog) since(seq int) []*loggedCall {
	out := []*loggedCall{}
	for _, e := range l.entries {
		if e.Seq > seq {
			out = append(out, e)
		}
	}
	return out
}
