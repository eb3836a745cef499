package arm

import (
	"net/http"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Exchange is one HTTP exchange with ARM, for metrics.
type Exchange struct {
	Operation string // the adapter's method
	Method    string
	Status    int // 0: no answer
	Took      time.Duration
}

// NewPolicy returns the last policy before the transport. It lets no token go to another host than the endpoint's, and tells the observer,
// if there is one, of every exchange, at once and from the goroutine that made it.
func NewPolicy(endpoint *url.URL, observer func(Exchange)) policy.Policy {
	return transportPolicy{endpoint: endpoint, observer: observer}
}

// transportPolicy is the last policy before the transport. It watches, and lets no token go to another host.
type transportPolicy struct {
	endpoint *url.URL
	observer func(Exchange)
}

// Do implements policy.Policy.
func (w transportPolicy) Do(req *policy.Request) (*http.Response, error) {
	raw := req.Raw()
	x, ok := raw.Context().Value(callKey{}).(*Call)
	if !ok {
		x = &Call{}
	}
	x.response = nil
	if !SameOrigin(raw.URL, w.endpoint) {
		return nil, errForeign
	}
	if err := raw.Context().Err(); err != nil {
		return nil, err
	}
	if x.isLate(raw) {
		return nil, errHeldUp
	}
	x.attempted = true
	begun := time.Now()
	resp, err := req.Next()
	status := 0
	if err == nil {
		status = resp.StatusCode
		x.response = resp
	}
	if w.observer != nil {
		w.observer(Exchange{Operation: x.Operation, Method: raw.Method, Status: status, Took: time.Since(begun)})
	}
	return resp, err
}
