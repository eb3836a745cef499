package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestCampaign tries every mutant of a small package whose test misses two of them.
func TestCampaign(t *testing.T) {
	c := campaign{name: "small", dirs: []string{"testdata/small"}, tests: []suite{{dir: "testdata/small", cpu: 60}}}
	got, err := c.run(regexp.MustCompile(""), options{})
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, s := range got.left {
		left = append(left, s.String())
	}
	want := []string{
		"small/small.go:12 Within: < is <=: n < high",
		"small/small.go:19 Count: statement is dropped: seen++",
	}
	if !slices.Equal(left, want) {
		t.Errorf("survivors %q, want %q", left, want)
	}
	var list strings.Builder
	if err := c.list(&list, regexp.MustCompile("Within"), options{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(list.String(), "\n"); n != 6 { // the result is true or false, each operand is true, and two operators
		t.Errorf("%d mutants of Within:\n%s", n, &list)
	}
	if got.tried != 14 {
		t.Errorf("%d mutants, want 14", got.tried)
	}
}

// TestPlantedExist: each bug that was written by hand can still be planted, and changes something. Code that moves takes its bugs along.
func TestPlantedExist(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	for _, m := range mutants {
		if text, err := m.find(1); err != nil || m.what == m.with || text.before == "" {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

// TestSampled: a sample is spread evenly, and never larger than what there is.
func TestSampled(t *testing.T) {
	sites := make([]site, 10)
	for n := range sites {
		sites[n].id = n
	}
	var ids []int
	for _, s := range sampled(sites, 3) {
		ids = append(ids, s.id)
	}
	if !slices.Equal(ids, []int{0, 3, 6}) || len(sampled(sites, 0)) != 10 || len(sampled(sites, 20)) != 10 {
		t.Errorf("sampled %v", ids)
	}
	for sample, want := range map[int]int{0: 10, 3: 3, 8: 5} {
		if got, err := (options{sample: sample}).choose(sites, regexp.MustCompile(""), 5); err != nil || len(got) != want {
			t.Errorf("a sample of %d has %d mutants, want %d: %v", sample, len(got), want, err)
		}
	}
}

// TestEquivalentExist: each mutant that is listed as equivalent can still be made. Code that moves takes its reasons along.
func TestEquivalentExist(t *testing.T) {
	known, err := reasons(equivalentText)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join("..", ".."))
	for _, c := range campaigns {
		sites, _, err := c.instrument(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sites {
			delete(known, s.key())
		}
	}
	for mutant := range known {
		t.Errorf("there is no mutant %q", mutant)
	}
}

// TestReasons: a mutant without a reason, a reason without a mutant and a mutant listed twice are errors.
func TestReasons(t *testing.T) {
	got, err := reasons("# list\na.go F: x\n\tOne reason,\n\tgoing on.\n")
	if err != nil || got["a.go F: x"] != "One reason, going on." {
		t.Errorf("got %q, %v", got, err)
	}
	for _, wrong := range []string{"a.go F: x\n", "\tbecause\n", "a\n\tb\na\n\tb\n"} {
		if got, err := reasons(wrong); err == nil {
			t.Errorf("%q is read as %q", wrong, got)
		}
	}
}

// TestAgain: only the mutants of a former list are tried, wherever they lie now.
func TestAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "survivors.txt")
	s := site{file: "view/view.go", line: 7, function: "F", operator: "+ is -", text: "a + b"}
	if err := os.WriteFile(file, []byte("core view/view.go:3 F: + is -: a + b\n# equivalent\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := s
	other.text = "a + c"
	got, err := again([]site{s, other}, file)
	if err != nil || !slices.Equal(got, []site{s}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestSuitesSee: a suite of its own package is not shown the mutants of others, but runs without a mutant.
func TestSuitesSee(t *testing.T) {
	own, all := suite{dir: "internal/convert", own: true}, suite{dir: "controllers"}
	for file, want := range map[string]bool{"convert/plan.go": true, "controllers/plan.go": false} {
		m := site{id: 7, file: file}
		if own.sees(m) != want || !all.sees(m) || !own.sees(site{}) {
			t.Errorf("%s: convert's tests see it: %t, want %t", file, own.sees(m), want)
		}
	}
}
