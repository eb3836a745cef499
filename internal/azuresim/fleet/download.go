package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"syscall"
	"time"
)

const (
	maxDownload     = 1 << 20 // bytes; scripts are small
	downloadTimeout = 30 * time.Second
)

// downloads fetches the files of scripts, as the extension in an instance would.
type downloads struct{ client *http.Client }

// newDownloads asks allowed for each address it is about to connect to, after names are resolved and for redirects too. It uses no
// proxy, since a proxy's address would be all there is to ask about.
func newDownloads(allowed func(netip.AddrPort) bool) downloads {
	dialer := &net.Dialer{
		Timeout: downloadTimeout,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if !allowed(netip.AddrPortFrom(to.Addr().Unmap(), to.Port())) {
				return fmt.Errorf("downloads from %v are not allowed", to)
			}
			return nil
		},
	}
	return downloads{client: &http.Client{
		Timeout:   downloadTimeout,
		Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true},
	}}
}

// get returns a file's name, the last part of the URI's path, and its content. Errors leave out the query, which may hold a signature.
func (d downloads) get(ctx context.Context, uri string) (string, []byte, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return "", nil, errors.New("a script URI does not parse")
	}
	shown := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	name := path.Base(u.Path)
	if name == "." || name == ".." || name == "/" {
		return "", nil, fmt.Errorf("downloading %s: its path names no file", shown)
	}
	content, err := d.fetch(ctx, uri)
	if err != nil {
		return "", nil, fmt.Errorf("downloading %s: %w", shown, err)
	}
	return name, content, nil
}

func (d downloads) fetch(ctx context.Context, uri string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, err
	}
	response, err := d.client.Do(request)
	if err != nil {
		return nil, reason(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxDownload+1))
	if err != nil {
		return nil, reason(ctx, err)
	}
	if len(content) > maxDownload {
		return nil, fmt.Errorf("more than %d bytes", maxDownload)
	}
	return content, nil
}

// reason takes the URI out of the client's error, and returns the cause if the download was ended from outside.
func reason(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
