package main

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// campaign is some packages, and the tests that are to catch their mutants.
type campaign struct {
	name  string // of its figures
	dirs  []string
	files *regexp.Regexp // base names; nil: all
	tests []suite        // cheapest first; a mutant that one catches is not shown to the next
	most  int            // mutants of a sample, where the tests take long; 0: as many as are asked for
}

// suite is one test binary and how it is called.
type suite struct {
	dir  string
	args []string
	env  []string
	cpu  int  // seconds of processor time for one process of it; a mutant that takes more is caught by that
	own  bool // it can only catch mutants of its own package, and is shown no others
}

// sees reports whether the suite is shown a mutant.
func (s suite) sees(m site) bool {
	return !s.own || m.id == 0 || filepath.Dir(m.file) == filepath.Base(s.dir)
}

var campaigns = []campaign{
	{name: "core", dirs: coreDirs(), tests: []suite{
		{dir: "internal/rollout", args: []string{"-test.short", "-test.failfast", "-test.skip", "TestForecast|" + longer}, cpu: 15},
		{dir: "internal/rollout", args: []string{"-test.short", "-test.failfast", "-test.run", longer, "-worlds", "60"}, cpu: 30},
		{
			dir:  "internal/rollout/modelcheck",
			args: []string{"-test.short", "-test.failfast", "-test.run", "TestModel", "-states", "400"}, cpu: 30,
		},
		{dir: "internal/rollout", args: []string{"-test.short", "-test.failfast", "-test.run", "TestRandomWorlds", "-worlds", "300"}, cpu: 30},
	}},
	{name: "controllers", dirs: append([]string{shell}, shellRooms...), files: regexp.MustCompile(`^[^z]`), tests: shellTests(), most: 150},
	{name: "errors", dirs: []string{"internal/azure/arm"}, files: regexp.MustCompile(`^(errors|answer)\.go$`), tests: []suite{
		{dir: "internal/azure/arm", args: []string{"-test.failfast"}, cpu: 120},
		{dir: "internal/azure", args: []string{"-test.failfast", "-test.skip", "Bounded|LongestPage"}, cpu: 120},
	}},
}

// longer are the tests of the core that take over half a second: they see the mutants that the others leave.
const longer = "TestLives|TestSituations|TestPace|TestBatchArithmetic|TestRandomWorlds"

// coreDirs are the packages of the core: the data, the planner and its rooms.
func coreDirs() []string {
	dirs := []string{core, core + "/planner"}
	for _, room := range []string{"strategy", "advance", "gate", "task", "view", "batch", "inventory", "target"} {
		dirs = append(dirs, core+"/planner/"+room)
	}
	return dirs
}

// shell is the package of the controllers, and shellRooms are the packages that they are made of.
const shell = "controllers"

var shellRooms = []string{"internal/convert", "internal/revisions", "internal/secrets", "internal/finalizer", "internal/leaderelection"}

// shellTests are the tests of the shell: those of the small packages, then those of the controllers without and with an apiserver.
func shellTests() []suite {
	var tests []suite
	for _, room := range shellRooms {
		tests = append(tests, suite{dir: room, args: []string{"-test.short", "-test.failfast"}, cpu: 120, own: true})
	}
	return append(tests,
		suite{dir: shell, args: []string{"-test.failfast"}, env: []string{"ENVTEST=off"}, cpu: 120},
		suite{dir: shell, args: []string{"-test.failfast"}, cpu: 120})
}

// campaignNames lists them.
func campaignNames() []string {
	var names []string
	for _, c := range campaigns {
		names = append(names, c.name)
	}
	return names
}

// perMutant bounds one run of a suite that waits for ever.
const perMutant = 5 * time.Minute

// report is the result of a campaign.
type report struct {
	campaign string
	tried    int
	left     []site
}

