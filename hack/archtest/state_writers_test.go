package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"
)

// TestOnlyAdvanceWritesState: gates, tasks, views and strategies read the state; the package advance alone writes it. A preview writes the
// state of a scale set that it only simulates.
func TestOnlyAdvanceWritesState(t *testing.T) {
	const planner = "../../internal/rollout/planner"
	read := 0
	for _, dir := range []string{".", "strategy", "gate", "task", "view", "batch", "inventory", "target"} {
		files, err := filepath.Glob(filepath.Join(planner, dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || filepath.Base(file) == "preview.go" {
				continue
			}
			read++
			for _, written := range stateWrites(t, file, nil) {
				t.Errorf("%s writes %s; the package advance does that", file, written)
			}
		}
	}
	if read < 30 {
		t.Errorf("%d files were read; have the rooms moved?", read)
	}
}

// TestStateWrites is the test of the test.
func TestStateWrites(t *testing.T) {
	const source = `package p
func f() {
	d.State.Run.Completed = true
	d.State.Ledger.Failed[0].Try++
	*d.State.Operation = op
	obs.State = d.State
	current.Message = ""
	x := d.State.Run
}`
	got := stateWrites(t, "p.go", source)
	if want := "d.State.Run.Completed d.State.Ledger.Failed[0].Try *d.State.Operation"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", strings.Join(got, " "), want)
	}
}

// stateWrites returns what of a state a file assigns to.
func stateWrites(t *testing.T, name string, source any) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	note := func(target ast.Expr) {
		if text := types.ExprString(target); strings.Contains(text, ".State.") {
			found = append(found, text)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch s := n.(type) {
		case *ast.AssignStmt:
			for _, target := range s.Lhs {
				note(target)
			}
		case *ast.IncDecStmt:
			note(s.X)
		}
		return true
	})
	return found
}
