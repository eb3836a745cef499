package checks

import (
	"fmt"
	"time"
)

// Rule says how a run of measurements becomes a verdict. It is pure: the same state and measurement give the same state.
type Rule struct {
	// InitialDelay passes before the first measurement.
	InitialDelay time.Duration
	// Interval is between the beginnings of two measurements.
	Interval time.Duration
	// LongestInterval is up to where each error in a row doubles the interval; 0: it stays as it is.
	LongestInterval time.Duration
	// Count is how many measurements, passed and tolerated failures together, end the run well. Errors and waiting for data do not
	// count. 0: the run goes on until it is stopped.
	Count int
	// FailureLimit is how many failed measurements are tolerated, in all.
	FailureLimit int
	// ErrorLimit is how many errors are tolerated in a row.
	ErrorLimit int
	// MinSamples is how much data a measurement must rest on; with less it is no data.
	MinSamples int
	// OnNoData says what a measurement without data counts as.
	OnNoData OnNoData
}

// OnNoData says what a measurement without data counts as. The zero value waits.
type OnNoData string

// What a measurement without data counts as.
const (
	// WaitForData: as nothing. The run goes on until there is data or it is stopped.
	WaitForData OnNoData = "Wait"
	// PassWithoutData: as a measurement that passed.
	PassWithoutData OnNoData = "Pass"
	// FailWithoutData: as one that failed.
	FailWithoutData OnNoData = "Fail"
)

// Verdict is the result of a run. The zero value is none yet.
type Verdict string

// The verdicts. All but Running are final.
const (
	VerdictRunning Verdict = ""
	VerdictPassed  Verdict = "Passed"
	VerdictFailed  Verdict = "Failed"
	// VerdictErrored: it could not be measured, more often in a row than is tolerated. It says nothing about the release.
	VerdictErrored Verdict = "Errored"
)

// State is all that is known of a run: it is enough to go on after a crash, and small enough for a status.
type State struct {
	Begun       time.Time    `json:"begun"`
	Verdict     Verdict      `json:"verdict,omitempty"`
	Because     string       `json:"because,omitempty"` // of a final verdict
	Passed      int          `json:"passed,omitempty"`
	Failed      int          `json:"failed,omitempty"`
	NoData      int          `json:"noData,omitempty"`
	Errors      int          `json:"errors,omitempty"`      // in all
	ErrorsInRow int          `json:"errorsInRow,omitempty"` // since the last measurement that was none
	Last        *Measurement `json:"last,omitempty"`
}

// minInterval keeps a run from being a load.
const minInterval = time.Second

// IsFinal says that nothing more is measured.
func (s State) IsFinal() bool { return s.Verdict != VerdictRunning }

// Due is when a run is to be measured next. It rests on the state alone, so it holds after a crash.
func (r Rule) Due(s State) time.Time {
	if s.Last == nil {
		return s.Begun.Add(r.InitialDelay)
	}
	return s.Last.At.Add(r.pause(s.ErrorsInRow))
}

func (r Rule) pause(errorsInRow int) time.Duration {
	pause := max(r.Interval, minInterval)
	for ; errorsInRow > 1 && pause < r.LongestInterval; errorsInRow-- {
		pause = min(2*pause, r.LongestInterval)
	}
	return pause
}

// Fold adds a measurement. A final state stays as it is, and so does one that already knows this measurement or a later one.
func (r Rule) Fold(s State, m Measurement) State {
	if s.IsFinal() || (s.Last != nil && !m.At.After(s.Last.At)) {
		return s
	}
	m = m.bounded()
	s.Last = &m
	switch r.counted(m) {
	case Passed:
		s.Passed, s.ErrorsInRow = s.Passed+1, 0
	case Failed:
		s.Failed, s.ErrorsInRow = s.Failed+1, 0
	case NoData:
		s.NoData, s.ErrorsInRow = s.NoData+1, 0
	case Error:
		s.Errors, s.ErrorsInRow = s.Errors+1, s.ErrorsInRow+1
	}
	return r.conclude(s)
}

// bounded returns the measurement as it may be stored and shown.
func (m Measurement) bounded() Measurement {
	m.Value, m.Threshold, m.Detail = clip(m.Value, maxValue), clip(m.Threshold, maxTextLength), clip(m.Detail, maxDetail)
	return m
}

// counted returns the outcome that a measurement counts as. An outcome that no probe gives is an error: unknown is never passed.
func (r Rule) counted(m Measurement) Outcome {
	outcome := m.Outcome
	if (outcome == Passed || outcome == Failed) && m.Samples < r.MinSamples {
		outcome = NoData
	}
	switch {
	case outcome == NoData && r.OnNoData == PassWithoutData:
		return Passed
	case outcome == NoData && r.OnNoData == FailWithoutData:
		return Failed
	case outcome == Passed, outcome == Failed, outcome == NoData:
		return outcome
	default:
		return Error
	}
}

// conclude looks whether the counts say something final. Failures come first: a run that ends with one too many has failed.
func (r Rule) conclude(s State) State {
	switch {
	case s.Failed > r.FailureLimit:
		s.Verdict, s.Because = VerdictFailed, fmt.Sprintf("%d failed, tolerated are %d", s.Failed, r.FailureLimit)
	case s.ErrorsInRow > r.ErrorLimit:
		s.Verdict, s.Because = VerdictErrored, fmt.Sprintf("%d errors in a row, tolerated are %d", s.ErrorsInRow, r.ErrorLimit)
	case r.Count > 0 && s.Passed+s.Failed >= r.Count && s.Passed > 0:
		s.Verdict, s.Because = VerdictPassed, fmt.Sprintf("%d passed of %d", s.Passed, s.Passed+s.Failed)
	}
	if s.IsFinal() && s.Verdict != VerdictPassed && s.Last.Detail != "" {
		s.Because = clip(s.Because+"; "+s.Last.Detail, maxDetail)
	}
	return s
}
