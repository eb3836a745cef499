package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestMeasure measures a product whose figures can be counted by hand.
func TestMeasure(t *testing.T) {
	measured, err := measure("testdata/product")
	if err != nil {
		t.Fatal(err)
	}
	measured.note(arrowsUp, 1, "internal/rollout imports controllers")
	var out bytes.Buffer
	measured.print(&out)
	want := `figure: core_struct_fields_max 3
figure: core_methods_on_a_type_max 2
figure: sim_methods_on_a_type_max 2
figure: package_files_max 1
figure: import_arrows_up 1
    1	internal/rollout imports controllers
figure: functions_over_50 1
    52	internal/azuresim/server.go:7:1: Server.serve
figure: complexity_over_10 1
    11	internal/azuresim/server.go:7:1: (*Server).serve
figure: lines_over_140 1
    154	internal/rollout/plan.go:24
figure: undocumented_exports 3
    1	internal/rollout/plan.go:10:6: Base
    1	internal/rollout/plan.go:18:5: Loose
    1	internal/rollout/plan.go:24:1: Memory.Two
figure: main_lines 4
figure: crd_bytes 2048
figure: product_code_lines 75
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestOffendersAreFew: a figure that is far off lists the worst, and how many more there are.
func TestOffendersAreFew(t *testing.T) {
	s := shape{}
	for fields := range 30 {
		s.note(structFields, fields, "a type")
	}
	var out bytes.Buffer
	s.print(&out)
	if got := out.String(); !strings.HasPrefix(got, "figure: core_struct_fields_max 29\n    29\ta type\n") ||
		!strings.Contains(got, "    and 3 more\n") {
		t.Errorf("got\n%s", got)
	}
}

// TestNoDefinition: a figure that cannot be measured is an error, not zero.
func TestNoDefinition(t *testing.T) {
	if _, err := measure(t.TempDir()); err == nil {
		t.Error("there is no definition of VMSSRollout to measure, and no error")
	}
}
