package rollout_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// wanted are the rows of the feature table that the first release has to show: strategy, failure, operator.
var wanted = []int{13, 14, 15, 16, 20, 21, 23, 24, 41, 42, 43, 44, 45, 46, 48, 50, 51, 52, 53, 54, 55, 56, 59}

var (
	tableRow    = regexp.MustCompile(`^\| (\d+|§[^|]+) \|(?: [^|]+ \|)? ([^|]+) \|$`)
	quotedStory = regexp.MustCompile("`([^`]+)`")
)

// TestTraceTable holds docs/design/0004-traces.md against the traces that there are.
func TestTraceTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "design", "0004-traces.md"))
	if err != nil {
		t.Fatal(err)
	}
	all, shown, named := stories(), map[int]bool{}, map[string]bool{}
	for line := range strings.Lines(string(text)) {
		row := tableRow.FindStringSubmatch(strings.TrimSpace(line))
		if row == nil {
			continue
		}
		found := strings.Contains(row[2], "other layer")
		for _, name := range quotedStory.FindAllStringSubmatch(row[2], -1) {
			if strings.Contains(name[1], "/") { // a test of another layer
				if _, err := os.Stat(filepath.Join("..", "..", name[1])); err != nil {
					t.Errorf("row %s names %s: %v", row[1], name[1], err)
				}
				continue
			}
			if _, told := all[name[1]]; !told {
				t.Errorf("row %s names the story %q, which there is not", row[1], name[1])
			}
			found, named[name[1]] = true, true
		}
		if n, err := strconv.Atoi(row[1]); err == nil {
			shown[n] = found
		}
	}
	for _, n := range wanted {
		if !shown[n] {
			t.Errorf("row %d of the feature table has no trace", n)
		}
	}
	checkTraceFiles(t, all, named)
}

// checkTraceFiles demands a trace of every story, a story of every trace, and a row for every story that is told whole.
func checkTraceFiles(t *testing.T, all map[string]story, named map[string]bool) {
	t.Helper()
	files := map[string]bool{}
	for name, s := range all {
		files[traceFile(name)] = true
		if s.whole && !named[name] {
			t.Errorf("the story %q is in no row of the table", name)
		}
		if _, err := os.Stat(traceFile(name)); err != nil {
			t.Error(err)
		}
	}
	traces, err := filepath.Glob(filepath.Join("testdata", "*.trace"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range traces {
		if !files[file] {
			t.Errorf("%s has no story", file)
		}
	}
}
