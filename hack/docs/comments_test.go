package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/docs"
)

// TestPlainComments fails for words in comments of Go files that vocabulary.txt avoids.
func TestPlainComments(t *testing.T) {
	root, vocabulary, judged := filepath.Join("..", ".."), docs.Vocabulary(), 0
	for _, file := range goFiles(t, root) {
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		judged += len(parsed.Comments)
		for _, group := range parsed.Comments {
			text := quoted.ReplaceAllStringFunc(commentText(group), blank)
			for _, avoided := range vocabulary {
				for _, place := range avoided.In(text) {
					line := fset.Position(group.Pos()).Line + strings.Count(text[:place], "\n")
					t.Errorf("%s:%d: %q is avoided; say: %s", file, line, avoided.Words, avoided.Plain)
				}
			}
		}
	}
	if judged < 5000 {
		t.Errorf("judged %d comments, want at least 5000", judged)
	}
}

// commentText returns the comment as it is written, without the marks before its lines.
func commentText(group *ast.CommentGroup) string {
	var text strings.Builder
	for _, c := range group.List {
		text.WriteString(strings.TrimPrefix(c.Text, "//") + "\n")
	}
	return text.String()
}

// goFiles lists the Go files below root, but for those that are generated.
func goFiles(t *testing.T, root string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "bin" || name == "testdata"):
			return filepath.SkipDir
		case filepath.Ext(name) == ".go" && !strings.HasPrefix(name, "zz_generated"):
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