// print writes the survivors, those that are equivalent with their reason, and the figures.
func (r report) print(known map[string]string, survivors io.Writer) {
	gaps := 0
	for _, s := range r.left {
		reason, isKnown := known[s.key()]
		if !isKnown {
			gaps++
			fmt.Fprintf(survivors, "%s %s\n", r.campaign, s)
			continue
		}
		fmt.Fprintf(survivors, "# equivalent: %s %s\n#   %s\n", r.campaign, s, reason)
	}
	score := 100.0
	if r.tried > 0 {
		score = 100 * float64(r.tried-len(r.left)) / float64(r.tried)
	}
	fmt.Printf("figure: mutants_%s %d\nfigure: mutation_score_%s %.1f\n", r.campaign, r.tried, r.campaign, score)
	fmt.Printf("figure: mutants_%s_equivalent %d\nfigure: mutants_%s_gaps %d\n", r.campaign, len(r.left)-gaps, r.campaign, gaps)
}

// run builds the package with all of its mutants, and runs the tests with each.
func (c campaign) run(chosen *regexp.Regexp, o options) (report, error) {
	var r report
	err := withDirectory(func(dir string) error {
		sites, overlay, err := c.instrument(dir)
		if err != nil {
			return err
		}
		if sites, err = o.choose(sites, chosen, c.most); err != nil {
			return err
		}
		binaries, err := c.build(dir, overlay)
		if err != nil {
			return err
		}
		if name, out, caught := c.catch(binaries, site{}); caught {
			return fmt.Errorf("%s fails without a mutant:\n%s", name, out)
		}
		r = report{campaign: c.name, tried: len(sites), left: c.survivors(binaries, sites)}
		return nil
	})
	return r, err
}

// list prints the mutants.
func (c campaign) list(out io.Writer, chosen *regexp.Regexp, o options) error {
	return withDirectory(func(dir string) error {
		sites, _, err := c.instrument(dir)
		if err != nil {
			return err
		}
		sites, err = o.choose(sites, chosen, c.most)
		for _, s := range sites {
			fmt.Fprintln(out, s)
		}
		return err
	})
}

// withDirectory calls do with a new directory, and removes it afterwards.
func withDirectory(do func(dir string) error) error {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	return do(dir)
}

// survivors tries the mutants, as many at a time as there are processors.
func (c campaign) survivors(binaries []string, sites []site) []site {
	lives := make([]bool, len(sites))
	var next, done atomic.Int64
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for n := int(next.Add(1)) - 1; n < len(sites); n = int(next.Add(1)) - 1 {
				_, _, caught := c.catch(binaries, sites[n])
				lives[n] = !caught
				if !caught {
					fmt.Fprintf(os.Stderr, "%s: not caught: %s\n", c.name, sites[n])
				}
				if finished := done.Add(1); finished%50 == 0 {
					fmt.Fprintf(os.Stderr, "%s: %d of %d mutants\n", c.name, finished, len(sites))
				}
			}
		})
	}
	all.Wait()
	var left []site
	for n, s := range sites {
		if lives[n] {
			left = append(left, s)
		}
	}
	return left
}

// catch runs the suites with one mutant until one of them fails, and returns which, and what it printed.
func (c campaign) catch(binaries []string, m site) (name, out string, caught bool) {
	for n, s := range c.tests {
		if !s.sees(m) {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), perMutant)
		bound := []string{"-c", `ulimit -t "$0" && exec "$@"`, strconv.Itoa(s.cpu), binaries[n]}
		cmd := exec.CommandContext(ctx, "sh", append(bound, s.args...)...)
		cmd.Dir = s.dir
		cmd.Env = append(os.Environ(), fmt.Sprintf("MUTANT=%d", m.id), "GOMAXPROCS=1")
		cmd.Env = append(cmd.Env, s.env...)
		printed, err := cmd.CombinedOutput()
		cancel()
		if err != nil {
			return s.dir, string(printed), true
		}
	}
	return "", "", false
}

// instrument writes the rewritten files into the directory and returns the mutants, and the overlay of the build. The mutants of all
// packages are numbered together, so that one number chooses one mutant.
func (c campaign) instrument(dir string) ([]site, string, error) {
	w := &rewriter{}
	replace := map[string]string{}
	for n, from := range c.dirs {
		into := filepath.Join(dir, fmt.Sprint("package", n))
		if err := os.MkdirAll(into, 0o700); err != nil {
			return nil, "", fmt.Errorf("making a directory: %w", err)
		}
		if err := c.instrumentPackage(w, from, into, replace); err != nil {
			return nil, "", err
		}
	}
	overlay, err := writeOverlay(dir, replace)
	return w.sites, overlay, err
}

