package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/fzipp/gocyclo"
)

// survey is a walk over the product's files.
type survey struct {
	shape
	root    string
	files   *token.FileSet
	count   map[string]int // of files, by package
	methods map[string]int // by package and type
}

// measure measures everything below the root but imports.
func measure(root string) (shape, error) {
	s := &survey{shape: shape{}, root: root, files: token.NewFileSet(), count: map[string]int{}, methods: map[string]int{}}
	if err := filepath.WalkDir(root, s.visit); err != nil {
		return nil, fmt.Errorf("measuring %s: %w", root, err)
	}
	for dir, files := range s.count {
		s.note(packageFiles, files, dir)
	}
	for name, methods := range s.methods {
		if dir := filepath.Dir(name); isCore(dir) {
			s.note(coreMethods, methods, name)
		} else if within(dir, "internal/azuresim") {
			s.note(simMethods, methods, name)
		}
	}
	if err := s.measureCRD(); err != nil {
		return nil, err
	}
	return s.shape, nil
}

// measureCRD measures the definition of VMSSRollout, which etcd and kubectl bound.
func (s *survey) measureCRD() error {
	found, err := filepath.Glob(filepath.Join(s.root, "config/crd/bases/*vmssrollouts.yaml"))
	if err != nil {
		return fmt.Errorf("looking for the definition of VMSSRollout: %w", err)
	}
	if len(found) != 1 {
		return fmt.Errorf("looking for the definition of VMSSRollout: found %q", found)
	}
	crd, err := os.Stat(found[0])
	if err != nil {
		return fmt.Errorf("measuring the definition of VMSSRollout: %w", err)
	}
	s.note(crdBytes, int(crd.Size()), filepath.Base(found[0]))
	return nil
}

func within(dir, parent string) bool {
	return dir == parent || strings.HasPrefix(dir, parent+"/")
}

// isCore is true for the pure core, without what only its tests use.
func isCore(dir string) bool {
	return within(dir, "internal/rollout") && !within(dir, "internal/rollout/simworld") && !within(dir, "internal/rollout/modelcheck")
}

// visit measures one file of the product and leaves out what is not.
func (s *survey) visit(path string, entry fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	if name := entry.Name(); entry.IsDir() {
		return s.enter(path, name)
	} else if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
		return nil
	}
	return s.read(path)
}

// enter leaves out the directories that hold nothing of the product.
func (s *survey) enter(path, name string) error {
	at, err := filepath.Rel(s.root, path)
	if at == "hack" || at == "bin" || name == "testdata" || at != "." && strings.HasPrefix(name, ".") {
		return filepath.SkipDir
	}
	return err
}

// read measures one file, unless it is generated.
func (s *survey) read(path string) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	relative, err := filepath.Rel(s.root, path)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(s.files, relative, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if !ast.IsGenerated(file) {
		s.measureFile(filepath.ToSlash(relative), source, file)
	}
	return nil
}

func (s *survey) measureFile(path string, source []byte, file *ast.File) {
	dir := filepath.Dir(path)
	s.count[dir]++
	s.note(codeLines, linesOfCode(source), path)
	if path == "main.go" {
		s.note(mainLines, bytes.Count(source, []byte("\n")), path)
	}
	s.measureLines(path, source)
	for _, f := range gocyclo.AnalyzeASTFile(file, s.files, nil) {
		if f.Complexity > 10 {
			s.note(complexFunctions, f.Complexity, fmt.Sprintf("%s: %s", f.Pos, f.FuncName))
		}
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			s.measureFunction(dir, d)
		case *ast.GenDecl:
			s.measureNames(d)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, is := n.(*ast.TypeSpec); is && isCore(dir) {
			if t, is := spec.Type.(*ast.StructType); is {
				s.note(structFields, fieldsOf(t), s.at(spec, spec.Name.Name))
			}
		}
		return true
	})
}

func (s *survey) measureLines(path string, source []byte) {
	number := 0
	for line := range bytes.Lines(source) {
		number++
		if width := utf8.RuneCount(bytes.TrimRight(line, "\r\n")); width > 140 && !isMarker(line) {
			s.note(longLines, width, fmt.Sprintf("%s:%d", path, number))
		}
	}
}

// isMarker is true for what controller-gen reads, which cannot be wrapped.
func isMarker(line []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(line, "\t"), []byte("// +"))
}

func (s *survey) at(n ast.Node, name string) string {
	return fmt.Sprintf("%s: %s", s.files.Position(n.Pos()), name)
}

// linesOfCode counts the lines that hold more than blanks and comments.
func linesOfCode(source []byte) int {
	files, lines := token.NewFileSet(), map[int]bool{}
	file := files.AddFile("", -1, len(source))
	var tokens scanner.Scanner
	tokens.Init(file, source, nil, 0)
	for {
		at, kind, text := tokens.Scan()
		if kind == token.EOF {
			return len(lines)
		}
		if kind == token.SEMICOLON && text == "\n" {
			continue // the scanner's own
		}
		for first, more := file.Line(at), strings.Count(text, "\n"); more >= 0; more-- {
			lines[first+more] = true
		}
	}
}

func fieldsOf(t *ast.StructType) int {
	n := 0
	for _, field := range t.Fields.List {
		n += max(len(field.Names), 1)
	}
	return n
}

func (s *survey) measureFunction(dir string, f *ast.FuncDecl) {
	name, exported := f.Name.Name, f.Name.IsExported()
	if f.Recv != nil {
		receiver := receiverOf(f.Recv.List[0].Type)
		s.methods[dir+"/"+receiver]++
		name, exported = receiver+"."+name, exported && ast.IsExported(receiver)
	}
	if lines := s.files.Position(f.End()).Line - s.files.Position(f.Pos()).Line + 1; lines > 50 {
		s.note(longFunctions, lines, s.at(f, name))
	}
	if exported && f.Doc == nil {
		s.note(undocumentedExports, 1, s.at(f, name))
	}
}

// receiverOf returns the name of the type that has the method.
func receiverOf(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.StarExpr:
		return receiverOf(e.X)
	case *ast.IndexExpr:
		return receiverOf(e.X)
	case *ast.IndexListExpr:
		return receiverOf(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// measureNames looks for names without a comment: of their own, beside them, or of their group.
func (s *survey) measureNames(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch n := spec.(type) {
		case *ast.TypeSpec:
			s.measureName(n.Name, d.Doc, n.Doc, n.Comment)
		case *ast.ValueSpec:
			for _, name := range n.Names {
				s.measureName(name, d.Doc, n.Doc, n.Comment)
			}
		}
	}
}

// measureName notes an exported name that has none of the comments.
func (s *survey) measureName(name *ast.Ident, comments ...*ast.CommentGroup) {
	for _, comment := range comments {
		if comment != nil {
			return
		}
	}
	if name.IsExported() {
		s.note(undocumentedExports, 1, s.at(name, name.Name))
	}
}
