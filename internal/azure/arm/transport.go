package arm

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// NewTransport returns a transport that lets no answer be longer than it may. It carries requests by the given one; nil: by one of its own,
// which follows no redirects.
func NewTransport(carrier policy.Transporter) Transport {
	if carrier == nil {
		carrier = newHTTPClient()
	}
	return Transport{carrier}
}

// newHTTPClient returns a client that follows no redirects: ARM sends none, and a followed one could carry our token elsewhere.
func newHTTPClient() *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           dialer.DialContext,
			ForceAttemptHTTP2:     true,
			MaxIdleConns:          100,
			MaxIdleConnsPerHost:   10,
			IdleConnTimeout:       90 * time.Second,
			TLSHandshakeTimeout:   10 * time.Second,
			ExpectContinueTimeout: time.Second,
			// Of an answer's headers; net/http would take ten times as much.
			MaxResponseHeaderBytes: 1 << 20,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		},
	}
}
