package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// outside matches citations of documents that are not in this repository.
var outside = regexp.MustCompile(`azure-facts|\.\./shared/[\w./-]*\.md|\bredesign(\.md|\b)|\b(features|style|reliability)\.md` +
	`|(?i:\bdesign(\.md)?'?s? (§|I\d))|/work/`)

// TestCitesNothingOutside fails for a tracked file that cites a document outside the repository: readers cannot open it.
func TestCitesNothingOutside(t *testing.T) {
	for name, content := range tracked(t) {
		if name == "hack/docs/citations_test.go" {
			continue
		}
		for number, line := range strings.Split(content, "\n") {
			if found := outside.FindString(line); found != "" {
				t.Errorf("%s:%d cites %q, which is not in this repository", name, number+1, found)
			}
		}
	}
}

var (
	lineBreak = regexp.MustCompile(`\n\s*(//|#)?\s*`)
	factsOf   = regexp.MustCompile(`docs/azure\.md,? (§\d[\d.]*(?:(?:,| and) §\d[\d.]*)*)`)
	fact      = regexp.MustCompile(`§(\d+(?:\.\d+)?)`)
	factTag   = regexp.MustCompile(`fact:"(§[\d.]+)"`)
	factRow   = regexp.MustCompile(`(?m)^\| (§\d[\d.]*) \|`)
	factHead  = regexp.MustCompile(`(?m)^##+ (\d+(?:\.\d+)?)\.? `)
)

// TestCitedFactsExist fails for a citation of a section that docs/azure.md does not have: in text, in the tags of the simulator's switches
// and in the tables of the design notes.
func TestCitedFactsExist(t *testing.T) {
	files := tracked(t)
	sections := map[string]bool{}
	for _, found := range factHead.FindAllStringSubmatch(files["docs/azure.md"], -1) {
		sections[found[1]] = true
	}
	cited := 0
	for name, content := range files {
		var lists [][]string
		lists = append(lists, factsOf.FindAllStringSubmatch(lineBreak.ReplaceAllString(content, " "), -1)...)
		lists = append(lists, factTag.FindAllStringSubmatch(content, -1)...)
		lists = append(lists, factRow.FindAllStringSubmatch(content, -1)...)
		for _, list := range lists {
			for _, section := range fact.FindAllStringSubmatch(list[1], -1) {
				cited++
				if !sections[section[1]] {
					t.Errorf("%s cites docs/azure.md §%s, and there is no such section", name, section[1])
				}
			}
		}
	}
	if cited < 250 {
		t.Errorf("found %d citations of docs/azure.md, want at least 250: are they still written like this?", cited)
	}
}

// tracked are the text files that git knows, by path from the root of the repository.
func tracked(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		t.Fatalf("listing the tracked files: %v", err)
	}
	files := map[string]string{}
	for _, name := range strings.Split(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if os.IsNotExist(err) {
			continue // deleted in the work tree
		}
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(content)
	}
	return files
}
