package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
)

// site is one mutant: what is changed, and where.
type site struct {
	id       int
	file     string // with the name of its folder
	line     int
	function string
	operator string // as "condition is true"
	text     string // of the source that is changed, shortened
}

// String returns the mutant as survivors are listed.
func (s site) String() string {
	return fmt.Sprintf("%s:%d %s: %s: %s", s.file, s.line, s.function, s.operator, s.text)
}

// key names the mutant without its line.
func (s site) key() string {
	return fmt.Sprintf("%s %s: %s: %s", s.file, s.function, s.operator, s.text)
}

// edit replaces length bytes at an offset of a file. Edits at the same offset keep the order in which they were made.
type edit struct {
	offset, length int
	text           string
	isSuffix       bool
}

// rewriter collects the mutants of one package.
type rewriter struct {
	fset   *token.FileSet
	info   *types.Info
	sites  []site
	source []byte // of the file that is rewritten
	file   *token.File
	edits  []edit
	inside []string // names of the functions around
}

// runtimeSource is the source that tells the rewritten package which mutant is on. A mutant is chosen once for a process, by its number.
const runtimeSource = `package %s

import (
	"os"
	"strconv"
)

var mutantChosen = func() int { n, _ := strconv.Atoi(os.Getenv("MUTANT")); return n }()

func mutantBool(id int, v bool) bool {
	switch mutantChosen {
	case id:
		return true
	case id + 1:
		return false
	}
	return v
}

func mutantTrue(id int, v bool) bool  { return v || mutantChosen == id }
func mutantFalse(id int, v bool) bool { return v && mutantChosen != id }
func mutantKeep(id int) bool          { return mutantChosen != id }

type mutantOrdered interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64 | ~string
}

type mutantNumber interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64
}

func mutantLess[T mutantOrdered](id int, x, y T) bool      { if mutantChosen == id { return x <= y }; return x < y }
func mutantLessEqual[T mutantOrdered](id int, x, y T) bool { if mutantChosen == id { return x < y }; return x <= y }
func mutantMore[T mutantOrdered](id int, x, y T) bool      { if mutantChosen == id { return x >= y }; return x > y }
func mutantMoreEqual[T mutantOrdered](id int, x, y T) bool { if mutantChosen == id { return x > y }; return x >= y }
func mutantAdd[T mutantNumber](id int, x, y T) T           { if mutantChosen == id { return x - y }; return x + y }
func mutantSub[T mutantNumber](id int, x, y T) T           { if mutantChosen == id { return x + y }; return x - y }

func mutantElements[S ~[]T, T any](id int, all S) S {
	if n := mutantChosen - id; n >= 0 && n < len(all) {
		return append(append(S{}, all[:n]...), all[n+1:]...)
	}
	return all
}
`

// rewrite returns the source with every mutant of the file in it.
func (w *rewriter) rewrite(f *ast.File, source []byte) []byte {
	w.source, w.file, w.edits = source, w.fset.File(f.Pos()), nil
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Body != nil {
				w.within(d.Name.Name, d.Body)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.VAR {
					for _, value := range v.Values {
						w.within(v.Names[0].Name, value)
					}
				}
			}
		}
	}
	return w.apply()
}

// within rewrites what is inside of a function or of a variable's value.
func (w *rewriter) within(name string, n ast.Node) {
	w.inside = append(w.inside, name)
	ast.Inspect(n, func(n ast.Node) bool {
		w.node(n)
		return true
	})
	w.inside = w.inside[:len(w.inside)-1]
}

// node makes the mutants of one node.
func (w *rewriter) node(n ast.Node) {
	switch n := n.(type) {
	case ast.Stmt:
		w.statement(n)
	case *ast.BinaryExpr:
		w.binary(n)
	case *ast.CompositeLit:
		w.elements(n)
	}
}

