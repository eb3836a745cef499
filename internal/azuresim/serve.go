package azuresim

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody is the most a request may send; ARM takes 4 MB.
const maxBody = 4 << 20

// call runs one request against the simulation: what both HTTP and Transport do.
func (s *Server) call(r *request) *response {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	r.route, r.args = s.routes.find(r.method, r.path)
	s.compute.locate(r)
	entry := s.calls.begin(s.now, r)
	res := s.guarded(r)
	s.finish(r, res)
	entry.Status = res.status
	return res
}

// guarded applies the faults of requests around the handler.
func (s *Server) guarded(r *request) *response {
	if r.route == nil {
		return s.handle(r)
	}
	r.faults = s.registry.faults.fire(r.route.name, r.setKey(), requestFaults)
	for _, f := range r.faults {
		switch f.Kind {
		case faultStatus:
			return f.response(r)
		case faultResetBefore:
			return &response{status: 0, reset: true, charge: noCharge}
		case faultEtagMoves:
			s.compute.moveEtag(r.setKey())
		default: // it strikes the answer, below
		}
	}
	res := s.handle(r)
	for _, f := range r.faults {
		res.reset = res.reset || f.Kind == faultResetAfter
		res.truncate = res.truncate || f.Kind == faultTruncate
	}
	return res
}

// handle runs the checks that every call meets, and its handler.
func (s *Server) handle(r *request) *response {
	for _, check := range []func(*request) *armError{s.checkOpen, s.checkToken, s.checkRoute, checkNames, checkVersion, s.checkAllowed, s.throttler.checkRate} {
		if err := check(r); err != nil {
			return err.response()
		}
	}
	res, err := r.route.handle(r)
	if err != nil {
		res = err.response()
		res.charge = noCharge
		if err.charged {
			res.charge = 1
		}
	}
	return res
}

func (s *Server) checkOpen(*request) *armError {
	if s.closed {
		return refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "The service is unavailable.").fromGateway()
	}
	return nil
}

func (s *Server) checkRoute(r *request) *armError {
	if r.route != nil {
		return nil
	}
	if r.queryValue("api-version") == "" {
		return missingVersion()
	}
	if err := s.methodRefused(r); err != nil {
		return err
	}
	parts := segments(r.path)
	if len(parts) > 0 && strings.EqualFold(parts[0], "subscriptions") {
		return refuse(http.StatusNotFound, "InvalidResourceType",
			"The resource type could not be found at '%s' for api version '%s'.", r.path, r.queryValue("api-version")).fromGateway()
	}
	return refuse(http.StatusNotFound, "NotFound", "No HTTP resource was found that matches the request URI '%s'.", r.path).fromGateway()
}

func missingVersion() *armError {
	return refuse(http.StatusBadRequest, "MissingApiVersionParameter",
		"The api-version query parameter (?api-version=) is required for all requests.").fromGateway()
}

func checkVersion(r *request) *armError {
	if r.route.public {
		return nil
	}
	r.version = apiVersion(strings.ToLower(r.queryValue("api-version")))
	if r.version == "" {
		return missingVersion()
	}
	if !r.version.valid() {
		return refuse(http.StatusBadRequest, "InvalidApiVersionParameter",
			"The api-version '%s' is invalid. The supported versions are '2020-06-01' and newer.", r.version).fromGateway()
	}
	if r.isCompute() && !r.version.since(oldestCompute) {
		return refuse(http.StatusBadRequest, "NoRegisteredProviderFound",
			"No registered resource provider found for API version '%s' for type 'virtualMachineScaleSets'. "+
				"The supported api-versions are '%s' and newer.", r.version, oldestCompute).fromGateway()
	}
	return nil
}

// ServeHTTP serves ARM and the token endpoint.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := readPatiently(w, r.Body)
	if err != nil {
		writeResponse(w, bodyRefused(err).response())
		return
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	res := s.call(s.newRequest(r.Method, r.URL, r.Header, body, scheme+r.Host))
	s.delay(r.Context().Done(), res)
	if res.reset {
		reset(w)
		return
	}
	writeResponse(w, res)
}

func bodyRefused(err error) *armError {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return refuse(http.StatusRequestEntityTooLarge, "RequestContentTooLarge",
			"The request content size exceeds the maximum size of '%d' bytes.", maxBody).fromGateway()
	}
	return invalidContent(err).fromGateway()
}

func (s *Server) newRequest(method string, u *url.URL, header http.Header, body []byte, base string) *request {
	if s.publicURL != "" {
		base = strings.TrimSuffix(s.publicURL, "/")
	}
	query, _ := url.ParseQuery(u.RawQuery) // what cannot be read is not there
	return &request{method: method, path: u.Path, query: query, header: header, body: body, base: base}
}

// reset drops the connection without an answer.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // how net/http wants an HTTP/2 stream to be reset
	}
	_ = conn.Close() // the client is to see an error, ours does not matter
}

func writeResponse(w http.ResponseWriter, res *response) {
	limitFetching(w)
	for name, values := range res.header {
		w.Header()[name] = values
	}
	body := res.bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(res.status)
	if res.truncate {
		body = body[:len(body)/2] // net/http drops the connection, since less came than was promised
	}
	_, _ = w.Write(body) // a client that went away is no concern of Azure's
	if res.sent != nil {
		res.sent()
	}
}

// delay holds an answer back. Where the clock is a manual one the call takes
// that long on it; nobody else could end the wait.
func (s *Server) delay(gone <-chan struct{}, res *response) {
	if res.delay <= 0 {
		return
	}
	if manual, ok := s.clock.(interface{ Advance(time.Duration) }); ok {
		manual.Advance(res.delay)
		return
	}
	timer := time.NewTimer(res.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-gone:
	}
}

// methodRefused is for a path that is served under other methods.
func (s *Server) methodRefused(r *request) *armError {
	var methods []string
	for method := range s.routes {
		if other, _ := s.routes.find(method, r.path); other != nil {
			methods = append(methods, method)
		}
	}
	if len(methods) == 0 {
		return nil
	}
	slices.Sort(methods)
	e := refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The HTTP method '%s' is not supported on the resource '%s'.", r.method, r.path)
	e.allow = strings.Join(methods, ", ")
	return e.fromGateway()
}
