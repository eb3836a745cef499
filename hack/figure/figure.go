// Package figure prints measured figures, so that what a document quotes is what a run measured.
package figure

import (
	"fmt"
	"os"
	"testing"
)

// File is the environment variable that names the file to which figures are added. A make target sets it, and prints the file at
// its end: what a passing test prints is otherwise not shown.
const File = "FIGURES_FILE"

// Record notes one figure, measured in this very run.
func Record(t testing.TB, name string, value any) {
	t.Helper()
	t.Logf("figure: %s %v", name, value)
	path := os.Getenv(File)
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatalf("recording figure %s: %v", name, err)
	}
	if _, err := fmt.Fprintf(f, "figure: %s %v\n", name, value); err != nil {
		t.Fatalf("recording figure %s: %v", name, err)
	}
	if err := f.Close(); err != nil {
		t.Fatalf("recording figure %s: %v", name, err)
	}
}
