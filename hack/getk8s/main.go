//go:build unix

// Command getk8s provides bin/k8s/{etcd,kube-apiserver,kubectl}: the binaries of
// the local control plane that tests, demo and benchmark run against.
//
// They are kept in the user's cache, under the digest of what they are made
// from, and bin/k8s links there: a second clone, or a clean one, costs nothing.
// The first time they are fetched ready-made by setup-envtest; where that is not
// possible they are built from the Go modules of hack/k8s, which takes minutes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// names are the programs provided, as envtest expects them in KUBEBUILDER_ASSETS.
var names = []string{"etcd", "kube-apiserver", "kubectl"}

func main() {
	source := flag.Bool("source", false, "build from source, don't look for ready binaries")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *source); err != nil {
		fmt.Fprintf(os.Stderr, "getk8s: %v\n", err)
		os.Exit(1)
	}
}

// run finds or makes the binaries and links bin/k8s to them.
func run(ctx context.Context, source bool) error {
	root, err := repoRoot()
	if err != nil {
		return err
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	key, err := digest(filepath.Join(root, "hack", "k8s"))
	if err != nil {
		return err
	}
	dir := filepath.Join(cache, key)
	origin := "cache"
	if !complete(dir) {
		if origin, err = provide(ctx, root, dir, source); err != nil {
			return err
		}
	}
	bin := filepath.Join(root, "bin", "k8s")
	if err := link(dir, bin); err != nil {
		return err
	}
	fmt.Printf("bin/k8s: %s (%s)\n", dir, origin)
	return nil
}

// repoRoot is the folder above the working directory that holds hack/k8s.
func repoRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "hack", "k8s", "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("finding the repository: run getk8s inside it")
		}
	}
}

// cacheDir is where binaries are kept between clones.
func cacheDir() (string, error) {
	base := os.Getenv("XDG_CACHE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("finding the cache: %w", err)
		}
		base = filepath.Join(home, ".cache")
	}
	return filepath.Join(base, "vmss-rollouts", "k8s"), nil
}

// link makes bin name every program in dir, each link replaced in one step so
// that a test starting meanwhile sees the old one or the new one.
func link(dir, bin string) error {
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return fmt.Errorf("linking bin/k8s: %w", err)
	}
	for _, name := range names {
		fresh := filepath.Join(bin, fmt.Sprintf(".%s.%d", name, os.Getpid()))
		if err := os.Symlink(filepath.Join(dir, name), fresh); err != nil {
			return fmt.Errorf("linking bin/k8s: %w", err)
		}
		if err := os.Rename(fresh, filepath.Join(bin, name)); err != nil {
			return fmt.Errorf("linking bin/k8s: %w", errors.Join(err, os.Remove(fresh)))
		}
	}
	return nil
}
