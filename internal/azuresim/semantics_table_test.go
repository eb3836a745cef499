package azuresim

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle"
)

var (
	section    = regexp.MustCompile(`§[\d.]*\d`)
	quotedTest = regexp.MustCompile("`(Test\\w+)`")
	factRow    = regexp.MustCompile(`^\| (§[\d.]+) \| (.+) \| (.*?) ?\| (.+) \|$`)
	switchRow  = regexp.MustCompile("^\\| (§[\\d.]+) \\| `(\\w+)` \\| .+ \\| (.+) \\| `(Test\\w+)` \\|$")
)

func note(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "design", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// testHere is a test of this package: the file it is in, and the sections of docs/azure.md that its comment cites.
type testHere struct {
	file  string
	cites []string
}

// testsHere are the tests of this package, by name.
func testsHere(t *testing.T) map[string]testHere {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]testHere{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, isFunc := d.(*ast.FuncDecl); isFunc && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				found[f.Name.Name] = testHere{file, section.FindAllString(f.Doc.Text(), -1)}
			}
		}
	}
	return found
}

// TestReadmeDurations holds the README's durations of upgrades to the defaults.
func TestReadmeDurations(t *testing.T) {
	d := kernel.Durations{}.WithDefaults()
	want := fmt.Sprintf("%v s for an upgrade by script, %v s for one by image", d.Upgrade.Seconds(), d.UpgradeImage.Seconds())
	if !strings.Contains(note(t, filepath.Join("..", "..", "hack", "azuresim", "README.md")), want) {
		t.Errorf("hack/azuresim/README.md does not say %q", want)
	}
}

// row is a line of docs/design/0006-semantics.md.
type row struct {
	section, fact  string
	status, reason string
	tests          []string
}

func semanticsRows(t *testing.T) []row {
	t.Helper()
	var list []row
	for line := range strings.Lines(note(t, "0006-semantics.md")) {
		parts := factRow.FindStringSubmatch(strings.TrimSpace(line))
		if parts == nil {
			continue
		}
		r := row{section: parts[1], fact: parts[2]}
		r.status, r.reason, _ = strings.Cut(parts[4], ": ")
		for _, name := range quotedTest.FindAllStringSubmatch(parts[3], -1) {
			r.tests = append(r.tests, name[1])
		}
		list = append(list, r)
	}
	return list
}

// problems returns the errors of a row, given the tests that exist. A row that the replay of recorded traffic holds cites nothing: the
// replay judges all of it.
func (r row) problems(exist map[string]testHere) []string {
	var list []string
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	switch r.status {
	case "held", "switch":
		if !slices.ContainsFunc(r.tests, func(name string) bool { return slices.Contains(exist[name].cites, r.section) }) {
			say("no test of %q cites %s", r.fact, r.section)
		}
	case "recorded":
		if len(r.tests) == 0 {
			say("nothing holds the simulator to %q", r.fact)
		}
	case "no":
		if r.reason == "" || len(r.tests) > 0 {
			say("%q needs a reason, and has no test", r.fact)
		}
	default:
		say("%q is neither held, nor a switch, recorded, or left out", r.fact)
	}
	for _, name := range r.tests {
		if exist[name].file == "" {
			say("%q names %s, which there is not", r.fact, name)
		}
	}
	return list
}

// sections are those of docs/azure.md that the note has to have rows of.
var sections = []string{"§2.1", "§2.2", "§2.3", "§2.4", "§2.5", "§2.6", "§2.7", "§2.8", "§2.9", "§2.10", "§6"}

// TestSemanticsTable holds docs/design/0006-semantics.md against the tests that there are.
func TestSemanticsTable(t *testing.T) {
	exist, named, rows := testsHere(t), map[string]bool{}, map[string]int{}
	for _, r := range semanticsRows(t) {
		rows[r.section]++
		for _, name := range r.tests {
			named[name] = true
		}
		for _, problem := range r.problems(exist) {
			t.Error(problem)
		}
	}
	for _, section := range sections {
		if rows[section] == 0 {
			t.Errorf("%s of docs/azure.md has no row", section)
		}
	}
	for name, test := range exist {
		// they are in the other table, or none
		isOfSwitches := test.file == "semantics_switches_test.go" || test.file == "semantics_table_test.go"
		if strings.HasPrefix(test.file, "semantics_") && !isOfSwitches && !named[name] {
			t.Errorf("%s is in no row", name)
		}
	}
}

// A row needs a test that cites its section, or a reason.
func TestSemanticsRows(t *testing.T) {
	exist := map[string]testHere{"TestA": {"a_test.go", []string{"§2.1", "§2.10"}}}
	for name, tc := range map[string]struct {
		row
		want int
	}{
		"cites it":         {row{section: "§2.10", status: "held", tests: []string{"TestA"}}, 0},
		"cites another":    {row{section: "§2.2", status: "switch", tests: []string{"TestA"}}, 1},
		"cites a longer":   {row{section: "§2", status: "held", tests: []string{"TestA"}}, 1},
		"is not there":     {row{section: "§2.1", status: "held", tests: []string{"TestA", "TestB"}}, 1},
		"no test":          {row{section: "§2.1", status: "held"}, 1},
		"recorded":         {row{section: "§6", status: "recorded", tests: []string{"TestA"}}, 0},
		"not recorded":     {row{section: "§6", status: "recorded"}, 1},
		"left out":         {row{section: "§6", status: "no", reason: "not known"}, 0},
		"without a reason": {row{section: "§6", status: "no"}, 1},
		"no status":        {row{section: "§6", status: "maybe"}, 1},
	} {
		mustEqual(t, name, len(tc.problems(exist)), tc.want)
	}
}

// TestSwitchTable holds the tables of switches in docs/simulator.md, that of throttling among them, against the code.
func TestSwitchTable(t *testing.T) {
	exist, rows := testsHere(t), map[string][]string{}
	for line := range strings.Lines(note(t, filepath.Join("..", "simulator.md"))) {
		if row := switchRow.FindStringSubmatch(strings.TrimSpace(line)); row != nil {
			rows[row[2]] = row
		}
	}
	for _, structure := range []reflect.Type{reflect.TypeFor[kernel.Switches](), reflect.TypeFor[throttle.PerMinuteChoices]()} {
		for _, field := range reflect.VisibleFields(structure) {
			name, choices := field.Tag.Get("json"), "0: none"
			if field.Type == reflect.TypeFor[kernel.Choice]() {
				choices = strings.Join(kernel.ChoicesOf(structure, field), ", ")
			}
			row := rows[name]
			if row == nil {
				t.Errorf("switch %s is not in the table", name)
				continue
			}
			mustEqual(t, "fact of "+name, row[1], field.Tag.Get("fact"))
			mustEqual(t, "choices of "+name, row[3], choices)
			if exist[row[4]].file == "" {
				t.Errorf("switch %s names %s, which there is not", name, row[4])
			}
			delete(rows, name)
		}
	}
	for name := range rows {
		t.Errorf("there is no switch %s", name)
	}
}
