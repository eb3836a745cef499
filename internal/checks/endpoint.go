package checks

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
)

// endpoint is a server that a declaration names by a URL.
type endpoint struct {
	use         grant.Use
	URL         string
	TLS         outbound.TLS
	Credentials Credentials
	Timeout     time.Duration
}

// check says what is wrong with a declaration.
func (e endpoint) check(p Ports) error {
	if p.Outbound == nil {
		return errors.New("nothing makes calls here")
	}
	if err := outbound.CheckURL(e.URL); err != nil {
		return err
	}
	u, err := url.Parse(e.URL)
	if err != nil {
		return errors.New("the URL cannot be read")
	}
	if err := e.TLS.Check(); err != nil {
		return err
	}
	return e.Credentials.check(u.Scheme, p)
}

// post tells the endpoint something. Of the answer only the status is read.
func (e endpoint) post(ctx context.Context, p Ports, namespace string, header http.Header, told any) (status int, err error) {
	all, err := e.Credentials.header(ctx, p.Secrets, namespace, grant.Request{Use: e.use, Host: outbound.HostOf(e.URL)})
	if err != nil {
		return 0, err
	}
	for name, values := range header {
		all[name] = values
	}
	all.Set("Content-Type", "application/json")
	body, err := json.Marshal(told)
	if err != nil {
		return 0, errors.New("the payload cannot be written")
	}
	answer, err := p.Outbound.Do(ctx, outbound.Request{
		Method: http.MethodPost, URL: e.URL, Header: all, Body: body, TLS: e.TLS, Timeout: e.Timeout, StatusOnly: true,
	})
	return answer.Status, err
}
