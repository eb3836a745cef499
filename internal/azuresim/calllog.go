package azuresim

import (
	"net/http"
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
}

const (
	callsKept    = 200_000
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
	if len(l.entries) == callsKept {
		l.entries = append([]*loggedCall(nil), l.entries[callsKept/2:]...)
	}
	l.entries = append(l.entries, entry)
	return entry
}

func (l *callLog) since(seq int) []*loggedCall {
	out := []*loggedCall{}
	for _, e := range l.entries {
		if e.Seq > seq {
			out = append(out, e)
		}
	}
	return out
}