// statement makes the mutants of one statement.
func (w *rewriter) statement(n ast.Stmt) {
	switch n := n.(type) {
	case *ast.IfStmt:
		w.condition(n.Cond)
	case *ast.ForStmt:
		if n.Cond != nil {
			w.operand(n.Cond, token.LOR) // a loop that never ends is no useful mutant
		}
	case *ast.SwitchStmt:
		if n.Tag == nil {
			w.cases(n.Body)
		}
	case *ast.ReturnStmt:
		w.results(n.Results)
	case *ast.BlockStmt:
		w.statements(n.List)
	case *ast.CaseClause:
		w.statements(n.Body)
	}
}

// results mutates what is returned, where that is a computed bool.
func (w *rewriter) results(all []ast.Expr) {
	for _, e := range all {
		if w.isCondition(e) {
			w.condition(e)
		}
	}
}

// cases mutates the conditions of a switch without a tag.
func (w *rewriter) cases(body *ast.BlockStmt) {
	for _, clause := range body.List {
		for _, e := range clause.(*ast.CaseClause).List {
			w.condition(e)
		}
	}
}

// isCondition returns whether an expression that is returned is worth a mutant: a computed bool.
func (w *rewriter) isCondition(e ast.Expr) bool {
	switch e.(type) {
	case *ast.BinaryExpr, *ast.CallExpr, *ast.UnaryExpr:
	default:
		return false
	}
	basic, ok := w.info.TypeOf(e).(*types.Basic)
	return ok && basic.Kind() == types.Bool && w.info.Types[e].Value == nil
}

// condition makes it true, and false.
func (w *rewriter) condition(e ast.Expr) {
	if !w.isPlainBool(e) {
		return
	}
	id := w.add(e, "condition is true")
	w.add(e, "condition is false")
	w.wrap(e, fmt.Sprintf("mutantBool(%d, ", id), ")")
}

func (w *rewriter) isPlainBool(e ast.Expr) bool {
	if w.info.Types[e].Value != nil {
		return false
	}
	basic, ok := w.info.TypeOf(e).(*types.Basic)
	return ok && (basic.Kind() == types.Bool || basic.Kind() == types.UntypedBool)
}

// operand takes a part of a condition out: of && it is true, of || it is false.
func (w *rewriter) operand(e ast.Expr, of token.Token) {
	if !w.isPlainBool(e) {
		return
	}
	if of == token.LAND {
		w.wrap(e, fmt.Sprintf("mutantTrue(%d, ", w.add(e, "operand is true")), ")")
		return
	}
	w.wrap(e, fmt.Sprintf("mutantFalse(%d, ", w.add(e, "operand is false")), ")")
}

// swapped names the functions that stand for operators with a neighbour.
var swapped = map[token.Token]struct{ function, operator string }{
	token.LSS: {"mutantLess", "< is <="},
	token.LEQ: {"mutantLessEqual", "<= is <"},
	token.GTR: {"mutantMore", "> is >="},
	token.GEQ: {"mutantMoreEqual", ">= is >"},
	token.ADD: {"mutantAdd", "+ is -"},
	token.SUB: {"mutantSub", "- is +"},
}

// binary mutates an operator, and the operands of && and ||.
func (w *rewriter) binary(n *ast.BinaryExpr) {
	if n.Op == token.LAND || n.Op == token.LOR {
		w.operand(n.X, n.Op)
		w.operand(n.Y, n.Op)
		return
	}
	swap, known := swapped[n.Op]
	if !known || w.info.Types[n].Value != nil || !w.areNumbers(n.X, n.Y) {
		return
	}
	id := w.add(n, swap.operator)
	w.wrap(n, fmt.Sprintf("%s(%d, ", swap.function, id), ")")
	w.edits = append(w.edits, edit{offset: w.file.Offset(n.OpPos), length: len(n.Op.String()), text: ","})
}

func (w *rewriter) areNumbers(all ...ast.Expr) bool {
	return !slices.ContainsFunc(all, func(e ast.Expr) bool {
		basic, ok := w.info.TypeOf(e).Underlying().(*types.Basic)
		return !ok || basic.Info()&types.IsNumeric == 0
	})
}

