package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A row that is not shown has failed, and a script that fails without a row failing has not done all it should.
func TestJudge(t *testing.T) {
	broken := errors.New("exit status 1")
	b := func(passed ...bool) []row {
		var shown []row
		for i, p := range passed {
			shown = append(shown, row{name: expected["b"][i], passed: p})
		}
		return shown
	}
	for name, tc := range map[string]struct {
		shown   []row
		ended   error
		passed  int
		failure error
	}{
		"all passed":                     {b(true, true, true), nil, 3, nil},
		"a row failed":                   {b(true, false, true), broken, 2, nil},
		"the last is missing":            {b(true, true), nil, 2, nil},
		"it ended after the first":       {b(true), broken, 1, broken},
		"it ended before the first":      {nil, broken, 0, broken},
		"it failed though all rows were": {b(true, true, true), broken, 3, broken},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := judge("b", tc.shown, tc.ended)
			r := &report{rows: rows}
			if len(rows) != 3 || r.passed() != tc.passed || !errors.Is(err, tc.failure) {
				t.Errorf("got %+v and %v", rows, err)
			}
			if failed := r.failure() != nil; failed != (tc.passed < 3) {
				t.Errorf("the report's failure is %v", r.failure())
			}
		})
	}
}

// The scripts have just the rows that are expected of them.
func TestExpectedRows(t *testing.T) {
	rowOf := regexp.MustCompile(`(?m)^row (\w+) "`)
	for letter, names := range expected {
		text, err := files.ReadFile("scripts/" + letter + ".sh")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range rowOf.FindAllStringSubmatch(string(text), -1) {
			got = append(got, m[1])
		}
		if !slices.Equal(got, names) {
			t.Errorf("%s.sh has the rows %v, want %v", letter, got, names)
		}
	}
}

// What the scripts' rows judge by, with stand-ins for what they look at.
func TestScriptsJudge(t *testing.T) {
	const (
		busy = `"state": "Updating"`
		// An update lasts until a read has seen it.
		slow   = `update() { until [ -e "$WORK/looked" ]; do command sleep 0.01; done; }; sleep() { :; }; page() { echo page; }; `
		answer = `seen_by_azure() { touch "$WORK/looked"; echo "$STATE"; }; `
		alone  = slow + answer + `X() { update_alone web 1 http://web; }`
	)
	for name, tc := range map[string]struct {
		script, state string
		passes        bool
	}{
		"nothing outdated":      {`az() { :; }; X() { same_outdated web ""; }`, "", true},
		"az fails":              {`az() { return 1; }; X() { same_outdated web ""; }`, "", false},
		"something outdated":    {`az() { echo 0; echo 2; }; X() { same_outdated web ""; }`, "", false},
		"just these outdated":   {`az() { echo 0; echo 2; }; X() { same_outdated web "0 2"; }`, "", true},
		"20 answers":            {`pages 20 > "$WORK/a"; X() { none_lost "$WORK/a" "nginx v[12]"; }`, "", true},
		"19 answers":            {`pages 19 > "$WORK/a"; X() { none_lost "$WORK/a" "nginx v[12]"; }`, "", false},
		"no answers":            {`: > "$WORK/a"; X() { none_lost "$WORK/a" "nginx v[12]"; }`, "", false},
		"one of them lost":      {`(pages 20; echo lost) > "$WORK/a"; X() { none_lost "$WORK/a" "nginx v[12]"; }`, "", false},
		"one updating":          {alone, busy, true},
		"none seen updating":    {alone, "", false},
		"two updating":          {alone, busy + "\n" + busy, false},
		"no page served":        {alone + `; page() { return 7; }`, busy, false},
		"what is seen is not":   {alone + `; seen_by_azure() { touch "$WORK/looked"; return 1; }`, busy, false},
		"the update itself not": {alone + `; update() { until [ -e "$WORK/looked" ]; do command sleep 0.01; done; return 1; }`, busy, false},
	} {
		t.Run(name, func(t *testing.T) {
			lib, err := filepath.Abs("scripts/lib.sh")
			if err != nil {
				t.Fatal(err)
			}
			const stubs = `; pages() { local i; for ((i = 0; i < $1; i++)); do echo "nginx v1"; done; }; `
			cmd := exec.CommandContext(t.Context(), "bash", "-c", ". "+lib+stubs+tc.script+"; row X seen; finish")
			dir := t.TempDir()
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "WORK=" + dir, "STATE=" + tc.state, "ARM=x", "CONTROL=x", "REQUESTS_CA_BUNDLE=x",
				"STORE=x", "STORE_URL=x"}
			out, err := cmd.CombinedOutput()
			if passed := err == nil && strings.HasPrefix(string(out), "row X passed"); passed != tc.passes {
				t.Errorf("passed: %v, want %v: %v\n%s", passed, tc.passes, err, out)
			}
			if !tc.passes && !strings.Contains(string(out), "row X FAILED") {
				t.Errorf("the row was not shown as failed: %v\n%s", err, out)
			}
		})
	}
}
