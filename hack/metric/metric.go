// Package metric prints measured figures, so that the figures in a document come from a run.
package metric

import (
	"fmt"
	"os"
	"testing"
)

// File is the environment variable that names the file to which figures are added. A make target sets it, and prints the file at
// its end: what a passing test prints is otherwise not shown.
const File = "FIGURES_FILE"

// Deep reports whether the tests run at their full length, as make test-deep asks for. Else the long ones try a sample.
func Deep() bool { return os.Getenv("TEST_DEEP") != "" }

// Record notes one figure, measured in this very run.
func Record(t testing.TB, name string, value any) {
	t.Helper()
	record(t, fmt.Sprintf("figure: %s %v", name, value))
}

// Fault notes, once the test has passed, that it covers the numbered fault of docs/design/0009-faults.md. A make target counts the faults
// that are noted in its run.
func Fault(t testing.TB, number int) {
	t.Helper()
	t.Cleanup(func() {
		if !t.Failed() && !t.Skipped() {
			record(t, fmt.Sprintf("fault: %d %s", number, t.Name()))
		}
	})
}

// record adds one line to the file of figures, if a make target asks for one.
func record(t testing.TB, line string) {
	t.Helper()
	t.Log(line)
	path := os.Getenv(File)
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatalf("recording %q: %v", line, err)
	}
	if _, err := fmt.Fprintln(f, line); err != nil {
		t.Fatalf("recording %q: %v", line, err)
	}
	if err := f.Close(); err != nil {
		t.Fatalf("recording %q: %v", line, err)
	}
}
