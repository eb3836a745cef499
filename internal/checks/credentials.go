package checks

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Secrets reads one key of one Secret. The namespace is always the rollout's own: there is no way to declare another.
type Secrets interface {
	Secret(ctx context.Context, namespace, name, key string) ([]byte, error)
}

// SecretKey names a key of a Secret beside the rollout.
type SecretKey struct{ Name, Key string }

// Credentials say who asks. They are read anew for every measurement, so that a rotated Secret is followed. At most one is set.
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

// check refuses credentials that would travel in the clear, or that nobody could read.
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
func (c Credentials) header(ctx context.Context, secrets Secrets, namespace string) (http.Header, error) {
	h := http.Header{}
	switch {
	case c.Bearer != nil:
		token, err := read(ctx, secrets, namespace, *c.Bearer)
		if err != nil {
			return nil, err
		}
		h.Set("Authorization", "Bearer "+token)
	case c.Basic != nil:
		password, err := read(ctx, secrets, namespace, c.Basic.Password)
		if err != nil {
			return nil, err
		}
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.Basic.User+":"+password)))
	}
	return h, nil
}

func read(ctx context.Context, secrets Secrets, namespace string, k SecretKey) (string, error) {
	content, err := secrets.Secret(ctx, namespace, k.Name, k.Key)
	text := strings.TrimSpace(string(content))
	switch {
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
