package checks

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Secrets reads one key of one Secret, if that allows the use that is asked for; else the error is a *rollout.Problem that says how to
// allow it. The namespace is always the rollout's own: there is no way to declare another.
type Secrets interface {
	Secret(ctx context.Context, namespace, key string, q grant.Request) ([]byte, error)
}

// SecretKey names a key of a Secret beside the rollout.
type SecretKey struct{ Name, Key string }

// Credentials identify the caller. They are read again for every measurement, so that a rotated Secret is followed. At most one is set.
type Credentials struct {
	Bearer *SecretKey
	Basic  *Basic
}

// Basic is a user name with a password out of a Secret.
type Basic struct {
	User     string
	Password SecretKey
}

func (c Credentials) isEmpty() bool { return c.Bearer == nil && c.Basic == nil }

// check refuses credentials that would travel in the clear, or that cannot be read.
func (c Credentials) check(scheme string, p Ports) error {
	switch {
	case c.isEmpty():
		return nil
	case c.Bearer != nil && c.Basic != nil:
		return errors.New("credentials are bearer or basic, not both")
	case scheme != "https":
		return errors.New("credentials are sent over https only")
	case p.Secrets == nil:
		return errors.New("nothing reads Secrets here")
	default:
		return nil
	}
}

// header reads the Secret. Its errors name the Secret and the key, never what is in them nor what a library says about it.
func (c Credentials) header(ctx context.Context, secrets Secrets, namespace string, q grant.Request) (http.Header, error) {
	h := http.Header{}
	switch {
	case c.Bearer != nil:
		token, err := read(ctx, secrets, namespace, *c.Bearer, q)
		if err != nil {
			return nil, err
		}
		h.Set("Authorization", "Bearer "+token)
	case c.Basic != nil:
		password, err := read(ctx, secrets, namespace, c.Basic.Password, q)
		if err != nil {
			return nil, err
		}
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.Basic.User+":"+password)))
	}
	return h, nil
}

func read(ctx context.Context, secrets Secrets, namespace string, k SecretKey, q grant.Request) (string, error) {
	q.Secret = k.Name
	content, err := secrets.Secret(ctx, namespace, k.Key, q)
	text := strings.TrimSpace(string(content))
	var refused *rollout.Problem
	switch {
	case errors.As(err, &refused):
		return "", errors.New(told(refused))
	case err != nil:
		return "", fmt.Errorf("key %q of Secret %q cannot be read", k.Key, k.Name)
	case text == "":
		return "", fmt.Errorf("key %q of Secret %q is empty", k.Key, k.Name)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", fmt.Errorf("key %q of Secret %q is not one line of text", k.Key, k.Name)
	default:
		return text, nil
	}
}

// signed adds a header to every request of a library.
type signed struct {
	header http.Header
	next   http.RoundTripper
}

// RoundTrip sends a copy: a RoundTripper does not change what it is given.
func (s signed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, values := range s.header {
		r.Header[name] = values
	}
	return s.next.RoundTrip(r)
}

// request returns the credentials' request for their Secret, false for none.
func (c Credentials) request(q grant.Request) (grant.Request, bool) {
	switch {
	case c.Bearer != nil:
		q.Secret = c.Bearer.Name
	case c.Basic != nil:
		q.Secret = c.Basic.Password.Name
	}
	return q, q.Secret != ""
}

// Request returns the request of a probe's credentials for their Secret, false for none. A check of an instance sends them to its address,
// which is known only at that time.
func (s Spec) Request() (grant.Request, bool) {
	switch {
	case s.HTTP != nil:
		q := grant.Request{Use: grant.Check, Instances: true, Port: s.HTTP.Port}
		if s.HTTP.Via == ViaNAT {
			q.Port = 0
		}
		return s.HTTP.Credentials.request(q)
	case s.Prometheus != nil:
		return s.Prometheus.Credentials.request(grant.Request{Use: grant.Check, Host: outbound.HostOf(s.Prometheus.URL)})
	case s.Webhook != nil:
		return s.Webhook.Credentials.request(grant.Request{Use: grant.Check, Host: outbound.HostOf(s.Webhook.URL)})
	}
	return grant.Request{}, false
}

// Request returns the request of a hook's credentials for their Secret, false for none.
func (h Hook) Request() (grant.Request, bool) {
	return h.Credentials.request(grant.Request{Use: grant.Hook, Host: outbound.HostOf(h.URL)})
}
