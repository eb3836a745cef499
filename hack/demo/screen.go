package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Colours, as terminals understand them.
const (
	bold  = "1"
	dim   = "2"
	green = "32"
	cyan  = "36"
)

// screen is the output that a person follows.
type screen struct {
	out    io.Writer
	colour bool
	broken context.CancelCauseFunc // told when the output has no reader any more
	acts   []act
}

// act is one part of the play and when it began.
type act struct {
	title string
	began time.Time
}

func newScreen(out *os.File, broken context.CancelCauseFunc) *screen {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &screen{out: out, colour: terminal && os.Getenv("NO_COLOR") == "", broken: broken}
}

// line prints one line.
func (s *screen) line(format string, args ...any) {
	if _, err := fmt.Fprintf(s.out, format+"\n", args...); err != nil {
		s.broken(fmt.Errorf("printing: %w", err))
	}
}

// paint gives text a colour where there are colours.
func (s *screen) paint(colour, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// act begins a part of the play and ends the one before.
func (s *screen) act(title string) {
	s.acts = append(s.acts, act{title, time.Now()})
	s.line("")
	s.line("%s", s.paint(bold, "==> "+title))
}

// note says what happens, or what it means.
func (s *screen) note(format string, args ...any) { s.line("    %s", fmt.Sprintf(format, args...)) }

// command shows a command as a user would type it.
func (s *screen) command(words ...string) {
	s.line("    %s", s.paint(cyan, "$ "+strings.Join(words, " ")))
}

// output shows what a command printed.
func (s *screen) output(text string) {
	for line := range strings.Lines(text) {
		s.line("    %s", strings.TrimRight(line, "\n"))
	}
}

// live shows a line of progress and when it came.
func (s *screen) live(text string) {
	s.line("    %s  %s", s.paint(dim, fmt.Sprintf("%6.1f s", time.Since(began).Seconds())), text)
}

// remark adds to a line of progress why it is so.
func (s *screen) remark(text string) { s.line("               %s", s.paint(dim, text)) }

// figure prints a measured figure in the form that all of the project's figures have.
func (s *screen) figure(name string, value time.Duration) {
	s.line("figure: %s %.1f", name, value.Seconds())
}

// summary says how long each act took.
func (s *screen) summary() {
	ended := time.Now()
	s.line("")
	s.line("%s", s.paint(bold, "==> Times"))
	for i, a := range s.acts {
		until := ended
		if i+1 < len(s.acts) {
			until = s.acts[i+1].began
		}
		s.note("%5.1f s  %s", until.Sub(a.began).Seconds(), a.title)
	}
	s.note("%5.1f s  in all", ended.Sub(began).Seconds())
}
