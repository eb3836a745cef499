package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// report holds the results of a run.
type report struct {
	rows        []row
	comparisons []comparison
}

func (r *report) passed() int {
	n := 0
	for _, row := range r.rows {
		if row.passed {
			n++
		}
	}
	return n
}

// failure is an error if a row failed.
func (r *report) failure() error {
	if failed := len(r.rows) - r.passed(); failed > 0 {
		return fmt.Errorf("%d of %d rows failed", failed, len(r.rows))
	}
	return nil
}

// print prints the tables, and the figures in the form that all of the project's have.
func (r *report) print(out io.Writer) {
	fmt.Fprintln(out, r.tables())
	fmt.Fprintf(out, "figure: walkthrough_rows_passed %d\n", r.passed())
	fmt.Fprintf(out, "figure: walkthrough_rows_failed %d\n", len(r.rows)-r.passed())
	for _, c := range r.comparisons {
		suffix := ""
		if c.kind != "script" {
			suffix = "_" + c.kind
		}
		fmt.Fprintf(out, "figure: byhand_arm_calls%s %d\n", suffix, c.byHand.calls())
		fmt.Fprintf(out, "figure: ours_arm_calls%s %d\n", suffix, c.ours.calls())
	}
}

// tables is the generated part of docs/walkthrough.md.
func (r *report) tables() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d rows passed:\n\n| row | result | |\n|---|---|---|\n", r.passed(), len(r.rows))
	for _, row := range r.rows {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row.name, row.seen, map[bool]string{true: "passed", false: "**failed**"}[row.passed])
	}
	for _, c := range r.comparisons {
		fmt.Fprintf(&b, "\nThe canary by %s: one of three, then the rest one by one. Both ways ended in the same state.\n\n", c.kind)
		b.WriteString("| | by hand, with az | with a VMSSRollout |\n|---|---|---|\n")
		for _, line := range c.lines() {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", line[0], line[1], line[2])
		}
	}
	return b.String()
}

func (c comparison) lines() [][3]string {
	h, o := c.byHand, c.ours
	calls := func(c cost) string {
		return fmt.Sprintf("%d (%d reads, %d writes, %d polls)", c.calls(), c.reads, c.writes, c.polls)
	}
	return [][3]string{
		{"ARM calls", calls(h), calls(o)},
		{"instance-seconds out of service (no page)", seconds(h.unserved), seconds(o.unserved)},
		{"instance-seconds in Azure's hands (not Succeeded)", seconds(h.worked), seconds(o.worked)},
		{"wall time", seconds(h.lasted) + " s", seconds(o.lasted) + " s"},
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }

// What the generated part of a document is between.
const (
	beginMark = "<!-- make walkthrough-docs writes from here -->"
	endMark   = "<!-- to here -->"
)

// write puts the tables into a document.
func (r *report) write(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	before, rest, found := strings.Cut(string(text), beginMark)
	_, after, ended := strings.Cut(rest, endMark)
	if !found || !ended {
		return errors.New("the document has no generated part: " + beginMark + " … " + endMark)
	}
	text = []byte(before + beginMark + "\n\n" + r.tables() + "\n" + endMark + after)
	return os.WriteFile(path, text, 0o644)
}
