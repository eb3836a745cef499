package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asDemo is the environment variable that makes the test binary the demo.
const asDemo = "DEMO_TEST_AS_DEMO"

func TestMain(m *testing.M) {
	if os.Getenv(asDemo) != "" {
		os.Args[0] = "demo"
		main()
	}
	os.Exit(m.Run())
}

// limit bounds each run; how long one takes depends on the other load of the computer.
const limit = 5 * time.Minute

// show is a running demo.
type show struct {
	t      *testing.T
	cmd    *exec.Cmd
	dir    string // the demo's directory for temporary files; every process of it has the path in its arguments or its environment
	out    io.ReadCloser
	lines  *bufio.Reader
	seen   strings.Builder
	errors bytes.Buffer
}

func start(t *testing.T, env []string, args ...string) *show {
	t.Helper()
	// Scripts run as another user, whom t.TempDir would keep out.
	dir, err := os.MkdirTemp("", "demo-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	s := &show{t: t, dir: dir, cmd: exec.CommandContext(ctx, "/proc/self/exe", args...)}
	s.cmd.Env = append(append(os.Environ(), asDemo+"=1", "TMPDIR="+dir, keepVariable+"="), env...)
	s.cmd.Stderr = &s.errors
	if s.out, err = s.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	s.lines = bufio.NewReader(s.out)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// until reads until a line has the text.
func (s *show) until(text string) {
	s.t.Helper()
	for {
		line, err := s.lines.ReadString('\n')
		s.seen.WriteString(line)
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			s.t.Fatalf("the output ends (%v) before %q:\n%s%s", err, text, s.seen.String(), s.errors.String())
		}
	}
}

func (s *show) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// end waits for the demo to end, and fails unless it has left nothing behind.
func (s *show) end(code int) {
	s.t.Helper()
	rest, err := io.ReadAll(s.lines)
	if err != nil && !strings.Contains(err.Error(), "closed") {
		s.t.Error(err)
	}
	s.seen.Write(rest)
	// How it ended is in ProcessState.
	_ = s.cmd.Wait()
	if got := s.cmd.ProcessState.ExitCode(); got != code {
		s.t.Errorf("got exit code %d, want %d", got, code)
	}
	if left := processes(s.t, s.dir); len(left) > 0 {
		s.t.Errorf("processes are left: %q", left)
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "*"))
	if err != nil || len(files) > 0 {
		s.t.Errorf("files are left: %q %v", files, err)
	}
	if s.t.Failed() {
		s.t.Logf("output:\n%s%s", s.seen.String(), s.errors.String())
	}
}

// processes are those that have the text in their arguments or their environment, so that none can be missed.
func processes(t *testing.T, text string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, process := range all {
		// One that ends while we look has neither any more.
		args, _ := os.ReadFile(filepath.Join(process, "cmdline"))
		env, _ := os.ReadFile(filepath.Join(process, "environ"))
		if bytes.Contains(slices.Concat(args, env), []byte(text)) {
			found = append(found, filepath.Base(process)+": "+strings.ReplaceAll(string(args), "\x00", " "))
		}
	}
	return found
}

// TestEndedEarly ends the demo at any stage.
func TestEndedEarly(t *testing.T) {
	interrupt := func(s *show) { s.signal(os.Interrupt) }
	for name, tc := range map[string]struct {
		at  string
		end func(*show)
	}{
		"while it builds":                {"building the manager", interrupt},
		"while the control plane starts": {"store of scripts", func(s *show) { s.signal(syscall.SIGTERM) }},
		"by the end of its terminal":     {"store of scripts", func(s *show) { s.signal(syscall.SIGHUP) }},
		"twice, while kubectl runs":      {"$ kubectl apply --server-side", func(s *show) { interrupt(s); interrupt(s) }},
		"while a rollout is under way":   {" Progressing ", interrupt},
		"by a reader who went away":      {"$ kubectl create namespace", func(s *show) { s.out.Close() }},
		"after `go run` is gone":         {"Azure (simulator)", func(s *show) { s.out.Close(); interrupt(s) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, nil)
			s.until(tc.at)
			if len(processes(t, s.dir)) == 0 {
				t.Fatal("the demo itself is not found, so nothing that it left would be")
			}
			tc.end(s)
			s.end(exitInterrupted)
		})
	}
}

// TestFailure fails to build.
func TestFailure(t *testing.T) {
	s := start(t, []string{"PATH="})
	s.end(1)
	if got := s.errors.String(); !strings.Contains(got, "demo: setting up: building the programs: ") {
		t.Errorf("got %q", got)
	}
}

// TestKeep plays up to the canaries and visits what is kept.
func TestKeep(t *testing.T) {
	s := start(t, []string{keepVariable + "=1"}, "-hold")
	s.until("figure: seconds_to_first_canary ")
	s.until("load balancer web ")
	s.until("export KUBECONFIG=" + s.dir)
	s.until("Ctrl-C")
	for _, program := range []string{"etcd", "kube-apiserver", "azuresim", "manager"} {
		if !slices.ContainsFunc(processes(t, s.dir), func(p string) bool { return strings.Contains(p, "/"+program+" ") }) {
			t.Errorf("%s is not a process of its own", program)
		}
	}
	s.signal(os.Interrupt)
	s.end(0)
}
