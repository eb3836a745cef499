package azuresim_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// noteOfRecordings is the document with the tables of what is not judged.
const noteOfRecordings = "docs/design/0002-simulator.md"

// TestReplayTables holds the tables under Recordings in the design note to a
// run: they name every exchange about scale sets that was neither judged nor a
// seed, and every part of an answer that was not compared, with the reasons.
func TestReplayTables(t *testing.T) {
	want := replayAll(t).rows()
	have := rowsOfNote(t)
	for _, row := range want {
		if !slices.Contains(have, row) {
			t.Errorf("%s lacks a row under Recordings, add it:\n%s", noteOfRecordings, row)
		}
	}
	for _, row := range have {
		if !slices.Contains(want, row) {
			t.Errorf("%s has a row under Recordings that is not, or no longer, so; remove it:\n%s", noteOfRecordings, row)
		}
	}
	if len(have) != len(slices.Compact(slices.Sorted(slices.Values(have)))) {
		t.Errorf("%s has a row under Recordings twice", noteOfRecordings)
	}
}

// rows returns the rows that the tables must have, in their order.
func (s *tally) rows() []string {
	var rows []string
	for _, left := range s.leftOut {
		rows = append(rows, fmt.Sprintf("| `%s` | %s |", left.exchange, left.reason))
	}
	for _, x := range exceptions {
		for _, e := range s.excepted[x.path] {
			rows = append(rows, fmt.Sprintf("| `%s` | `%s` | %s |", e, x.path, x.reason))
		}
	}
	for _, x := range valuesOfTheWorld {
		if len(s.excepted[x.path]) > 0 {
			rows = append(rows, fmt.Sprintf("| any | `%s` | %s |", anywhere(x.path), x.reason))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(headersOfTransport)) {
		if s.headers[name] {
			rows = append(rows, fmt.Sprintf("| any | header `%s` | %s |", name, headersOfTransport[name]))
		}
	}
	return rows
}

// anywhere is how the table has the end of a path; a path from the top is whole.
func anywhere(path string) string {
	if strings.HasPrefix(path, "$") {
		return path
	}
	return "*" + path
}

// rowsOfNote are the rows of the tables as they are.
func rowsOfNote(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(noteOfRecordings)))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Recordings\n")
	if !found {
		t.Fatalf("%s has no section Recordings", noteOfRecordings)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []string
	for line := range strings.Lines(section) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "| `") || strings.HasPrefix(line, "| any |") {
			rows = append(rows, line)
		}
	}
	return rows
}
