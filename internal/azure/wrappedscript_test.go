package azure

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
)

// shells are those that may be an instance's sh, each once.
func shells(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, words := range [][]string{{"sh"}, {"dash"}, {"bash", "--posix"}, {"busybox", "sh"}} {
		path, err := exec.LookPath(words[0])
		if err != nil {
			continue
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(path)] = append([]string{path}, words[1:]...)
	}
	if len(found) == 0 {
		t.Skip("there is no shell here")
	}
	return found
}

// agent runs a wrapped script as Azure's agent does: a file in a directory of its own, streams that go to files, and of each the last 4
// KiB.
func agent(t *testing.T, e wrappedScript, shell []string, env ...string) string {
	t.Helper()
	dir := t.TempDir()
	var lines []string
	for _, line := range e.lines() {
		lines = append(lines, *line)
	}
	file := filepath.Join(dir, "script.sh")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o500); err != nil {
		t.Fatal(err)
	}
	streams := map[string]*os.File{}
	for _, name := range []string{"stdout", "stderr"} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		streams[name] = f
	}
	cmd := exec.Command(shell[0], append(shell[1:], file)...)
	cmd.Dir, cmd.Env = dir, append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("not for the script\n"), streams["stdout"], streams["stderr"]
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // where there is no setsid, "kill 0" is not to end the tests
	var ended *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "given*")); err != nil || len(left) > 0 && ended == nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return "Enable succeeded: \n[stdout]\n" + lastOf(t, streams["stdout"].Name()) + "\n[stderr]\n" + lastOf(t, streams["stderr"].Name())
}

func lastOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ToValidUTF8(string(text[max(0, len(text)-4096):]), "\uFFFD")
}

func report(messages ...string) armcompute.RunCommandResult {
	code := "ProvisioningState/succeeded"
	var r armcompute.RunCommandResult
	for _, m := range messages {
		r.Value = append(r.Value, &armcompute.InstanceViewStatus{Code: &code, Message: &m})
	}
	return r
}

// scripts are run wrapped: how each ends, and how its output does.
var scripts = map[string]struct {
	script string
	code   int
	output string // all of it, or with an "…" before it the end
}{
	"nothing":             {"", 0, ""},
	"success":             {"echo hi\n", 0, "hi\n"},
	"no trailing newline": {"printf hi", 0, "hi"},
	"many lines":          {"echo 1\n\n\techo 2 # x\n\necho 3", 0, "1\n2\n3\n"},
	"both streams":        {"echo 1; echo 2 >&2; echo 3", 0, "1\n2\n3\n"},
	"exit":                {"echo bye\nexit 3\necho never\n", 3, "bye\n"},
	"exit of another":     {"sh -c 'exit 255'", 255, ""},
	"large code":          {"exit 300", 44, ""},
	"set -e":              {"set -eu\nfalse\necho never", 1, ""},
	"quotes":              {`printf '%s|' "a'b" 'c"d' \$ \\ "$(echo '$x')" %s '%%'`, 0, `a'b|c"d|$|\|$x|%s|%%|`},
	"here-documents":      {"cat <<'EOF'\n$x `y`\nEOF\ncat <<EOF\nE\\\nOF\nEOF", 0, "$x `y`\nEOF\n"},
	"not ASCII":           {"echo 'é→\xff'", 0, "é→\uFFFD\n"},
	"carriage returns":    {"printf 'a\\r\\n'", 0, "a\r\n"},
	"interpreter":         {"#!/usr/bin/env -S sed -nf\n1q\n", 0, ""},
	"no such interpreter": {"#!/no/such/interpreter\n", 127, "…\n"},
	"no such command":     {"/no/such/command", 127, "…\n"},
	"syntax":              {"if", 2, "…\n"},
	"input":               {"cat; echo over", 0, "over\n"},
	"kills itself":        {"kill -KILL $$", 137, "…"}, // some shells say so
	"kills its group":     {"trap 'kill 0' EXIT; exit 4", 143, "…"},
	"removes itself":      {"rm -f \"$0\"; echo gone", 0, "gone\n"},
	"closes its output":   {"exec >&- 2>&-; exit 5", 5, ""},
	"too much":            {"head -c 100000 /dev/zero | tr '\\0' x; echo; echo last", 0, "…xxx\nlast\n"},
	"too much of both":    {"head -c 100000 /dev/zero | tr '\\0' x >&2; head -c 100000 /dev/zero | tr '\\0' y; exit 6", 6, "…yyy"},
	"leaves a flood":      {"(head -c 100000 /dev/zero | tr '\\0' x) & wait; (seq 1 20000) & exit 7", 7, "…"},
	"fake markers": {"for n in 1 2; do echo 'end-AAAAAAAAAAAAAAAAAAAAAAAAAA 0 end-AAAAAAAAAAAAAAAAAAAAAAAAAA' >&2; done; exit 8", 8,
		"…\n"},
	"fake report": {"printf '\\n[stderr]\\n[stdout]\\nx\\n[stderr]\\n'; exit 9", 9, "\n[stderr]\n[stdout]\nx\n[stderr]\n"},
	"stolen marker": {"m=$(grep -o 'end-[A-Z0-9]*' \"${0%/*}/script.sh\" | head -n 1); printf '\\n[stderr]\\n%s 0 %s\\n' $m $m; printf '%s " +
		"0 %s\\n' $m $m >&2; exit 10",
		10, "…\n"},
	"environment": {"echo ${given-unset} ${session-unset} ${code-unset}; case $PWD in */*) ls script.sh;; esac", 0,
		"unset unset unset\nscript.sh\n"},
}

