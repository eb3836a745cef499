package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxBody is the number of bytes that are read of an answer: a health page has bytes, a query for one number some hundred.
	maxBody = 1 << 20
	// maxHeader bounds status line and headers of an answer.
	maxHeader = 64 << 10
	// defaultTimeout is for the whole call: name, connection, handshake, request, answer.
	defaultTimeout = 10 * time.Second
	// maxTimeout keeps a slow endpoint from holding a worker for long.
	maxTimeout = time.Minute
	// defaultPerEndpoint is a number of calls that one small server tolerates without noticing.
	defaultPerEndpoint = 8
)

// Options of a Client. The zero value is a client that reaches the public internet only.
type Options struct {
	Allow       AllowList
	Resolver    Resolver // nil: the system's
	Dial        Dial     // nil: the network; tests stand in for it
	PerEndpoint int      // calls to one host and port at once; 0: 8
}

// Client makes guarded calls. It is safe for concurrent use and holds no connection between calls: a thousand instances are asked
// in turn, each rarely, and idle connections to them would only cost memory and be judged too long ago.
type Client struct {
	allow    AllowList
	resolver Resolver
	dial     Dial
	limiter  *hostLimiter
}

// New makes a client.
func New(o Options) *Client {
	c := &Client{allow: o.Allow, resolver: o.Resolver, dial: o.Dial}
	if c.resolver == nil {
		c.resolver = net.DefaultResolver
	}
	if c.dial == nil {
		c.dial = network(o.Allow)
	}
	most := o.PerEndpoint
	if most <= 0 {
		most = defaultPerEndpoint
	}
	c.limiter = &hostLimiter{most: most, busy: map[target]*hostLimit{}}
	return c
}

// TLS says how an endpoint proves who it is. There is no way not to ask.
type TLS struct {
	CA         []byte // PEM; instead of the system's authorities
	ServerName string // the name that the certificate is for; "": the host of the URL
}

// Request is one call.
type Request struct {
	Method  string // "": GET
	URL     string
	Host    string // the Host header; "": that of the URL
	Header  http.Header
	Body    []byte
	TLS     TLS
	Timeout time.Duration // for the whole call; 0: 10 s; at most a minute
	// StatusOnly leaves the answer's body unread, so that a call that was answered has been answered, whatever comes after the status.
	StatusOnly bool
}

// Response is an endpoint's answer, whatever its status. A redirect is an answer like any other.
type Response struct {
	Status int
	Body   []byte
}

// Do makes a call. Its error is always a *Problem.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	ctx, cancel := context.WithTimeout(ctx, bounded(r.Timeout))
	defer cancel()
	call, err := c.callOf(ctx, r)
	if err != nil {
		return Response{}, err
	}
	client, err := c.HTTP(r.TLS)
	if err != nil {
		return Response{}, err
	}
	answer, err := client.Do(call)
	if err != nil {
		return Response{}, ProblemOf(err)
	}
	defer answer.Body.Close()
	if r.StatusOnly {
		return Response{Status: answer.StatusCode}, nil
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return Response{}, ProblemOf(err)
	}
	return Response{Status: answer.StatusCode, Body: body}, nil
}

func bounded(timeout time.Duration) time.Duration {
	if timeout <= 0 {
		return defaultTimeout
	}
	return min(timeout, maxTimeout)
}

// callOf makes the request of net/http. A URL that cannot be read is not quoted: it may hold a token.
func (c *Client) callOf(ctx context.Context, r Request) (*http.Request, error) {
	if err := CheckURL(r.URL); err != nil {
		return nil, err
	}
	if p := judgeHeaders(r.Header); p != nil {
		return nil, p
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	call, err := http.NewRequestWithContext(ctx, method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, refused("the method is not one of HTTP")
	}
	if r.Header != nil {
		call.Header = r.Header.Clone()
	}
	if r.Host != "" {
		if err := CheckURL("http://" + r.Host + "/"); err != nil || strings.ContainsAny(r.Host, "/?#") {
			return nil, refused("a Host header is a host, and perhaps a port")
		}
		call.Host = r.Host
	}
	return call, nil
}

// CheckURL refuses a URL that would never be called, without calling it. It is for refusing a declaration early; addresses are judged at
// dial.
func CheckURL(text string) error {
	if len(text) > maxURL {
		return refused("a URL has at most %d bytes", maxURL)
	}
	u, err := url.Parse(text)
	if err != nil {
		return refused("the URL cannot be read")
	}
	if _, p := targetOf(u); p != nil {
		return p
	}
	return nil
}

// HTTP is a guarded client for libraries that ask for one of net/http. It follows no redirects. Errors of what it is used by are to
// be put through ProblemOf, since net/http adds the whole URL to them.
func (c *Client) HTTP(t TLS) (*http.Client, error) {
	config, err := t.config()
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Timeout:       maxTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &guard{client: c, transport: &http.Transport{
			Proxy:                  nil, // said aloud: never the environment's
			DialContext:            c.connect,
			TLSClientConfig:        config,
			DisableKeepAlives:      true,
			DisableCompression:     true, // so that the bytes that are counted are those that were sent
			MaxResponseHeaderBytes: maxHeader,
		}},
	}, nil
}

// Check refuses settings with which no endpoint can be asked, without asking one. It is for refusing a declaration early.
func (t TLS) Check() error {
	_, err := t.config()
	return err
}

func (t TLS) config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if len(t.CA) == 0 {
		return config, nil
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(t.CA) {
		return nil, refused("the certificate authority is not PEM")
	}
	return config, nil
}

// guard judges every request and bounds its answer.
type guard struct {
	client    *Client
	transport *http.Transport
}

// RoundTrip makes one call.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	to, p := targetOf(r.URL)
	if p != nil {
		return nil, errors.Join(p, closed(r))
	}
	leave, err := g.client.limiter.enter(r.Context(), to)
	if err != nil {
		return nil, errors.Join(classify(err, to.String()), closed(r))
	}
	answer, err := g.transport.RoundTrip(r)
	if err != nil {
		leave()
		return nil, classify(err, to.String())
	}
	left := int64(maxBody)
	if answer.ContentLength > maxBody {
		left = -1
	}
	answer.Body = &boundedBody{from: answer.Body, left: left, endpoint: to.String(), leave: leave}
	if answer.StatusCode == http.StatusSwitchingProtocols {
		p := &Problem{Kind: KindBadAnswer, Message: to.String() + " answered in another protocol"}
		return nil, errors.Join(p, answer.Body.Close())
	}
	return answer, nil
}

// closed closes the body of a request that is not sent, as a RoundTripper must.
func closed(r *http.Request) error {
	if r.Body == nil {
		return nil
	}
	return r.Body.Close()
}
