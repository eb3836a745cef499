package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestListensOnLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "example.com:80", "nonsense"} {
		for _, name := range []string{"--listen", "--control-listen"} {
			if _, err := parse([]string{name, address}, io.Discard); err == nil {
				t.Errorf("%s %s was taken", name, address)
			}
		}
	}
	if _, err := parse([]string{"--listen", "[::1]:0", "--control-listen", "127.0.0.2:0"}, io.Discard); err != nil {
		t.Error(err)
	}
}

// The binary says where it is, serves HTTPS that ca.pem vouches for, and ends cleanly.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready.json")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"--ready-file", ready, "--tls-dir", filepath.Join(dir, "tls"), "--rate", "100"}, io.Discard, io.Discard)
	}()
	where := waitFor(t, ready, done)
	ca, err := os.ReadFile(filepath.Join(dir, "tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	for url, want := range map[string]int{
		where["arm"] + "/subscriptions?api-version=2020-01-01": http.StatusUnauthorized,
		where["control"] + "/calls":                            http.StatusOK,
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s = %d, want %d", url, res.StatusCode, want)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// The version is printed without anything being served.
func TestVersion(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"--version"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "azuresim dev\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// waitFor reads the ready file once it is there.
func waitFor(t *testing.T, path string, done <-chan error) map[string]string {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			t.Fatalf("it ended: %v", err)
		case <-deadline:
			t.Fatal("it does not get ready")
		case <-tick.C:
		}
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		var where map[string]string
		if err := json.Unmarshal(text, &where); err != nil {
			t.Fatal(err)
		}
		return where
	}
}
