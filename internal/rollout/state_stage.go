package rollout

import (
	"slices"
	"time"
)

// Stage is the canary step that the run works on, and how far its gate is.
type Stage struct {
	Name         string   `json:"name,omitempty"`         // of the step; "": the first
	Timer        Timer    `json:"timer,omitzero"`         // of the soak, the approval and the bake
	Approved     []string `json:"approved,omitempty"`     // names of the steps that were approved
	Promoted     string   `json:"promoted,omitempty"`     // name of the step whose gate an action opened
	PromoteAll   bool     `json:"promoteAll,omitempty"`   // an action opened all gates
	ChecksPassed []string `json:"checksPassed,omitempty"` // shares whose checks passed, each with the names of the checks
	GateResets   int      `json:"gateResets,omitempty"`   // how often the share fell below its size or its health while it was checked
	FailedCheck  string   `json:"failedCheck,omitempty"`  // the check or hook that the release failed, with its message; "": none
}

func (s Stage) clone() Stage {
	s.Approved, s.ChecksPassed = slices.Clone(s.Approved), slices.Clone(s.ChecksPassed)
	return s
}

// Timer is a stopwatch that can stand still.
type Timer struct {
	Since   time.Time     `json:"since,omitzero"`   // running since; zero: it stands still
	Elapsed time.Duration `json:"elapsed,omitzero"` // what had passed when it last stood still
}

// Passed returns how long the timer has run.
func (t Timer) Passed(at time.Time) time.Duration {
	if t.Since.IsZero() {
		return t.Elapsed
	}
	return t.Elapsed + max(at.Sub(t.Since), 0)
}

// Stopped returns the timer standing still.
func (t Timer) Stopped(at time.Time) Timer { return Timer{Elapsed: t.Passed(at)} }

// Timers are the timers that run beside the gate of the stage.
type Timers struct {
	Progress       ProgressTimer `json:"progress,omitzero"`
	UnhealthySince time.Time     `json:"unhealthySince,omitzero"` // since when exposed instances outside an operation are unhealthy
	ListShortSince time.Time     `json:"listShortSince,omitzero"` // since when the list shows fewer instances than the capacity
}

// ProgressTimer is how long there was no progress while progress was possible. failurePolicy.progressDeadline bounds it.
type ProgressTimer struct {
	Timer
	Reached int `json:"reached,omitempty"` // how many instances were verified when the timer began
}

// IsApproved reports whether the gate of the step was approved in this run.
func (s Stage) IsApproved(step string) bool { return slices.Contains(s.Approved, step) }