// statements drops one statement at a time.
func (w *rewriter) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt:
			if !isPanic(s.X) && !isLog(s.X) { // a function may end with a panic; no decision depends on a log
				w.drop(s)
			}
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE && !isBlank(s) {
				w.drop(s)
			}
		case *ast.IncDecStmt:
			w.drop(s)
		}
	}
}

// isPanic returns whether the expression is a call of panic.
func isPanic(e ast.Expr) bool {
	call, isCall := e.(*ast.CallExpr)
	if !isCall {
		return false
	}
	name, isName := call.Fun.(*ast.Ident)
	return isName && name.Name == "panic"
}

// isLog reports whether the expression is a call of a logger.
func isLog(e ast.Expr) bool {
	call, isCall := e.(*ast.CallExpr)
	if !isCall {
		return false
	}
	method, isMethod := call.Fun.(*ast.SelectorExpr)
	if !isMethod {
		return false
	}
	logger, isName := method.X.(*ast.Ident)
	return isName && logger.Name == "log"
}

// isBlank returns whether nothing is assigned to anything.
func isBlank(s *ast.AssignStmt) bool {
	return !slices.ContainsFunc(s.Lhs, func(e ast.Expr) bool {
		ident, ok := e.(*ast.Ident)
		return !ok || ident.Name != "_"
	})
}

func (w *rewriter) drop(s ast.Stmt) {
	w.wrap(s, fmt.Sprintf("if mutantKeep(%d) { ", w.add(s, "statement is dropped")), " }")
}

// elements leaves out one element of a list of functions at a time.
func (w *rewriter) elements(n *ast.CompositeLit) {
	slice, ok := w.info.TypeOf(n).Underlying().(*types.Slice)
	if !ok || len(n.Elts) == 0 {
		return
	}
	if _, ok := slice.Elem().Underlying().(*types.Signature); !ok {
		return
	}
	first := 0
	for i, e := range n.Elts {
		if id := w.add(e, "element is left out"); i == 0 {
			first = id
		}
	}
	w.wrap(n, fmt.Sprintf("mutantElements(%d, ", first), ")")
}

// add notes a mutant and returns its number.
func (w *rewriter) add(n ast.Node, operator string) int {
	at := w.fset.Position(n.Pos())
	text := strings.Join(strings.Fields(string(w.source[w.file.Offset(n.Pos()):w.file.Offset(n.End())])), " ")
	w.sites = append(w.sites, site{
		id: len(w.sites) + 1, file: filepath.Join(filepath.Base(filepath.Dir(at.Filename)), filepath.Base(at.Filename)),
		line: at.Line, function: w.inside[len(w.inside)-1],
		operator: operator, text: text[:min(len(text), 120)],
	})
	return len(w.sites)
}

// wrap puts text around a node.
func (w *rewriter) wrap(n ast.Node, before, after string) {
	w.edits = append(w.edits, edit{offset: w.file.Offset(n.Pos()), text: before},
		edit{offset: w.file.Offset(n.End()), text: after, isSuffix: true})
}

// apply carries out the edits. What was wrapped first is outermost.
func (w *rewriter) apply() []byte {
	ordered := slices.Clone(w.edits)
	var suffixes, rest []edit
	for _, e := range ordered {
		if e.isSuffix {
			suffixes = append(suffixes, e)
		} else {
			rest = append(rest, e)
		}
	}
	slices.Reverse(suffixes)
	ordered = append(suffixes, rest...) // what ends somewhere ends before what begins there
	slices.SortStableFunc(ordered, func(a, b edit) int { return a.offset - b.offset })
	var out []byte
	at := 0
	for _, e := range ordered {
		out = append(out, w.source[at:e.offset]...)
		out = append(out, e.text...)
		at = e.offset + e.length
	}
	return append(out, w.source[at:]...)
}
