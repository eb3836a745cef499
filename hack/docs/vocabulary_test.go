package docs_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/docs"
)

// quoted matches what a document quotes, which is as it is: code, messages, and where links lead.
var quoted = regexp.MustCompile("(?ms)^ *```.*?^ *```$|`[^`\n]*`|\"[^\"\n]*\"|\\]\\([^)\n]*\\)")

// blank keeps the line breaks of a quotation, so that lines can be counted.
func blank(quote string) string {
	return strings.Repeat("\n", strings.Count(quote, "\n")) + "…"
}

// TestPlainWords fails for words in prose that vocabulary.txt avoids. The API reference is generated from comments of the API.
func TestPlainWords(t *testing.T) {
	vocabulary := docs.Vocabulary()
	if len(vocabulary) < 15 {
		t.Fatalf("vocabulary.txt has %d entries, want at least 15", len(vocabulary))
	}
	judged := 0
	for _, file := range documents(t, filepath.Join("..", "..")) {
		if strings.Contains(filepath.ToSlash(file), "docs/reference/") {
			continue
		}
		judged++
		judgeWords(t, vocabulary, file, 1, read(t, file))
	}
	if judged < 20 {
		t.Errorf("judged %d documents, want at least 20", judged)
	}
}

// judgeWords fails for words of a text that the vocabulary avoids, but for what it quotes. The text begins at a line of the file.
func judgeWords(t *testing.T, vocabulary []docs.Avoided, file string, line int, text string) {
	t.Helper()
	prose := quoted.ReplaceAllStringFunc(text, blank)
	for _, avoided := range vocabulary {
		for _, place := range avoided.In(prose) {
			t.Errorf("%s:%d: %q is avoided; say: %s", file, line+strings.Count(prose[:place], "\n"), avoided.Words, avoided.Plain)
		}
	}
}

func TestAvoided(t *testing.T) {
	for text, want := range map[string]int{
		"Nobody knows.": 1,
		"The machines, and a Machine, turned\nround":  3,
		"recommended; a virtual machine; nobodyelse":  0,
		"the instance of the Virtual\nMachines table": 0,
	} {
		found := 0
		for _, avoided := range docs.Vocabulary() {
			found += len(avoided.In(text))
		}
		if found != want {
			t.Errorf("%q: found %d, want %d", text, found, want)
		}
	}
}