// writeOverlay writes which files of the build are replaced by which, and returns the file that says so.
func writeOverlay(dir string, replace map[string]string) (string, error) {
	mapping, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, mapping, 0o600)
}

// instrumentPackage does so for one package.
func (c campaign) instrumentPackage(w *rewriter, from, into string, replace map[string]string) error {
	fset := token.NewFileSet()
	files, sources, err := parsePackage(fset, from)
	if err != nil {
		return err
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
	}
	exports, err := exportsOf(from)
	if err != nil {
		return err
	}
	checker := types.Config{Importer: importer.ForCompiler(
		fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	if _, err := checker.Check(from, fset, files, info); err != nil {
		return fmt.Errorf("checking types of %s: %w", from, err)
	}
	w.fset, w.info = fset, info
	for n, f := range files {
		path := fset.File(f.Pos()).Name()
		if c.files != nil && !c.files.MatchString(filepath.Base(path)) {
			continue
		}
		replace[path] = filepath.Join(into, filepath.Base(path))
		if err := os.WriteFile(replace[path], w.rewrite(f, sources[n]), 0o600); err != nil {
			return fmt.Errorf("writing the mutants: %w", err)
		}
	}
	here, err := filepath.Abs(filepath.Join(from, "mutant_runtime.go"))
	if err != nil {
		return err
	}
	replace[here] = filepath.Join(into, "mutant_runtime.go")
	return os.WriteFile(replace[here], fmt.Appendf(nil, runtimeSource, files[0].Name.Name), 0o600)
}

// parsePackage reads the package's files but for its tests.
func parsePackage(fset *token.FileSet, dir string) ([]*ast.File, [][]byte, error) {
	out, err := exec.Command("go", "list", "-f", `{{range .GoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}`, "./"+dir).Output()
	if err != nil {
		return nil, nil, fmt.Errorf("listing the files of %s: %w", dir, err)
	}
	var files []*ast.File
	var sources [][]byte
	for _, path := range strings.Fields(string(out)) {
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		f, err := parser.ParseFile(fset, path, source, parser.ParseComments)
		if err != nil {
			return nil, nil, err
		}
		files, sources = append(files, f), append(sources, source)
	}
	return files, sources, nil
}

// exportsOf returns where the compiled export data of each dependency is.
func exportsOf(dir string) (map[string]string, error) {
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}", "./"+dir).Output()
	if err != nil {
		return nil, fmt.Errorf("listing the dependencies of %s: %w", dir, err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			exports[path] = file
		}
	}
	return exports, nil
}

// build compiles each suite's test binary once.
func (c campaign) build(dir, overlay string) ([]string, error) {
	binaries := make([]string, len(c.tests))
	built := map[string]string{}
	for n, s := range c.tests {
		if built[s.dir] == "" {
			built[s.dir] = filepath.Join(dir, strings.ReplaceAll(s.dir, "/", "-")+".test")
			command := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", built[s.dir], "./"+s.dir)
			if out, err := command.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("building the tests of %s: %w\n%s", s.dir, err, out)
			}
		}
		binaries[n] = built[s.dir]
	}
	return binaries, nil
}

// choose keeps the mutants that the options ask for, and at most so many of a sample.
func (o options) choose(sites []site, chosen *regexp.Regexp, most int) ([]site, error) {
	sample := o.sample
	if most > 0 {
		sample = min(sample, most)
	}
	sites, err := again(sites, o.again)
	return sampled(matching(sites, chosen), sample), err
}

// matching are the mutants whose file and function match.
func matching(sites []site, chosen *regexp.Regexp) []site {
	var list []site
	for _, s := range sites {
		if chosen.MatchString(s.file + " " + s.function) {
			list = append(list, s)
		}
	}
	return list
}

// sampled spreads a sample evenly over the mutants.
func sampled(sites []site, most int) []site {
	if most <= 0 || len(sites) <= most {
		return sites
	}
	var list []site
	for n := range most {
		list = append(list, sites[n*len(sites)/most])
	}
	return list
}
