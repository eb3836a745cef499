package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSlowest reads two runs: a subtest counts as part of its test, and ten are shown, the slowest first.
func TestSlowest(t *testing.T) {
	unit := []string{
		`{"Action":"start","Package":"p"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN TestA\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestA/sub","Elapsed":99}`,
		`{"Action":"fail","Package":"p","Test":"TestA","Elapsed":2.5}`,
		`{"Action":"skip","Package":"p","Test":"TestSkipped","Elapsed":50}`,
		`{"Action":"fail","Package":"p","Elapsed":3}`,
	}
	var ends []string
	for n := range 11 {
		ends = append(ends, fmt.Sprintf(`{"Action":"pass","Package":"q","Test":"Test%d","Elapsed":%d}`, n, 10+n))
	}
	ends = append(ends, `{"Action":"pass","Package":"q","Elapsed":165.04}`)
	var out bytes.Buffer
	if err := run(&out, []string{eventsFile(t, unit), eventsFile(t, ends)}); err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("the slowest tests, in seconds:\n")
	for n := 10; n > 0; n-- {
		fmt.Fprintf(&want, "%8.1f  q Test%d\n", 10.0+float64(n), n)
	}
	want.WriteString("the slowest packages, in seconds:\n   165.0  q\n     3.0  p\n")
	if out.String() != want.String() {
		t.Errorf("printed\n%swant\n%s", out.String(), want.String())
	}
}

// TestNoEvents: a file that is missing or broken is an error.
func TestNoEvents(t *testing.T) {
	for _, path := range []string{"missing.json", eventsFile(t, []string{"FAIL p [build failed]"})} {
		if err := run(&bytes.Buffer{}, []string{path}); err == nil {
			t.Errorf("%s was read without an error", path)
		}
	}
}

func eventsFile(t *testing.T, lines []string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.json")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
