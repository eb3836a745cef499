//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	// version is the Kubernetes built from source; hack/k8s/go.mod pins its modules.
	version = "v1.37.2"
	// readyVersions are the versions that setup-envtest may fetch instead: any patch of the same minor, since its index doesn't carry them
	// all.
	readyVersions = "1.37.x"
	// readyLimit bounds the attempt to fetch, so that a host whose network drops packets silently starts to build soon. It isn't the time
	// of a whole download over a slow line: where that takes longer, the build serves.
	readyLimit = 20 * time.Second
)

// digest names a set of binaries by everything that decides what they are.
func digest(src string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH, ldflags())
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		data, err := os.ReadFile(filepath.Join(src, name))
		if err != nil {
			return "", fmt.Errorf("reading the sources of hack/k8s: %w", err)
		}
		fmt.Fprintln(h, name, len(data))
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// complete reports whether dir holds all binaries. It appears under its name only when finished; the check is for caches that were cleaned
// by file age.
func complete(dir string) bool {
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// provide fills dir and says where the binaries came from.
func provide(ctx context.Context, root, dir string, source bool) (string, error) {
	cache := filepath.Dir(dir)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("making the cache: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(cache, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if complete(dir) {
		return "cache, filled meanwhile", nil
	}
	stage, err := newStage(cache)
	if err != nil {
		return "", err
	}
	defer discard(stage)
	origin, err := fill(ctx, root, stage, source)
	if err != nil {
		return "", err
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("clearing %s: %w", dir, err)
	}
	if err := os.Rename(filepath.Join(stage, "out"), dir); err != nil {
		return "", fmt.Errorf("storing the binaries: %w", err)
	}
	return origin, nil
}

// lock holds path for this process until the returned function is called; the
// kernel lets go of it when the process dies.
func lock(ctx context.Context, path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking the cache: %w", err)
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		return func() { f.Close() }, nil
	}
	fmt.Println("getk8s: waiting for another getk8s to finish")
	got := make(chan error)
	go func() {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		for errors.Is(err, syscall.EINTR) {
			err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		}
		select {
		case got <- err:
		case <-ctx.Done():
			f.Close()
		}
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("locking the cache: %w", ctx.Err())
	case err := <-got:
		if err != nil {
			return nil, fmt.Errorf("locking the cache: %w", errors.Join(err, f.Close()))
		}
		return func() { f.Close() }, nil
	}
}

// newStage makes a folder to work in beside the final one, and removes those
// that killed runs left; the caller holds the lock.
func newStage(cache string) (string, error) {
	old, err := filepath.Glob(filepath.Join(cache, "stage-*"))
	if err != nil {
		return "", fmt.Errorf("clearing the cache: %w", err)
	}
	for _, dir := range old {
		discard(dir)
	}
	stage, err := os.MkdirTemp(cache, "stage-")
	if err != nil {
		return "", fmt.Errorf("making a folder to build in: %w", err)
	}
	if err := os.Mkdir(filepath.Join(stage, "out"), 0o755); err != nil {
		return "", fmt.Errorf("making a folder to build in: %w", err)
	}
	return stage, nil
}

// discard removes a stage. setup-envtest leaves folders in it that not even their owner may write to. A folder that can't be removed is
// reported, and does no harm.
func discard(stage string) {
	err := filepath.WalkDir(stage, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return err
	})
	if err := errors.Join(err, os.RemoveAll(stage)); err != nil {
		fmt.Printf("getk8s: %s stays: %v\n", stage, err)
	}
}

// fill puts the binaries in stage/out, fetched if possible, built otherwise.
func fill(ctx context.Context, root, stage string, source bool) (string, error) {
	if !source {
		origin, err := fetch(ctx, root, stage)
		if err == nil {
			return origin, nil
		}
		if ctx.Err() != nil {
			return "", err
		}
		fmt.Printf("getk8s: no ready binaries (%v)\n", err)
	}
	return build(ctx, root, stage)
}

