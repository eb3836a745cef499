package subprocess

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

// patience is how long anything may take on a busy host.
const patience = time.Minute

// startShell starts a shell script, which may write to the returned pipe as its descriptor 3. The pipe ends when the script and all it
// started have ended.
func startShell(t *testing.T, script string) (*Child, *bufio.Reader) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	// A script that does not end fails the test; it does not hang it.
	if err := r.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.ExtraFiles = []*os.File{w}
	c, err := Start(cmd, filepath.Join(t.TempDir(), "log"))
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Stop(0) })
	return c, bufio.NewReader(r)
}

func readLine(t *testing.T, r *bufio.Reader) {
	t.Helper()
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
}

// readEnd waits until no process holds the pipe any more.
func readEnd(t *testing.T, r *bufio.Reader) {
	t.Helper()
	if line, err := r.ReadString('\n'); !errors.Is(err, io.EOF) {
		t.Errorf("got %q, %v instead of the end", line, err)
	}
}

func TestStop(t *testing.T) {
	for name, tc := range map[string]struct {
		script string
		gone   bool // before it is stopped
		grace  time.Duration
		log    string
	}{
		// The inner shell says that it is up: a signal that meets it between fork and exec is lost with the outer one's traps.
		"by itself": {"trap 'kill $!; echo bye; exit' TERM; sh -c 'echo up >&3; exec tail -f /dev/null' & wait", false, patience, "bye"},
		"made to":   {"trap '' TERM; echo up >&3; exec tail -f /dev/null", false, 0, ""},
		"gone":      {"echo up >&3; echo gone", true, patience, "gone"},
	} {
		t.Run(name, func(t *testing.T) {
			c, out := startShell(t, tc.script)
			readLine(t, out)
			if tc.gone {
				readEnd(t, out)
			}
			c.Stop(tc.grace)
			c.Stop(tc.grace)
			if got := c.Tail(1); got != tc.log {
				t.Errorf("the log ends with %q, want %q", got, tc.log)
			}
			readEnd(t, out)
		})
	}
}

func TestAwait(t *testing.T) {
	notYet := errors.New("not yet")
	never := func(context.Context) error { return notYet }

	c, out := startShell(t, "echo up >&3; exec tail -f /dev/null")
	readLine(t, out)
	tries := 0
	err := c.Await(t.Context(), func(context.Context) error {
		if tries++; tries < 3 {
			return notYet
		}
		return nil
	})
	if err != nil || tries != 3 {
		t.Errorf("got %v after %d tries", err, tries)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Await(ctx, never); !errors.Is(err, notYet) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}

	c, _ = startShell(t, "echo why it ended >&2; exit 3")
	if err := c.Await(t.Context(), never); err == nil || !strings.Contains(err.Error(), "(exit status 3): why it ended") {
		t.Errorf("got %v", err)
	}
}

func TestStartFails(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	if _, err := Start(exec.Command(none), filepath.Join(t.TempDir(), "log")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := Run(exec.Command(none)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestRun(t *testing.T) {
	var exit *exec.ExitError
	if err := Run(exec.Command("/bin/sh", "-c", "exit 3")); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("got %v", err)
	}
}

func TestInterrupt(t *testing.T) {
	// The inner shell holds the pipe, and only the group reaches it.
	c, out := startShell(t, "sh -c 'echo up >&3; exec tail -f /dev/null'; exit 0")
	readLine(t, out)
	if err := Interrupt(c.PID()); err != nil {
		t.Fatal(err)
	}
	readEnd(t, out)
}

// TestInterruptWhereIgnored runs TestInterrupt as a background job of a shell runs: with interrupts ignored.
func TestInterruptWhereIgnored(t *testing.T) {
	metric.Fault(t, 23)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	script := `trap '' INT; exec "$0" -test.count=1 -test.run '^TestInterrupt$'`
	out, err := exec.CommandContext(ctx, "/bin/sh", "-c", script, os.Args[0]).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
