package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// plantedSource is the source that tells a package with planted bugs which bug is on.
const plantedSource = `package %s

import (
	"os"
	"strconv"
)

var plantedBug = func() int { n, _ := strconv.Atoi(os.Getenv("MUTANT")); return n }()

func plantedValue[T any](value T, id int, wrong T) T {
	if plantedBug == id {
		return wrong
	}
	return value
}
`

// plantAll plants the bugs whose names match into one binary, and prints which test catches each. A survivor is an error.
func plantAll(chosen *regexp.Regexp) error {
	planted := slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return !chosen.MatchString(m.name) })
	return withDirectory(func(dir string) error {
		overlay, err := plant(dir, planted)
		if err != nil {
			return err
		}
		c := campaigns[0]
		binaries, err := c.build(dir, overlay)
		if err != nil {
			return err
		}
		if name, out, caught := c.catch(binaries, site{}); caught {
			return fmt.Errorf("%s fails without a bug:\n%s", name, out)
		}
		return c.catchPlanted(binaries, planted)
	})
}

// catchPlanted runs the tests with one bug after the other. Bugs are numbered from 1.
func (c campaign) catchPlanted(binaries []string, planted []mutant) error {
	survivors := 0
	for n, m := range planted {
		name, out, caught := c.catch(binaries, site{id: n + 1})
		by := strings.Join(failures(out), ", ")
		switch {
		case !caught:
			survivors++
			by = "SURVIVED"
		case by == "":
			by = name + " does not run to its end"
		}
		fmt.Printf("%-60s %s\n", m.name, by)
	}
	fmt.Printf("figure: mutants_planted %d\nfigure: mutants_survived %d\n", len(planted), survivors)
	if survivors > 0 {
		return fmt.Errorf("%d planted bugs were caught by no test", survivors)
	}
	return nil
}

// plant writes copies of the files with the bugs in them into the directory, and returns the overlay of the build.
func plant(dir string, planted []mutant) (string, error) {
	replace, wrong := map[string]string{}, map[string][]plantedText{}
	var all error
	for n, m := range planted {
		text, err := m.find(n + 1)
		if err != nil {
			all = errors.Join(all, fmt.Errorf("%s: %w", m.name, err))
			continue
		}
		wrong[m.file] = append(wrong[m.file], text)
	}
	for n, file := range slices.Sorted(maps.Keys(wrong)) {
		into := filepath.Join(dir, fmt.Sprint("file", n))
		all = errors.Join(all, plantFile(into, file, wrong[file], replace))
	}
	overlay, err := writeOverlay(dir, replace)
	return overlay, errors.Join(all, err)
}

// plantedText is a bug in its place: a text that goes in before an offset, and one that goes in after another.
type plantedText struct {
	begin, end    int
	before, after string
}

// find returns the bug as it is planted. A function begins with the whole of its wrong body, which only the chosen bug carries out.
func (m mutant) find(id int) (plantedText, error) {
	source, err := os.ReadFile(filepath.Join(core, m.file))
	if err != nil {
		return plantedText{}, err
	}
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, m.file, source, parser.SkipObjectResolution)
	if err != nil {
		return plantedText{}, err
	}
	at := strings.Index(string(source), m.what)
	if at < 0 {
		return plantedText{}, fmt.Errorf("%s no longer contains %q", m.file, m.what)
	}
	file := fset.File(parsed.Pos())
	wrong := func(n ast.Node) (string, int, int) {
		begin, end := file.Offset(n.Pos()), file.Offset(n.End())
		return string(source[begin:at]) + m.with + string(source[at+len(m.what):end]), begin, end
	}
	switch n := around(parsed, file.Pos(at), file.Pos(at+len(m.what))).(type) {
	case *ast.FuncDecl:
		body, begin, _ := wrong(n.Body)
		if n.Type.Results == nil {
			body = strings.TrimSuffix(body, "}") + "\nreturn\n}"
		}
		return plantedText{begin: begin + 1, end: begin + 1, before: fmt.Sprintf("\nif plantedBug == %d %s\n", id, body)}, nil
	case ast.Expr:
		value, begin, end := wrong(n)
		return plantedText{begin: begin, end: end, before: "plantedValue(", after: fmt.Sprintf(", %d, %s)", id, value)}, nil
	}
	return plantedText{}, fmt.Errorf("%q lies in no function of %s and in no variable's value", m.what, m.file)
}

// around returns the function, or the value of a variable, that a part of the file lies in.
func around(f *ast.File, begin, end token.Pos) ast.Node {
	for _, decl := range f.Decls {
		for _, n := range values(decl) {
			if n.Pos() <= begin && end <= n.End() {
				if _, isFunc := decl.(*ast.FuncDecl); isFunc {
					return decl
				}
				return n
			}
		}
	}
	return nil
}

// values returns the body of a function, or the values of variables.
func values(decl ast.Decl) []ast.Node {
	var all []ast.Node
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Body != nil {
			all = append(all, d.Body)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if v, isValue := spec.(*ast.ValueSpec); isValue && d.Tok == token.VAR && len(v.Values) == 1 {
				all = append(all, v.Values[0])
			}
		}
	}
	return all
}

// plantFile writes one file with its bugs.
func plantFile(into, name string, bugs []plantedText, replace map[string]string) error {
	original, err := filepath.Abs(filepath.Join(core, name))
	if err != nil {
		return err
	}
	source, err := os.ReadFile(original)
	if err != nil {
		return err
	}
	text := string(source)
	slices.SortStableFunc(bugs, func(a, b plantedText) int { return b.begin - a.begin }) // the last goes in first
	for n, bug := range bugs {
		end := bug.end
		for _, inner := range bugs[:n] {
			if inner.begin == bug.begin && bug.after != "" {
				end += len(inner.before) + len(inner.after) // around the same value
			}
		}
		text = text[:bug.begin] + bug.before + text[bug.begin:end] + bug.after + text[end:]
	}
	helper, pkg := filepath.Join(filepath.Dir(original), "planted_bugs.go"), packageOf(text)
	replace[original], replace[helper] = filepath.Join(into, filepath.Base(name)), filepath.Join(into, "planted_bugs.go")
	return errors.Join(os.MkdirAll(into, 0o700), os.WriteFile(replace[original], []byte(text), 0o600),
		os.WriteFile(replace[helper], fmt.Appendf(nil, plantedSource, pkg), 0o600))
}

// packageOf returns the name in the package clause.
func packageOf(source string) string {
	f, err := parser.ParseFile(token.NewFileSet(), "", source, parser.PackageClauseOnly)
	if err != nil {
		return ""
	}
	return f.Name.Name
}

var failure = regexp.MustCompile(`--- FAIL: (Test\w+)`)

// failures lists the top-level tests that failed.
func failures(out string) []string {
	var names []string
	for _, match := range failure.FindAllStringSubmatch(out, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}
