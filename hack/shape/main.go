// Command shape measures the product's packages: all Go files outside of hack that are neither tests nor generated. It prints each figure,
// and below a figure that exceeds its limit what exceeds it. Exported names are those of packages and methods, not fields; a marker of
// controller-gen is no line, since it cannot be wrapped.
package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/hack/archtest"
)

// offendersShown is how many offenders are listed below a figure.
const offendersShown = 10

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "shape:", err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	arrows, err := archtest.Violations()
	if err != nil {
		return err
	}
	measured, err := measure(".")
	if err != nil {
		return err
	}
	for _, arrow := range arrows {
		measured.note(arrowsUp, 1, arrow)
	}
	measured.print(out)
	return nil
}

// The names of the figures.
const (
	structFields        = "core_struct_fields_max"
	coreMethods         = "core_methods_on_a_type_max"
	simMethods          = "sim_methods_on_a_type_max"
	packageFiles        = "package_files_max"
	arrowsUp            = "import_arrows_up"
	longFunctions       = "functions_over_50"
	complexFunctions    = "complexity_over_10"
	longLines           = "lines_over_140"
	undocumentedExports = "undocumented_exports"
	mainLines           = "main_lines"
	crdBytes            = "crd_bytes"
	codeLines           = "product_code_lines"
)

// figures are all figures, in the order in which they are printed.
var figures = []struct {
	name  string
	of    func([]observation) int
	limit int // without meaning where nothing limits the figure
	free  bool
}{
	{name: structFields, of: largest, limit: 16},
	{name: coreMethods, of: largest, limit: 40},
	{name: simMethods, of: largest, limit: 60},
	{name: packageFiles, of: largest, limit: 25},
	{name: arrowsUp, of: number},
	{name: longFunctions, of: number},
	{name: complexFunctions, of: number},
	{name: longLines, of: number},
	{name: undocumentedExports, of: number},
	{name: mainLines, of: largest, limit: 150},
	{name: crdBytes, of: largest, limit: 150 * 1024},
	{name: codeLines, of: total, free: true},
}

// observation is one thing that was measured, and where.
type observation struct {
	value int
	where string
}

// shape holds what was measured, by the name of its figure.
type shape map[string][]observation

func (s shape) note(figure string, value int, where string) {
	s[figure] = append(s[figure], observation{value, where})
}

func number(seen []observation) int { return len(seen) }

func largest(seen []observation) int {
	most := 0
	for _, o := range seen {
		most = max(most, o.value)
	}
	return most
}

func total(seen []observation) int {
	sum := 0
	for _, o := range seen {
		sum += o.value
	}
	return sum
}

func (s shape) print(out io.Writer) {
	for _, f := range figures {
		value := f.of(s[f.name])
		fmt.Fprintf(out, "figure: %s %d\n", f.name, value)
		if f.free || value <= f.limit {
			continue
		}
		offenders := slices.DeleteFunc(slices.Clone(s[f.name]), func(o observation) bool { return o.value <= f.limit })
		slices.SortStableFunc(offenders, func(a, b observation) int { return cmp.Compare(b.value, a.value) })
		for _, o := range offenders[:min(len(offenders), offendersShown)] {
			fmt.Fprintf(out, "    %d\t%s\n", o.value, o.where)
		}
		if more := len(offenders) - offendersShown; more > 0 {
			fmt.Fprintf(out, "    and %d more\n", more)
		}
	}
}
