package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/testenv"
)

func TestRowLine(t *testing.T) {
	for line, want := range map[string][]string{
		"row A6 passed (11 s): 1 new, 2 old": {"A6", "passed", "1 new, 2 old"},
		"row D3 FAILED (0 s): no loss":       {"D3", "FAILED", "no loss"},
		"    row A6 passed":                  nil,
	} {
		got := rowLine.FindStringSubmatch(line)
		if len(got) != 0 {
			got = got[1:]
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

// A row that is not seen fails the run, whatever else was.
func TestFailure(t *testing.T) {
	r := &report{rows: []row{{name: "A1", passed: true}, {name: "A2"}}}
	if err := r.failure(); err == nil {
		t.Error("a failed row is no failure")
	}
	r.rows[1].passed = true
	if err := r.failure(); err != nil {
		t.Error(err)
	}
}

// Only the marked part of a document is written, as often as one likes.
func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(path, []byte("before\n"+beginMark+"\nold\n"+endMark+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &report{
		rows:        []row{{"A1", "3 instances", true}},
		comparisons: []comparison{{kind: "script", byHand: cost{reads: 1, writes: 2, polls: 3, lasted: time.Second}}},
	}
	var once string
	for range 2 {
		if err := r.write(path); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"before\n", "\nafter\n", "| A1 | 3 instances | passed |",
			"| ARM calls | 6 (1 reads, 2 writes, 3 polls) |"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%q is missing in\n%s", want, text)
			}
		}
		if once != "" && once != string(text) {
			t.Errorf("written again it is\n%s", text)
		}
		once = string(text)
	}
	if strings.Contains(once, "old") {
		t.Error("what was there before is still there")
	}
	if err := r.write(filepath.Join(t.TempDir(), "none.md")); err == nil {
		t.Error("a document that is not there was written")
	}
}

func TestCount(t *testing.T) {
	var c cost
	c.count([]testenv.Call{
		{Path: "/adfs/oauth2/token", Kind: "read"}, {Path: "/subscriptions", Kind: "read"},
		{Path: "/Subscriptions/s/x", Kind: "write"}, {Path: "/subscriptions/s/y", Kind: "poll"},
	})
	if c.reads != 1 || c.writes != 1 || c.polls != 1 || c.calls() != 3 {
		t.Errorf("got %+v", c)
	}
}

// Two ends are the same unless something of the model or of an instance is not.
func TestDiffersFrom(t *testing.T) {
	end := func(uri string, m endInstance) endState {
		return endState{model: map[string]any{"a": map[string]any{"fileUris": []any{uri}}}, instances: []endInstance{m}}
	}
	one := end("http://v2", endInstance{id: "0", latest: true, page: "v2"})
	if got := one.differsFrom(end("http://v2", endInstance{id: "0", latest: true, page: "v2"})); got != "" {
		t.Errorf("equal ends differ: %s", got)
	}
	if got := one.differsFrom(end("http://v1", endInstance{id: "0", latest: true, page: "v2"})); !strings.Contains(got, "model.a.fileUris") {
		t.Errorf("another model: %q", got)
	}
	if got := one.differsFrom(end("http://v2", endInstance{id: "0", page: "v2"})); !strings.Contains(got, "instances") {
		t.Errorf("another instance: %q", got)
	}
}

func TestWithoutDefaults(t *testing.T) {
	newer := map[string]any{"nics": []any{map[string]any{"name": "n", "disableTcpStateTracking": false, "x": nil}}}
	older := map[string]any{"nics": []any{map[string]any{"name": "n"}}}
	if got := differing("model", withoutDefaults(newer), withoutDefaults(older)); got != nil {
		t.Error(got)
	}
}