// fetch lets setup-envtest download and verify the binaries.
func fetch(ctx context.Context, root, stage string) (string, error) {
	tool := filepath.Join(stage, "setup-envtest")
	if _, err := output(ctx, root, nil, "go", "build", "-modfile="+filepath.Join("hack", "tools", "go.mod"),
		"-o", tool, "sigs.k8s.io/controller-runtime/tools/setup-envtest"); err != nil {
		return "", fmt.Errorf("building setup-envtest: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	from, err := output(limited, root, nil, tool, "use", readyVersions, "-p", "path", "--bin-dir", filepath.Join(stage, "envtest"))
	if limited.Err() != nil {
		return "", fmt.Errorf("running setup-envtest: no answer within %s", readyLimit)
	}
	if err != nil {
		return "", fmt.Errorf("running setup-envtest: %w", err)
	}
	out := filepath.Join(stage, "out")
	for _, name := range names {
		if err := copyProgram(filepath.Join(from, name), filepath.Join(out, name)); err != nil {
			return "", err
		}
	}
	got, err := output(ctx, out, nil, filepath.Join(out, "kube-apiserver"), "--version")
	if err != nil {
		return "", fmt.Errorf("trying the fetched kube-apiserver: %w", err)
	}
	return "fetched by setup-envtest, " + got, nil
}

// build makes one binary of hack/k8s and the three names for it.
func build(ctx context.Context, root, stage string) (string, error) {
	fmt.Printf("getk8s: building Kubernetes %s and etcd from source, once for this computer (about five minutes on two cores)\n", version)
	start := time.Now()
	out := filepath.Join(stage, "out")
	env := []string{"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off"}
	if _, err := output(ctx, filepath.Join(root, "hack", "k8s"), env, "go", "build", "-mod=readonly", "-trimpath",
		"-buildvcs=false", "-ldflags", ldflags(), "-o", filepath.Join(out, "k8s"), "."); err != nil {
		return "", fmt.Errorf("building hack/k8s: %w", err)
	}
	for _, name := range names {
		if err := os.Symlink("k8s", filepath.Join(out, name)); err != nil {
			return "", fmt.Errorf("naming %s: %w", name, err)
		}
	}
	got, err := output(ctx, out, nil, filepath.Join(out, "kube-apiserver"), "--version")
	if err != nil {
		return "", fmt.Errorf("trying the built kube-apiserver: %w", err)
	}
	return fmt.Sprintf("built from source in %s, %s", time.Since(start).Round(time.Second), got), nil
}

// ldflags strip the binary and set the versions that Kubernetes' own build sets.
func ldflags() string {
	flags := []string{"-s", "-w"}
	minor := strings.Split(version, ".")[1]
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags = append(flags,
			"-X "+pkg+".gitVersion="+version, "-X "+pkg+".gitMajor=1",
			"-X "+pkg+".gitMinor="+minor, "-X "+pkg+".gitTreeState=clean")
	}
	return strings.Join(flags, " ")
}

// output runs a command and returns its trimmed standard output; its standard
// error becomes part of the error. When ctx ends it is interrupted, so that
// the go command stops its compilers, and killed if that doesn't help. It runs
// niced, where there is nice, so that an editor and other builds go first.
func output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	if nice, err := exec.LookPath("nice"); err == nil {
		name, args = nice, append([]string{"-n", "10", name}, args...)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, tail(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}

// tail is the end of what a command said, short enough for an error.
func tail(text string) string {
	const most = 2000
	text = strings.TrimSpace(text)
	if len(text) > most {
		text = "…" + text[len(text)-most:]
	}
	return text
}

// copyProgram copies an executable.
func copyProgram(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copying %s: %w", filepath.Base(to), err)
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return fmt.Errorf("copying %s: %w", filepath.Base(to), err)
	}
	if _, err := io.Copy(dst, src); err != nil {
		return fmt.Errorf("copying %s: %w", filepath.Base(to), errors.Join(err, dst.Close()))
	}
	if err := dst.Close(); err != nil {
		return fmt.Errorf("copying %s: %w", filepath.Base(to), err)
	}
	return nil
}
