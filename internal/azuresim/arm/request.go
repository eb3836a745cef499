// Package arm is the protocol of the resource manager: requests, responses, errors, routes, api-versions.
package arm

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Request is one call as handlers see it.
type Request struct {
	Method string
	Path   string // as sent, decoded
	Query  url.Values
	Header http.Header
	Body   []byte
	Base   string // scheme and host that links in the answer have

	Route       *Route
	Args        map[string]string // of the path, in the client's case
	InstanceSet string            // key of the scale set of an instance that the path names without it
	Version     APIVersion

	ArmMeters, Meters []ratelimit.Metered // limits it met at ARM and at the compute provider
}

// Response is the answer of a handler.
type Response struct {
	Status int
	Header http.Header
	Body   any // a tree; nil: no body
	Charge int // x-ms-request-charge; below zero: no such header
	Etag   string
	Sent   func() // to be called once the body is no longer read, or never

	// Unserved is true where the simulator refuses what Azure serves.
	Unserved bool

	// Effects of faults on the wire.
	Delay    time.Duration
	Reset    bool
	Truncate bool
}

// Answer is a response with a body.
func Answer(status int, body any) *Response {
	return &Response{Status: status, Body: body, Header: http.Header{}, Charge: NoCharge}
}

// NoCharge is the charge of an answer that shows none.
const NoCharge = -1

// SetID is the scale set that the path names.
func (r *Request) SetID() ScaleSetID {
	return ScaleSetID{r.Args["sub"], r.Args["group"], r.Args["set"]}
}

// Object reads the body as a JSON object.
func (r *Request) Object() (tree.Object, *Error) {
	o, err := tree.ParseObject(r.Body)
	if err != nil {
		return nil, InvalidContent(err)
	}
	if o == nil {
		o = tree.Object{}
	}
	return o, nil
}

// OptionalObject is an empty object where there is no body.
func (r *Request) OptionalObject() (tree.Object, *Error) {
	if len(strings.TrimSpace(string(r.Body))) == 0 {
		return tree.Object{}, nil
	}
	return r.Object()
}

// QueryValue finds a parameter in any case.
func (r *Request) QueryValue(name string) string {
	for key, values := range r.Query {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// Segments splits a path; empty ones do not count.
func Segments(path string) []string {
	return strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
}

// ScaleSetID names a scale set, in the case the client used.
type ScaleSetID struct{ Subscription, Group, Name string }

// Key is the lower-case ARM id.
func (id ScaleSetID) Key() string {
	return strings.ToLower("/subscriptions/" + id.Subscription + "/resourcegroups/" + id.Group +
		"/providers/microsoft.compute/virtualmachinescalesets/" + id.Name)
}

// Matches reports whether a name is the wanted one; an empty wanted name matches all.
func Matches(wanted, name string) bool { return wanted == "" || strings.EqualFold(wanted, name) }

// SetKey is the key of the scale set that a request is about; empty: none.
func (r *Request) SetKey() string {
	switch {
	case r.InstanceSet != "":
		return r.InstanceSet
	case r.Args["set"] == "":
		return ""
	}
	return r.SetID().Key()
}

// IsCompute reports whether the compute provider answers, not ARM itself.
func (r *Request) IsCompute() bool {
	if r.Route.Foreign {
		return false
	}
	for _, p := range r.Route.Pattern {
		if p == "microsoft.compute" {
			return true
		}
	}
	return false
}

// ResourceType is the type that the path is about, without its provider: virtualMachineScaleSets/virtualMachines.
func (r *Request) ResourceType() string {
	at := slices.Index(r.Route.Pattern, "microsoft.compute")
	var types []string
	for n := at + 1; n < len(r.Route.Pattern); n += 2 {
		types = append(types, Segments(r.Path)[n])
	}
	return strings.Join(types, "/")
}

// Bytes is the body as it is sent.
func (res *Response) Bytes() []byte {
	switch body := res.Body.(type) {
	case nil:
		return nil
	case tree.RawJSON:
		return body
	default:
		return tree.ToJSON(body)
	}
}

// ChargeInstances takes from the accounts that count instances, once it is known how many an answer is about. So a call is let through
// while anything is left, whatever it will cost. Whether Azure looks ahead is not known.
func (r *Request) ChargeInstances(res *Response) {
	for _, m := range r.Meters {
		if m.Counts == ratelimit.Instances && res.Charge > 0 {
			m.Take(m.Account, float64(res.Charge))
		}
	}
}

// IsGateway is true for answers of the resource manager itself.
func IsGateway(res *Response) bool { return res.Header.Get("X-Ms-Failure-Cause") == "gateway" }

// ParseSetID reads the ARM id of a scale set.
func ParseSetID(id string) (parsed ScaleSetID, ok bool) {
	args, ok := (&Route{Pattern: Segments(SetPath)}).match(Segments(id))
	return ScaleSetID{args["sub"], args["group"], args["set"]}, ok
}

// MaxBody is the most a request may send; ARM takes 4 MB.
const MaxBody = 4 << 20
