package azuresim

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/faults"
)

// call runs one request against the simulation: what both HTTP and Transport do.
func (s *Server) call(r *arm.Request) *arm.Response {
	s.kernel.Lock()
	defer s.kernel.Unlock()
	s.kernel.CatchUp()
	r.Route, r.Args = s.routes.Find(r.Method, r.Path)
	s.compute.Locate(r)
	entry := s.calls.Begin(s.kernel.Now, r)
	res := s.guarded(r)
	s.setHeaders(r, res)
	entry.Status = res.Status
	if r.Route == nil && arm.IsGateway(res) || res.Unserved {
		entry.NotSimulated = true
		s.sayNotSimulated(r, res)
	}
	return res
}

// answered answers a request that the resource manager itself makes for a deployment, under the lock. It is in no log of calls.
func (s *Server) answered(r *arm.Request) *arm.Response {
	r.Route, r.Args = s.routes.Find(r.Method, r.Path)
	s.compute.Locate(r)
	return s.guarded(r)
}

// notSimulatedHeader is on answers about what Azure may serve and the simulator does not. Azure never sends it.
const notSimulatedHeader = "X-Azuresim-Not-Simulated"

// sayNotSimulated makes a refusal unmistakable: it is the simulator's, whatever Azure would have answered.
func (s *Server) sayNotSimulated(r *arm.Request, res *arm.Response) {
	what := r.Method + " " + r.Path
	res.Header.Set(notSimulatedHeader, what)
	s.kernel.Log.Warn("this is not simulated; Azure may answer otherwise", "call", what, "apiVersion", r.QueryValue("api-version"))
}

// guarded applies the faults of requests around the handler.
func (s *Server) guarded(r *arm.Request) *arm.Response {
	if r.Route == nil {
		return s.handle(r)
	}
	struck := s.registry.Faults.Fire(r.Route.Name, r.SetKey(), faults.RequestKinds)
	res := s.struck(r, struck)
	res.Delay = faults.DelayOf(struck)
	return res
}

// struck answers a request that faults strike.
func (s *Server) struck(r *arm.Request, by []*faults.Fault) *arm.Response {
	for _, f := range by {
		switch f.Kind {
		case faults.Status:
			return f.Response(r)
		case faults.ResetBefore:
			return &arm.Response{Status: 0, Reset: true, Charge: arm.NoCharge}
		case faults.EtagMoves:
			s.compute.MoveEtag(r.SetKey())
		default: // it strikes the answer, below
		}
	}
	res := s.handle(r)
	for _, f := range by {
		res.Reset = res.Reset || f.Kind == faults.ResetAfter
		res.Truncate = res.Truncate || f.Kind == faults.Truncate
	}
	return res
}

// handle runs the checks that every call meets, and its handler.
func (s *Server) handle(r *arm.Request) *arm.Response {
	for _, check := range []func(*arm.Request) *arm.Error{s.checkOpen, s.checkToken, s.checkRoute, arm.CheckNames, checkVersion,
		s.checkAllowed, s.throttler.CheckRate} {
		if err := check(r); err != nil {
			return err.Response()
		}
	}
	res, err := r.Route.Handle(r)
	if err != nil {
		res = err.Response()
		res.Charge = arm.NoCharge
		if err.Charged {
			res.Charge = 1
		}
	}
	return res
}

func (s *Server) checkOpen(*arm.Request) *arm.Error {
	if s.kernel.Closed {
		return arm.Refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "The service is unavailable.").FromGateway()
	}
	return nil
}

func (s *Server) checkRoute(r *arm.Request) *arm.Error {
	if r.Route != nil {
		return nil
	}
	if r.QueryValue("api-version") == "" {
		return missingVersion()
	}
	if err := s.methodRefused(r); err != nil {
		return err
	}
	parts := arm.Segments(r.Path)
	if len(parts) > 0 && strings.EqualFold(parts[0], "subscriptions") {
		return arm.Refuse(http.StatusNotFound, "InvalidResourceType",
			"The resource type could not be found at '%s' for api version '%s'.", r.Path, r.QueryValue("api-version")).FromGateway()
	}
	return arm.Refuse(http.StatusNotFound, "NotFound", "No HTTP resource was found that matches the request URI '%s'.", r.Path).FromGateway()
}

func missingVersion() *arm.Error {
	return arm.Refuse(http.StatusBadRequest, "MissingApiVersionParameter",
		"The api-version query parameter (?api-version=) is required for all requests.").FromGateway()
}

