// Command slowest prints the ten slowest tests and packages of the runs whose events `go test -json` wrote into the files given to it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// shown is how many tests and packages are printed.
const shown = 10

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "slowest:", err)
		os.Exit(1)
	}
}

// durations are seconds by the name of a test or a package.
type durations map[string]float64

// run reads the files and prints what took longest in them.
func run(out io.Writer, paths []string) error {
	tests, packages := durations{}, durations{}
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("reading the events of tests: %w", err)
		}
		err = errors.Join(read(file, tests, packages), file.Close())
		if err != nil {
			return fmt.Errorf("reading the events of tests in %s: %w", path, err)
		}
	}
	tests.print(out, "tests")
	packages.print(out, "packages")
	return nil
}

// read adds how long each test and each package took. The time of a subtest is part of its test's.
func read(events io.Reader, tests, packages durations) error {
	for decoder := json.NewDecoder(events); ; {
		var event struct {
			Action, Package, Test string
			Elapsed               float64
		}
		switch err := decoder.Decode(&event); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		switch {
		case event.Action != "pass" && event.Action != "fail", strings.Contains(event.Test, "/"):
		case event.Test == "":
			packages[event.Package] += event.Elapsed
		default:
			tests[event.Package+" "+event.Test] += event.Elapsed
		}
	}
}

// print prints the longest, with their seconds.
func (d durations) print(out io.Writer, what string) {
	names := slices.SortedFunc(maps.Keys(d), func(a, b string) int {
		if d[a] != d[b] {
			return int(d[b]*1000) - int(d[a]*1000)
		}
		return strings.Compare(a, b)
	})
	fmt.Fprintf(out, "the slowest %s, in seconds:\n", what)
	for _, name := range names[:min(shown, len(names))] {
		fmt.Fprintf(out, "%8.1f  %s\n", d[name], name)
	}
}
