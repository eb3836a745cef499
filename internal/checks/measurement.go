package checks

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Outcome says how one measurement ended.
type Outcome string

// The outcomes.
const (
	// Passed: it was measured, and is as declared.
	Passed Outcome = "Passed"
	// Failed: it was measured, and is not as declared.
	Failed Outcome = "Failed"
	// NoData: there was nothing to measure yet, such as no traffic.
	NoData Outcome = "NoData"
	// Error: it could not be measured. That says nothing about the release.
	Error Outcome = "Error"
)

// The bounds of texts, in bytes. A status shows few checks of many, and leaves out more of them where it would be too large.
const (
	maxValue      = 64
	maxTextLength = 160 // of what was declared, and of what a script printed
	// maxDetail has room for Azure's message and for the command that fixes the problem, with the longest names that Azure allows.
	maxDetail  = 1024
	maxProblem = 400
)

// Measurement is the outcome of measuring a subject once. It fits into a status: every text is bounded.
type Measurement struct {
	At        time.Time `json:"at"` // when it was begun; set by the runner, where the probe does not say
	Outcome   Outcome   `json:"outcome"`
	Value     string    `json:"value,omitempty"`     // what was measured
	Threshold string    `json:"threshold,omitempty"` // what it was held against
	Detail    string    `json:"detail,omitempty"`    // why it is not Passed, for people
	Samples   int       `json:"samples,omitempty"`   // how much data it rests on; a probe that does not count has one
}

func errored(format string, args ...any) Measurement {
	return Measurement{Outcome: Error, Detail: fmt.Sprintf(format, args...)}
}

func noData(format string, args ...any) Measurement {
	return Measurement{Outcome: NoData, Detail: fmt.Sprintf(format, args...)}
}

// clip bounds a text to a number of bytes, without cutting a character, and leaves out what is not printable.
func clip(text string, most int) string {
	var kept strings.Builder
	for _, r := range text {
		if r == '\n' || r == '\t' {
			r = ' '
		}
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			continue
		}
		if kept.Len()+len("…")+len(string(r)) > most {
			return kept.String() + "…"
		}
		kept.WriteRune(r)
	}
	return kept.String()
}

// tail is the end of a text, which is where scripts say why they failed.
func tail(text string, most int) string {
	if len(text) <= most {
		return clip(text, most)
	}
	return clip(strings.ToValidUTF8(text[len(text)-most+len("…"):], ""), most)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
