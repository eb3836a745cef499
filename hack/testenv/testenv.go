// Package testenv starts what demo and walkthrough are played with, as processes of their own that end with the program that
// started them: the Azure simulator, the manager, a store of scripts. Everything listens on loopback.
package testenv

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/subprocess"
)

const (
	// StopGrace is how long a process may take to end by itself.
	StopGrace = 5 * time.Second
	// startLimit is long enough for two busy cores; an idle host needs a second.
	startLimit = time.Minute
)

// direct is an HTTP client that uses no proxy, and a new connection for each request: load balancers choose per connection.
var direct = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// RepoRoot is the nearest folder, from the working directory upwards, that holds a file of the repository.
func RepoRoot(file ...string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(append([]string{at}, file...)...)); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("finding the repository: %s is not in it", dir)
		}
	}
}

// Build builds a package of the repository. The go command stops its compilers and removes what it left when ctx ends.
func Build(ctx context.Context, root, tmp, program, pkg string) error {
	// No -trimpath: what `go run` and `go test` have compiled already is compiled the same way here.
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", program, pkg)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "TMPDIR="+tmp)
	cmd.Cancel = func() error { return subprocess.Interrupt(cmd.Process.Pid) }
	cmd.WaitDelay = StopGrace
	if out, err := RunQuietly(cmd); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// RunQuietly runs a command to its end and returns what it printed.
func RunQuietly(cmd *exec.Cmd) (string, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := subprocess.Run(cmd)
	return strings.TrimSpace(out.String()), err
}

// Visit gets a page.
func Visit(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := direct.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return strings.TrimSpace(string(text)), nil
}

// FreeAddress returns an address of the host at which no program listens.
func FreeAddress(host string) (string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