func checkVersion(r *arm.Request) *arm.Error {
	if r.Route.Public {
		return nil
	}
	r.Version = arm.APIVersion(strings.ToLower(r.QueryValue("api-version")))
	if r.Version == "" {
		return missingVersion()
	}
	if !r.Version.Valid() {
		return arm.Refuse(http.StatusBadRequest, "InvalidApiVersionParameter",
			"The api-version '%s' is invalid. The supported versions are '2020-06-01' and newer.", r.Version).FromGateway()
	}
	if r.IsCompute() && !slices.Contains(arm.ComputeVersions, string(r.Version)) {
		return arm.Refuse(http.StatusBadRequest, "NoRegisteredProviderFound",
			"No registered resource provider found for location '%s' and API version '%s' for type '%s'. The supported api-versions are '%s'.",
			cmp.Or(r.Args["location"], "eastus"), r.Version, r.ResourceType(), strings.Join(arm.ComputeVersions, ", ")).FromGateway()
	}
	return nil
}

// ServeHTTP serves ARM and the token endpoint.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := readPatiently(w, r.Body)
	if err != nil {
		writeResponse(w, bodyRefused(err).Response())
		return
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	res := s.call(s.newRequest(r.Method, r.URL, r.Header, body, scheme+r.Host))
	s.delay(r.Context().Done(), res)
	if res.Reset {
		reset(w)
		return
	}
	writeResponse(w, res)
}

func bodyRefused(err error) *arm.Error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return arm.Refuse(http.StatusRequestEntityTooLarge, "RequestContentTooLarge",
			"The request content size exceeds the maximum size of '%d' bytes.", arm.MaxBody).FromGateway()
	}
	return arm.InvalidContent(err).FromGateway()
}

func (s *Server) newRequest(method string, u *url.URL, header http.Header, body []byte, base string) *arm.Request {
	if s.publicURL != "" {
		base = strings.TrimSuffix(s.publicURL, "/")
	}
	query, _ := url.ParseQuery(u.RawQuery) // what cannot be read is not there
	return &arm.Request{Method: method, Path: u.Path, Query: query, Header: header, Body: body, Base: base}
}

// reset drops the connection without an answer.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // how net/http wants an HTTP/2 stream to be reset
	}
	_ = conn.Close() // the client is to see an error, ours does not matter
}

func writeResponse(w http.ResponseWriter, res *arm.Response) {
	limitFetching(w)
	for name, values := range res.Header {
		w.Header()[name] = values
	}
	body := res.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(res.Status)
	if res.Truncate {
		body = body[:len(body)/2] // net/http drops the connection, since less came than was promised
	}
	_, _ = w.Write(body) // a client that went away is no concern of Azure's
	if res.Sent != nil {
		res.Sent()
	}
}

// delay holds an answer back. If the clock is a manual one, the call takes that long on it: no other call could end the wait.
func (s *Server) delay(gone <-chan struct{}, res *arm.Response) {
	if res.Delay <= 0 {
		return
	}
	if manual, ok := s.kernel.Clock.(interface{ Advance(time.Duration) }); ok {
		manual.Advance(res.Delay)
		return
	}
	timer := time.NewTimer(res.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-gone:
	}
}

// methodRefused is for a path that is served under other methods.
func (s *Server) methodRefused(r *arm.Request) *arm.Error {
	var methods []string
	for method := range s.routes {
		if other, _ := s.routes.Find(method, r.Path); other != nil {
			methods = append(methods, method)
		}
	}
	if len(methods) == 0 {
		return nil
	}
	slices.Sort(methods)
	e := arm.Refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The HTTP method '%s' is not supported on the resource '%s'.", r.Method,
		r.Path)
	e.Allow = strings.Join(methods, ", ")
	return e.FromGateway()
}

func (s *Server) checkToken(r *arm.Request) *arm.Error {
	if r.Route != nil && r.Route.Public {
		return nil
	}
	if arm.Bearer(r.Header) == "" {
		return arm.Refuse(http.StatusUnauthorized, "AuthenticationFailed",
			"Authentication failed. The 'Authorization' header is missing.").FromGateway()
	}
	return nil
}

// checkAllowed refuses a client without rights, in Azure's words, which name the action and the scope.
func (s *Server) checkAllowed(r *arm.Request) *arm.Error {
	if arm.Bearer(r.Header) != arm.ForbiddenToken || r.Route.Action == "" {
		return nil
	}
	return arm.NotAllowed(r.Route.Action, r.Scope())
}
