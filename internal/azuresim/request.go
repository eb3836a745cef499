package azuresim

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// request is one call as handlers see it.
type request struct {
	method string
	path   string // as sent, decoded
	query  url.Values
	header http.Header
	body   []byte
	base   string // scheme and host that links in the answer have

	route      *route
	args       map[string]string // of the path, in the client's case
	machineSet string            // key of the scale set of a machine that the path names without it
	version    apiVersion
	faults     []*fault // that fired for it

	armMeters, meters []metered // limits it met at ARM and at the compute provider
}

// response is what a handler answers.
type response struct {
	status int
	header http.Header
	body   any // a tree; nil: no body
	charge int // x-ms-request-charge; below zero: no such header
	etag   string
	sent   func() // to be called once nobody reads the body any more, or never

	// What faults make of it on the wire.
	delay    time.Duration
	reset    bool
	truncate bool
}

func answer(status int, body any) *response {
	return &response{status: status, body: body, header: http.Header{}, charge: noCharge}
}

const noCharge = -1

// setID is the scale set that the path names.
func (r *request) setID() scaleSetID {
	return scaleSetID{r.args["sub"], r.args["group"], r.args["set"]}
}

// object reads the body as a JSON object.
func (r *request) object() (object, *armError) {
	o, err := parseObject(r.body)
	if err != nil {
		return nil, invalidContent(err)
	}
	if o == nil {
		o = object{}
	}
	return o, nil
}

// optionalObject is an empty object where there is no body.
func (r *request) optionalObject() (object, *armError) {
	if len(strings.TrimSpace(string(r.body))) == 0 {
		return object{}, nil
	}
	return r.object()
}

// queryValue finds a parameter in any case.
func (r *request) queryValue(name string) string {
	for key, values := range r.query {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// segments splits a path; empty ones do not count.
func segments(path string) []string {
	return strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
}

// scaleSetID names a scale set, in the case the client used.
type scaleSetID struct{ subscription, group, name string }

func (id scaleSetID) key() string {
	return strings.ToLower("/subscriptions/" + id.subscription + "/resourcegroups/" + id.group +
		"/providers/microsoft.compute/virtualmachinescalesets/" + id.name)
}

// matches says whether a name is the one wanted, where one is.
func matches(wanted, name string) bool { return wanted == "" || strings.EqualFold(wanted, name) }

func (r *request) setKey() string {
	switch {
	case r.machineSet != "":
		return r.machineSet
	case r.args["set"] == "":
		return ""
	}
	return r.setID().key()
}

// isCompute says whether the compute provider answers, not ARM itself.
func (r *request) isCompute() bool {
	if r.route.foreign {
		return false
	}
	for _, p := range r.route.pattern {
		if p == "microsoft.compute" {
			return true
		}
	}
	return false
}

func (res *response) bytes() []byte {
	switch body := res.body.(type) {
	case nil:
		return nil
	case rawJSON:
		return body
	default:
		return toJSON(body)
	}
}

// chargeMachines takes from the accounts that count machines, once it is known how many an answer is about. So a call is let
// through while there is any left, whatever it will cost; whether Azure looks ahead is not known.
func (r *request) chargeMachines(res *response) {
	for _, m := range r.meters {
		if m.counts == machines && res.charge > 0 {
			m.take(m.account, float64(res.charge))
		}
	}
}

func isGateway(res *response) bool { return res.header.Get("X-Ms-Failure-Cause") == "gateway" }

// parseSetID reads the ARM id of a scale set.
func parseSetID(id string) (parsed scaleSetID, ok bool) {
	args, ok := (&route{pattern: segments(inSet)}).match(segments(id))
	return scaleSetID{args["sub"], args["group"], args["set"]}, ok
}
