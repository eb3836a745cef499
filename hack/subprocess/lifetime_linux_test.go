package subprocess

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// doomed is the environment variable that makes the test binary a program with a child, to be killed.
const doomed = "CHILD_TEST_DOOMED"

func TestMain(m *testing.M) {
	if log := os.Getenv(doomed); log != "" {
		live(log)
	}
	os.Exit(m.Run())
}

// live has a child that holds descriptor 3, until it is killed.
func live(log string) {
	cmd := exec.Command("/bin/sh", "-c", "echo up >&3; exec tail -f /dev/null")
	pipe := os.NewFile(3, "pipe")
	cmd.ExtraFiles = []*os.File{pipe}
	if _, err := Start(cmd, log); err != nil {
		panic(err)
	}
	select {}
}

// TestKilledParentTakesChildrenAlong kills a program that has a child, which can't do anything about it any more.
func TestKilledParentTakesChildrenAlong(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	parent := exec.Command("/proc/self/exe")
	parent.Env = append(os.Environ(), doomed+"="+filepath.Join(t.TempDir(), "log"))
	parent.ExtraFiles = []*os.File{w}
	err = parent.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(r)
	readLine(t, out)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := parent.Wait(); err == nil {
		t.Error("it was not killed")
	}
	readEnd(t, out)
}
