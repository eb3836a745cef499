package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	// messageTable matches the rows of a table of messages or reasons, messageItem an item of a list that begins with messages.
	messageTable = regexp.MustCompile("(?m)^\\| (?:Message|Reason|Rejected with) \\|.*\n\\|[-|]+\\|\n((?:\\|.*\n)+)")
	messageItem  = regexp.MustCompile("(?m)^ {2}- ((?:`[^`]+`(?:, )?)+)(?: grows)?: ")
	variable     = regexp.MustCompile(`…|"[^"]*"|[0-9]+|rolled back|rolling back|aborting`)
	rowStart     = regexp.MustCompile("(?m)^\\| (`[^`]+`)")
)

// TestQuotedMessagesAreSaid fails for a message in the runbook or the specification that no text of the product has: people search these
// pages for what they see. Names, numbers and single words in a message vary, so more than half of what lies between them has to be there.
func TestQuotedMessagesAreSaid(t *testing.T) {
	root, quotes := filepath.Join("..", ".."), 0
	texts := append(textsOf(t, root, "internal"), textsOf(t, root, "controllers")...)
	texts = append(texts, textsOf(t, root, "api")...)
	for _, page := range []string{"runbook.md", "spec/v1alpha1/rolloutactions.md", "spec/v1alpha1/vmssrollouts.md"} {
		for _, quote := range messagesIn(read(t, filepath.Join(root, "docs", filepath.FromSlash(page)))) {
			quotes++
			for _, fixed := range variable.Split(quote, -1) {
				if fixed != "" && !isSaid(fixed, texts) {
					t.Errorf("docs/%s quotes %q, and no text of the product says %q", page, quote, fixed)
				}
			}
		}
	}
	if quotes < 100 {
		t.Errorf("found %d messages, want at least 100: are they still written like this?", quotes)
	}
}

// messagesIn returns what the tables and lists of a page quote.
func messagesIn(page string) []string {
	var quotes []string
	for _, table := range messageTable.FindAllStringSubmatch(page, -1) {
		for _, row := range rowStart.FindAllStringSubmatch(table[1], -1) {
			quotes = append(quotes, strings.Trim(row[1], "`"))
		}
	}
	for _, item := range messageItem.FindAllStringSubmatch(page, -1) {
		for _, quote := range inline.FindAllString(item[1], -1) {
			quotes = append(quotes, strings.Trim(quote, "`"))
		}
	}
	return quotes
}

// isSaid tells that a text has more than half of a quotation in one piece.
func isSaid(quote string, texts []string) bool {
	need := len(quote)/2 + 1
	for start := 0; start+need <= len(quote); start++ {
		piece := quote[start : start+need]
		if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, piece) }) {
			return true
		}
	}
	return false
}

// textsOf returns the string literals of a folder's Go files, without tests.
func textsOf(t *testing.T, root, folder string) []string {
	t.Helper()
	var texts []string
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "azuresim") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if literal, is := node.(*ast.BasicLit); is && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil {
					texts = append(texts, text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}
