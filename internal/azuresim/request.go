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

	route   *route
	args    map[string]string // of the path, in the client's case
	machine *instance         // that the path names without its scale set
	version apiVersion
	faults  []*fault // that fired for it

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
