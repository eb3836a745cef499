package azuresim

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
)

// transport calls the simulator without sockets.
type transport struct{ server *Server }

// Transport is a round tripper that answers in process: requests reach the
// simulator whatever host they name.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		read, err := io.ReadAll(io.LimitReader(r.Body, arm.MaxBody+1))
		if closeErr := r.Body.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return nil, fmt.Errorf("reading the request's body: %w", err)
		}
		body = read
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	var res *arm.Response
	if len(body) > arm.MaxBody {
		res = bodyRefused(&http.MaxBytesError{Limit: arm.MaxBody}).Response()
	} else {
		res = t.server.call(t.server.newRequest(r.Method, r.URL, r.Header, body, r.URL.Scheme+"://"+host))
	}
	t.server.delay(r.Context().Done(), res)
	if res.Reset {
		return nil, fmt.Errorf("azuresim: read: %w", syscall.ECONNRESET)
	}
	return httpResponse(res, r), nil
}

func httpResponse(res *arm.Response, r *http.Request) *http.Response {
	body := res.Bytes()
	length := len(body)
	var reader io.Reader = bytes.NewReader(body)
	if r.Method == http.MethodHead {
		reader = http.NoBody
	} else if res.Truncate {
		reader = io.MultiReader(bytes.NewReader(body[:length/2]), brokenReader{})
	}
	res.Header.Set("Content-Length", strconv.Itoa(length))
	return &http.Response{
		Status: strconv.Itoa(res.Status) + " " + http.StatusText(res.Status), StatusCode: res.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: res.Header, Body: &answered{Reader: reader, sent: res.Sent}, ContentLength: int64(length), Request: r,
	}
}

// answered is the body of an answer; its buffer is used again once it is closed.
type answered struct {
	io.Reader
	sent func() // nil: there is nothing to use again
}

func (a *answered) Close() error {
	if a.sent != nil {
		a.Reader = http.NoBody
		a.sent()
		a.sent = nil
	}
	return nil
}

// brokenReader takes the place of the part of a body that did not arrive.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