// TestWrappedScripts runs scripts under every shell there is.
func TestWrappedScripts(t *testing.T) {
	for shell, words := range shells(t) {
		for name, c := range scripts {
			t.Run(shell+"/"+name, func(t *testing.T) {
				e := newWrappedScript(c.script)
				message := agent(t, e, words)
				code, output, ended := e.outcome(report(message))
				if !ended || code != c.code {
					t.Errorf("want %d, got %d, %v: %s", c.code, code, ended, message)
				}
				end, cut := strings.CutPrefix(c.output, "…")
				if !strings.HasSuffix(output, end) || !cut && output != c.output {
					t.Errorf("want %q, got %q", c.output, output)
				}
				if len(output) > outputLimit {
					t.Errorf("%d bytes of output", len(output))
				}
			})
		}
	}
}

// TestWrappedScriptsThatFail never come back with an exit code.
func TestWrappedScriptsThatFail(t *testing.T) {
	for shell, words := range shells(t) {
		for name, c := range map[string]struct {
			script string
			env    []string
		}{
			"kills the wrapper":  {"kill -KILL $PPID", nil},
			"base64 is missing":  {"echo hi", []string{"PATH=/nowhere"}},
			"no place to put it": {"echo hi", []string{"PATH=" + brokenBase64(t)}},
		} {
			t.Run(shell+"/"+name, func(t *testing.T) {
				e := newWrappedScript(c.script)
				message := agent(t, e, words, c.env...)
				if code, output, ended := e.outcome(report(message)); ended || code != noExitCode || output != "" {
					t.Errorf("got %d, %q, %v: %s", code, output, ended, message)
				}
			})
		}
	}
}

// brokenBase64 is a directory with a base64 that does half its work.
func brokenBase64(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "base64"), []byte("#!/bin/sh\necho 'echo half'\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestReports reads what agents say, whole and not.
func TestReports(t *testing.T) {
	const m = "end-M"
	linux := func(stdout, stderr string) armcompute.RunCommandResult {
		return report("Enable succeeded: \n[stdout]\n" + stdout + "\n[stderr]\n" + stderr)
	}
	windows := func(stdout, stderr string) armcompute.RunCommandResult {
		r := report(stdout, stderr)
		for i, code := range []string{"ComponentStatus/StdOut/succeeded", "componentstatus/stderr/succeeded"} {
			r.Value[i].Code = &code
		}
		return r
	}
	for name, c := range map[string]struct {
		report armcompute.RunCommandResult
		code   int
		output string
	}{
		"Linux":            {linux("out\n", "\nend-M 3 end-M\n"), 3, "out\n"},
		"Linux, trimmed":   {linux("out", "end-M 3 end-M"), 3, "out"},
		"Linux, no output": {linux("", "\nend-M 0 end-M\n"), 0, ""},
		"the shell talks":  {linux("", "sh: 1: Killed\n\nend-M 137 end-M\n"), 137, ""},
		"Windows":          {windows("out", "\r\nend-M 4 end-M\r\n"), 4, "out"},
		"too long": {linux(strings.Repeat("x", outputLimit)+"end", "end-M 5 end-M"), 5,
			"…" + strings.Repeat("x", outputLimit-len("…")-3) + "end"},
		"with a nil": {armcompute.RunCommandResult{
			Value: append([]*armcompute.InstanceViewStatus{nil, {}}, linux("x", "end-M 1 end-M").Value...),
		}, 1, "x"},
		"nothing":           {armcompute.RunCommandResult{}, noExitCode, ""},
		"empty":             {report(""), noExitCode, ""},
		"no streams":        {report("Last script execution didn't finish."), noExitCode, ""},
		"cut in the output": {report("Enable succeeded: \n[stdout]\nend-M 0 end-M\n"), noExitCode, ""},
		"cut in the marker": {linux("", "\nend-M 12"), noExitCode, ""},
		"cut at its end":    {linux("", "\nend-M 127 end"), noExitCode, ""},
		"in stdout only":    {linux("end-M 0 end-M", ""), noExitCode, ""},
		"no marker":         {linux("x", "y"), noExitCode, ""},
		"another marker":    {linux("", "end-N 0 end-N\n"), noExitCode, ""},
		"no number":         {linux("", "end-M x end-M\n"), noExitCode, ""},
		"no exit code":      {linux("", "end-M 256 end-M\nend-M -1 end-M\n"), noExitCode, ""},
	} {
		t.Run(name, func(t *testing.T) {
			code, output, ended := wrappedScript{marker: m}.outcome(c.report)
			if code != c.code || output != c.output || ended != (c.code != noExitCode) {
				t.Errorf("got %d, %q, %v", code, output, ended)
			}
		})
	}
}

// TestMarkersDiffer: who has seen one knows none.
func TestMarkersDiffer(t *testing.T) {
	a, b := newWrappedScript("x"), newWrappedScript("x")
	if a.marker == b.marker || len(a.marker) < 26 {
		t.Errorf("got %s and %s", a.marker, b.marker)
	}
}
