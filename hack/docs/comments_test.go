package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/docs"
)

// TestPlainComments fails for words in comments of Go files that vocabulary.txt avoids.
func TestPlainComments(t *testing.T) {
	root, vocabulary, judged := filepath.Join("..", ".."), docs.Vocabulary(), 0
	for _, file := range filesOf(t, root, ".go") {
		if strings.HasPrefix(filepath.Base(file), "zz_generated") {
			continue
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		judged += len(parsed.Comments)
		for _, group := range parsed.Comments {
			judgeWords(t, vocabulary, file, fset.Position(group.Pos()).Line, commentText(group))
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
