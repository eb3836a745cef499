// Package docs_test holds the documents to what is there.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

var (
	fenced  = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	inline  = regexp.MustCompile("`[^`\n]*`")
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	noSlug  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks: every relative link leads to a file or folder of this repository, and to a heading in it.
func TestLinks(t *testing.T) {
	root := filepath.Join("..", "..")
	followed := 0
	for _, file := range documents(t, root) {
		text := inline.ReplaceAllString(fenced.ReplaceAllString(read(t, file), ""), "")
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			target := found[1]
			if strings.Contains(target, ":") {
				continue // a URL
			}
			followed++
			name, anchor, _ := strings.Cut(target, "#")
			to := filepath.Join(filepath.Dir(file), filepath.FromSlash(name))
			if name == "" {
				to = file
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, which is not there", file, target)
			} else if anchor != "" && !headings(t, to)[anchor] {
				t.Errorf("%s links to %s, and %s has no such heading", file, target, to)
			}
		}
	}
	if followed < 10 {
		t.Errorf("followed %d links, want at least 10: are the documents still where they were?", followed)
	}
}

var (
	reason   = regexp.MustCompile(`(?m)^\tReason\w+ = "(\w+)"$`)
	notReady = regexp.MustCompile(`^(Model(Has|Lacks)Target|Accepted|Rejected)$`)
)

// TestRunbookKnowsEveryStatus: whatever STATUS shows, the runbook has an entry for it.
func TestRunbookKnowsEveryStatus(t *testing.T) {
	entries := headings(t, filepath.Join("..", "..", "docs", "runbook.md"))
	reasons := reason.FindAllStringSubmatch(read(t, filepath.Join("..", "..", "api", "v1alpha1", "conditions.go")), -1)
	if len(reasons) < 20 {
		t.Fatalf("found %d reasons, want at least 20", len(reasons))
	}
	for _, found := range reasons {
		if name := found[1]; !notReady.MatchString(name) && !entries[strings.ToLower(name)] {
			t.Errorf("docs/runbook.md has no entry for STATUS %s", name)
		}
	}
}

var (
	tableQuery = regexp.MustCompile(`--query "[^"]*" -o table`)
	// az leaves these columns out of tables, whatever they hold.
	hiddenColumn = regexp.MustCompile(`[{,]\s*(id|type|etag|revision)\s*:`)
)

// TestTableQueriesShowTheirColumns: az drops columns of certain names from a table, so no documented query uses them.
func TestTableQueriesShowTheirColumns(t *testing.T) {
	metric.Fault(t, 23)
	queries := 0
	for _, file := range documents(t, filepath.Join("..", "..")) {
		for _, query := range tableQuery.FindAllString(read(t, file), -1) {
			queries++
			if hidden := hiddenColumn.FindStringSubmatch(query); hidden != nil {
				t.Errorf("%s: az does not show the column %q of %s", file, hidden[1], query)
			}
		}
	}
	if queries < 5 {
		t.Errorf("found %d queries, want at least 5: are they still written like this?", queries)
	}
}

// ownPath is a file or folder of this repository, as documents name it.
var ownPath = regexp.MustCompile("`((?:api|cmd|config|controllers|docs|hack|internal)/[A-Za-z0-9._/-]+)`")

// TestNamedPathsExist: a path that a document names is there.
func TestNamedPathsExist(t *testing.T) {
	metric.Fault(t, 22)
	root, named := filepath.Join("..", ".."), 0
	for _, file := range documents(t, root) {
		for _, found := range ownPath.FindAllStringSubmatch(read(t, file), -1) {
			named++
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(found[1]))); err != nil {
				t.Errorf("%s names %s, which is not there", file, found[1])
			}
		}
	}
	if named < 20 {
		t.Errorf("found %d paths, want at least 20", named)
	}
}

// documents lists the Markdown files below root.
func documents(t *testing.T, root string) []string {
	t.Helper()
	return filesOf(t, root, ".md")
}

// filesOf lists the files below root whose names end so, but for those of tools and test data.
func filesOf(t *testing.T, root, ext string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "bin" || name == "testdata"):
			return filepath.SkipDir
		case !entry.IsDir() && filepath.Ext(name) == ext:
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// headings are the anchors that a document has, as GitHub makes them of its headings.
func headings(t *testing.T, file string) map[string]bool {
	t.Helper()
	anchors := map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(read(t, file), ""), -1) {
		anchors[strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-")] = true
	}
	return anchors
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestDesignNotesHaveAForm: a note has its status, its context and its decision. Tables that another test holds have no form.
func TestDesignNotesHaveAForm(t *testing.T) {
	notes, err := filepath.Glob(filepath.Join("..", "..", "docs", "design", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) < 10 {
		t.Errorf("found %d notes, want at least 10", len(notes))
	}
	tables := map[string]bool{"0004-traces.md": true, "0006-semantics.md": true, "0009-faults.md": true}
	for _, note := range notes {
		text := read(t, note)
		for _, part := range []string{`(?m)^\*\*Status:\*\* `, `(?m)^(## |\*\*)Context\b`, `(?m)^(## |\*\*)Decision\b`} {
			if !tables[filepath.Base(note)] && !regexp.MustCompile(part).MatchString(text) {
				t.Errorf("%s lacks %s: see 0000-template.md", note, part)
			}
		}
	}
}
