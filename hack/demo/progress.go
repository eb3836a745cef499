package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// progress shows the rows of a watched rollout and ends the watch at the status that is waited for, or at one from which there is no
// way to it.
type progress struct {
	screen *screen
	want   string
	end    func()

	pending string // a line whose end is still to come
	row     []string
	message string
	status  string // with which the watch was ended
}

// Where the columns of `kubectl get vmssr -o wide` are.
const (
	columnStatus  = 1
	columnAge     = 5 // the last of the narrow table
	columnMessage = 8
)

// columnGap matches the least space that kubectl puts between columns.
var columnGap = regexp.MustCompile(` {3,}`)

// hopeless are the statuses that do not pass by themselves.
var hopeless = []string{
	v1alpha1.ReasonFailed, v1alpha1.ReasonInvalid, v1alpha1.ReasonDrifted, v1alpha1.ReasonPreflightFailed,
	v1alpha1.ReasonAccessDenied, v1alpha1.ReasonScaleSetNotFound, v1alpha1.ReasonNoEligibleInstances,
}

// Write implements io.Writer.
func (p *progress) Write(text []byte) (int, error) {
	p.pending += string(text)
	for p.status == "" {
		line, rest, whole := strings.Cut(p.pending, "\n")
		if !whole {
			break
		}
		p.pending = rest
		p.read(columnGap.Split(strings.TrimSpace(line), -1))
	}
	return len(text), nil
}

// read shows what is new in a row, and ends the watch where it says so. A rollout that the manager has not looked at yet has too few
// columns, and nothing to be shown.
func (p *progress) read(columns []string) {
	if len(columns) <= columnMessage {
		return
	}
	status := columns[columnStatus]
	// The age alone is no news.
	if row := columns[:columnAge]; !slices.Equal(row, p.row) {
		p.row = row
		p.show(columns, status == p.want)
	}
	if message := columns[columnMessage]; message != p.message {
		p.message = message
		if message != "MESSAGE" {
			p.screen.remark(message)
		}
	}
	if status == p.want || slices.Contains(hopeless, status) {
		p.status = status
		p.end()
	}
}

// show shows the narrow table's part of a row; the whole is too wide for most terminals.
func (p *progress) show(columns []string, good bool) {
	line := fmt.Sprintf("%-12s %-15s %7s %9s %7s %6s", columns[0], columns[1], columns[2], columns[3], columns[4], columns[5])
	if good {
		line = p.screen.paint(green, line)
	}
	p.screen.live(line)
}
