package azuresim

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	quotedTest   = regexp.MustCompile("`(Test\\w+)`")
	factRow      = regexp.MustCompile(`^\| (§[\d.]+) \| (.+) \| (.*?) ?\| (.+) \|$`)
	switchRow    = regexp.MustCompile("^\\| (§[\\d.]+) \\| `(\\w+)` \\| .+ \\| (.+) \\| `(Test\\w+)` \\|$")
)

func note(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "design", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// testsHere are the tests of this package, by the file they are in.
func testsHere(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range testFunction.FindAllStringSubmatch(string(text), -1) {
			found[name[1]] = file
		}
	}
	return found
}

// sections are those of azure-facts that the note has to have rows of.
var sections = []string{"§2.1", "§2.2", "§2.3", "§2.4", "§2.5", "§2.6", "§2.7", "§2.8", "§2.9", "§2.10", "§6"}

// TestSemanticsTable holds docs/design/0006-semantics.md against the tests that there are.
func TestSemanticsTable(t *testing.T) {
	exist, named, rows := testsHere(t), map[string]bool{}, map[string]int{}
	for line := range strings.Lines(note(t, "0006-semantics.md")) {
		row := factRow.FindStringSubmatch(strings.TrimSpace(line))
		if row == nil {
			continue
		}
		rows[row[1]]++
		tests := quotedTest.FindAllStringSubmatch(row[3], -1)
		status, reason, _ := strings.Cut(row[4], ": ")
		switch status {
		case "held", "switch", "recorded":
			if len(tests) == 0 {
				t.Errorf("nothing holds the simulator to %q", row[2])
			}
		case "no":
			if reason == "" || len(tests) > 0 {
				t.Errorf("%q needs a reason, and has no test", row[2])
			}
		default:
			t.Errorf("%q is neither held, nor a switch, recorded, or left out", row[2])
		}
		for _, name := range tests {
			named[name[1]] = true
			if exist[name[1]] == "" {
				t.Errorf("%q names %s, which there is not", row[2], name[1])
			}
		}
	}
	for _, section := range sections {
		if rows[section] == 0 {
			t.Errorf("%s of azure-facts has no row", section)
		}
	}
	for name, file := range exist {
		isOfSwitches := file == "semantics_switches_test.go" || file == "semantics_table_test.go" // they are in the other table, or none
		if strings.HasPrefix(file, "semantics_") && !isOfSwitches && !named[name] {
			t.Errorf("%s is in no row", name)
		}
	}
}

// TestSwitchTable holds the table of switches in docs/design/0002-simulator.md against Switches.
func TestSwitchTable(t *testing.T) {
	exist, rows := testsHere(t), map[string][]string{}
	for line := range strings.Lines(note(t, "0002-simulator.md")) {
		if row := switchRow.FindStringSubmatch(strings.TrimSpace(line)); row != nil {
			rows[row[2]] = row
		}
	}
	switches := reflect.TypeFor[Switches]()
	for i := range switches.NumField() {
		field := switches.Field(i)
		name, choices := field.Tag.Get("json"), "0: none"
		if field.Type == reflect.TypeFor[Choice]() {
			choices = strings.Join(strings.Fields(field.Tag.Get("choices")), ", ")
		}
		row := rows[name]
		if row == nil {
			t.Errorf("switch %s is not in the table", name)
			continue
		}
		mustEqual(t, "fact of "+name, row[1], field.Tag.Get("fact"))
		mustEqual(t, "choices of "+name, row[3], choices)
		if exist[row[4]] == "" {
			t.Errorf("switch %s names %s, which there is not", name, row[4])
		}
		delete(rows, name)
	}
	for name := range rows {
		t.Errorf("there is no switch %s", name)
	}
}
