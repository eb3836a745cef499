package conditions_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestNoReasonIsForgotten reads the core's source, so that a new reason cannot come without its constant in the API.
func TestNoReasonIsForgotten(t *testing.T) {
	declared := constantsOfType(t, filepath.Join("..", "rollout", "*.go"), "Reason")
	if len(declared) == 0 {
		t.Fatal("no reasons found in the core's source")
	}
	for _, value := range declared {
		if _, ok := reasons[rollout.Reason(value)]; !ok {
			t.Errorf("the core's reason %q has no constant in api/v1alpha1", value)
		}
	}
	if len(declared) != len(reasons) {
		t.Errorf("the core declares %d reasons, the API %d", len(declared), len(reasons))
	}
}

// constantsOfType returns the values of the string constants that are declared with the type.
func constantsOfType(t *testing.T, glob, typeName string) []string {
	t.Helper()
	files, err := filepath.Glob(glob)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if named, ok := spec.Type.(*ast.Ident); !ok || named.Name != typeName {
				return true
			}
			for _, v := range spec.Values {
				if literal, ok := v.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					value, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Fatal(err)
					}
					values = append(values, value)
				}
			}
			return true
		})
	}
	return values
}
