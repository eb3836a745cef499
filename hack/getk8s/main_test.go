//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// write makes a file with its folders.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestDigestFollowsTheSources(t *testing.T) {
	src := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		write(t, filepath.Join(src, name), name)
	}
	first, err := digest(src)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := digest(src); err != nil || again != first {
		t.Errorf("digest of the same sources = %q, %v, want %q", again, err, first)
	}
	write(t, filepath.Join(src, "main.go"), "changed")
	if changed, err := digest(src); err != nil || changed == first {
		t.Errorf("digest of changed sources = %q, %v, want another than %q", changed, err, first)
	}
	if err := os.Remove(filepath.Join(src, "go.sum")); err != nil {
		t.Fatal(err)
	}
	if _, err := digest(src); err == nil {
		t.Error("digest without go.sum succeeds, want an error")
	}
}

// TestRunUsesTheCache holds that a second clone links to the binaries that are
// there and builds nothing, and that a stale link is replaced.
func TestRunUsesTheCache(t *testing.T) {
	clone, cache := t.TempDir(), t.TempDir()
	src := filepath.Join(clone, "hack", "k8s")
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		write(t, filepath.Join(src, name), name)
	}
	key, err := digest(src)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		write(t, filepath.Join(cache, "vmss-rollouts", "k8s", key, name), name)
	}
	write(t, filepath.Join(clone, "bin", "k8s", "etcd"), "stale")
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Chdir(src)

	if err := run(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		got, err := os.ReadFile(filepath.Join(clone, "bin", "k8s", name))
		if err != nil || string(got) != name {
			t.Errorf("bin/k8s/%s holds %q, %v, want the cached program", name, got, err)
		}
	}
	left, err := filepath.Glob(filepath.Join(clone, "bin", "k8s", ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("bin/k8s keeps %v, %v, want nothing but the links", left, err)
	}
}

func TestLockWaitsForItsHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lock(cancelled, path); !errors.Is(err, context.Canceled) {
		t.Errorf("lock of a held file, cancelled = %v, want %v", err, context.Canceled)
	}
	unlock()
	if unlock, err = lock(t.Context(), path); err != nil {
		t.Fatalf("lock of a file let go of = %v, want success", err)
	}
	unlock()
}

func TestNewStageClearsWhatKilledRunsLeft(t *testing.T) {
	cache := t.TempDir()
	write(t, filepath.Join(cache, "stage-123", "envtest", "etcd"), "half")
	if err := os.Chmod(filepath.Join(cache, "stage-123", "envtest"), 0o555); err != nil {
		t.Fatal(err)
	}
	stage, err := newStage(cache)
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob(filepath.Join(cache, "*"))
	if err != nil || len(all) != 1 || all[0] != stage {
		t.Errorf("the cache holds %v, %v, want %s alone", all, err, stage)
	}
}
