package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/subprocess"
)

var (
	shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")
	optionRow  = regexp.MustCompile(`(?m)^\| (` + "`--.*?" + `) \|`)
	optionName = regexp.MustCompile("`--([a-z-]+)`")
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestCLIReadme runs all commands of the README, one after the other, in one shell that ends at the first that fails.
func TestCLIReadme(t *testing.T) {
	needCLI(t)
	// The trap ends the simulator that the README starts, whatever happens. The last line checks that it exits with 0 when it is told to end.
	script := "trap 'kill ${pid:-} 2> /dev/null || true' EXIT\n"
	for _, block := range shellBlock.FindAllStringSubmatch(readme(t), -1) {
		script += block[1]
	}
	script += "wait $pid\n"
	dir, err := os.MkdirTemp("", "azuresim-readme-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil { // scripts run as another user where they can
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", script)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "NO_PROXY=127.0.0.0/8,127.0.0.1")
	cmd.Cancel = func() error { return subprocess.Interrupt(cmd.Process.Pid) }
	cmd.WaitDelay = 10 * time.Second
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := subprocess.Run(cmd); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, seen := range []string{"refused once, as scripted", `"operation": "ResourceGroups.CreateOrUpdate"`} {
		if !strings.Contains(out.String(), seen) {
			t.Errorf("%q was not seen in\n%s", seen, &out)
		}
	}
}

// The README has a row for each option that there is, and no other.
func TestReadmeOptions(t *testing.T) {
	var told []string
	for _, row := range optionRow.FindAllStringSubmatch(readme(t), -1) {
		for _, name := range optionName.FindAllStringSubmatch(row[1], -1) {
			told = append(told, name[1])
		}
	}
	var exist []string
	flagSet(&options{}).VisitAll(func(f *flag.Flag) { exist = append(exist, f.Name) })
	slices.Sort(told)
	if !slices.Equal(told, exist) {
		t.Errorf("the README has the options %v, and there are %v", told, exist)
	}
}
