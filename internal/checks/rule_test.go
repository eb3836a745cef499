package checks_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// told folds outcomes written as letters, one interval apart: p passed, f failed, n no data, e error, s passed on one sample only, x
// something no probe says.
func told(r checks.Rule, story string) checks.State {
	s := checks.State{Begun: noon}
	for i, letter := range story {
		m := checks.Measurement{At: noon.Add(time.Duration(i) * r.Interval), Samples: 100}
		switch letter {
		case 'p':
			m.Outcome = checks.Passed
		case 'f':
			m.Outcome, m.Detail = checks.Failed, "status 500"
		case 'n':
			m.Outcome = checks.NoData
		case 'e':
			m.Outcome, m.Detail = checks.Error, "cannot be reached"
		case 's':
			m.Outcome, m.Samples = checks.Passed, 1
		default:
			m.Outcome = checks.Outcome(letter)
		}
		s = r.Fold(s, m)
	}
	return s
}

func TestVerdicts(t *testing.T) {
	rule := checks.Rule{Interval: time.Minute, Count: 3, FailureLimit: 1, ErrorLimit: 2}
	with := func(change func(*checks.Rule)) checks.Rule {
		r := rule
		change(&r)
		return r
	}
	for name, tc := range map[string]struct {
		rule  checks.Rule
		story string
		want  checks.Verdict
	}{
		"nothing measured":                     {rule, "", checks.VerdictRunning},
		"not enough yet":                       {rule, "pp", checks.VerdictRunning},
		"enough":                               {rule, "ppp", checks.VerdictPassed},
		"a tolerated failure counts as a turn": {rule, "pfp", checks.VerdictPassed},
		"one failure too many":                 {rule, "pff", checks.VerdictFailed},
		"too many at the last measurement":     {rule, "fpf", checks.VerdictFailed},
		"errors are no turns":                  {rule, "pepe", checks.VerdictRunning},
		"errors in between are forgiven":       {rule, "peepeep", checks.VerdictPassed},
		"too many errors in a row":             {rule, "peee", checks.VerdictErrored},
		"endpoint down from the start":         {rule, "eee", checks.VerdictErrored},
		"endpoint down is not a failure":       {with(func(r *checks.Rule) { r.FailureLimit = 0 }), "ee", checks.VerdictRunning},
		"no data waits":                        {rule, "nnnnnnnnpp", checks.VerdictRunning},
		"no data, then data":                   {rule, "npnpnp", checks.VerdictPassed},
		"no data breaks a row of errors":       {rule, "eeneen", checks.VerdictRunning},
		"no data passes where that is declared": {with(func(r *checks.Rule) { r.OnNoData = checks.PassWithoutData }), "nnn",
			checks.VerdictPassed},
		"no data fails where that is declared": {with(func(r *checks.Rule) { r.OnNoData = checks.FailWithoutData }), "nn", checks.VerdictFailed},
		"too few samples are no data":          {with(func(r *checks.Rule) { r.MinSamples = 10 }), "ssspp", checks.VerdictRunning},
		"too few samples may fail": {with(func(r *checks.Rule) { r.MinSamples, r.OnNoData = 10, checks.FailWithoutData }),
			"ss", checks.VerdictFailed},
		"final stays final":   {rule, "ffppppp", checks.VerdictFailed},
		"passed stays passed": {rule, "pppfffeee", checks.VerdictPassed},
		"background goes on": {with(func(r *checks.Rule) { r.Count = 0 }), strings.Repeat("p", 100),
			checks.VerdictRunning},
		"background dies":                     {with(func(r *checks.Rule) { r.Count = 0 }), "ppppppppppff", checks.VerdictFailed},
		"what no probe says is an error":      {rule, "xxx", checks.VerdictErrored},
		"tolerated failures alone never pass": {with(func(r *checks.Rule) { r.FailureLimit = 9 }), "ffff", checks.VerdictRunning},
		"answers well for 30 s and then is dead": {with(func(r *checks.Rule) { r.Count, r.Interval = 60, 10*time.Second }), "pppeee",
			checks.VerdictErrored},
		"the first measurement may be all there is": {with(func(r *checks.Rule) { r.Count = 1 }), "p", checks.VerdictPassed},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(tc.rule, tc.story)
			if got.Verdict != tc.want {
				t.Errorf("%q: got %+v, want %q", tc.story, got, tc.want)
			}
			if got.IsFinal() != (got.Because != "") {
				t.Errorf("a final verdict has a reason, and no other: %+v", got)
			}
		})
	}
}

func TestReasonsNameTheLimitAndTheLastDetail(t *testing.T) {
	rule := checks.Rule{Interval: time.Minute, Count: 3, FailureLimit: 1, ErrorLimit: 0}
	if got := told(rule, "pff").Because; got != "2 failed, tolerated are 1; status 500" {
		t.Errorf("got %q", got)
	}
	if got := told(rule, "e").Because; got != "1 errors in a row, tolerated are 0; cannot be reached" {
		t.Errorf("got %q", got)
	}
}

func TestDue(t *testing.T) {
	rule := checks.Rule{InitialDelay: 5 * time.Second, Interval: time.Minute, Count: 3}
	if got := rule.Due(checks.State{Begun: noon}); !got.Equal(noon.Add(5 * time.Second)) {
		t.Errorf("first: %s", got)
	}
	if got := rule.Due(told(rule, "p")); !got.Equal(noon.Add(time.Minute)) {
		t.Errorf("second: %s", got)
	}
	if got := (checks.Rule{}).Due(told(rule, "p")); !got.After(noon) {
		t.Errorf("an interval of nothing would be a busy loop: %s", got)
	}
}

// TestDueAfterErrors lets errors slow a series down, up to a bound, and anything else bring it back to its pace.
func TestDueAfterErrors(t *testing.T) {
	rule := checks.Rule{Interval: time.Second, LongestInterval: 10 * time.Second, Count: 99, ErrorLimit: 99, FailureLimit: 9}
	for story, want := range map[string]int{
		"p": 1, "e": 1, "ee": 2, "eee": 4, "eeee": 8, "eeeee": 10, strings.Repeat("e", 90): 10, "eeeep": 1, "eeeef": 1, "eeeen": 1, "eepe": 1,
	} {
		s := told(rule, story)
		if got := rule.Due(s).Sub(s.Last.At); got != time.Duration(want)*time.Second {
			t.Errorf("%q: due after %s, want %ds", story, got, want)
		}
	}
	rule.LongestInterval = 0
	if s := told(rule, "eeee"); rule.Due(s).Sub(s.Last.At) != time.Second {
		t.Error("a series without a longest interval is slowed down")
	}
}

// TestSeriesProperties folds random stories under random rules and holds each state against laws, and against a fold that was
// interrupted by a crash at every point, its state stored as JSON and read again.
func TestSeriesProperties(t *testing.T) {
	for seed := range uint64(5_000) {
		random := rand.New(rand.NewPCG(seed, 20261124))
		rule := checks.Rule{
			Interval: time.Minute, Count: random.IntN(6), FailureLimit: random.IntN(3), ErrorLimit: random.IntN(3), MinSamples: random.IntN(2) * 10,
			OnNoData: []checks.OnNoData{"", checks.WaitForData, checks.PassWithoutData, checks.FailWithoutData}[random.IntN(4)],
		}
		var story strings.Builder
		for range random.IntN(15) {
			story.WriteByte("pppfnesx"[random.IntN(8)])
		}
		got := told(rule, story.String())
		if broken := brokenLaw(rule, story.String(), got); broken != "" {
			t.Fatalf("seed %d, %+v, %q: %s: %+v", seed, rule, story.String(), broken, got)
		}
		if after := toldWithCrashes(t, rule, story.String()); !cmp.Equal(got, after) {
			t.Fatalf("seed %d, %+v, %q: crashes change the outcome: %s", seed, rule, story.String(), cmp.Diff(got, after))
		}
	}
}

func brokenLaw(r checks.Rule, story string, s checks.State) string {
	switch passes := strings.Count(story, "p"); {
	case s.Verdict == checks.VerdictPassed && (r.Count == 0 || s.Passed+s.Failed < r.Count):
		return "passed without having been measured as often as declared"
	case s.Verdict == checks.VerdictPassed && s.Passed == 0:
		return "passed on nothing"
	case s.Verdict == checks.VerdictPassed && r.OnNoData != checks.PassWithoutData && passes+strings.Count(story, "s") == 0:
		return "passed though nothing passed"
	case (s.Failed > r.FailureLimit) != (s.Verdict == checks.VerdictFailed):
		return "failed does not mean more failures than tolerated"
	case s.Verdict == checks.VerdictErrored && s.ErrorsInRow <= r.ErrorLimit:
		return "errored within what is tolerated"
	case s.Passed+s.Failed+s.NoData+s.Errors > len(story):
		return "counted more than was measured"
	case !s.IsFinal() && s.Passed+s.Failed+s.NoData+s.Errors != len(story):
		return "lost a measurement"
	default:
		return ""
	}
}

// toldWithCrashes stores and reads the state after every measurement, and hands in every measurement again, older ones too.
func toldWithCrashes(t *testing.T, r checks.Rule, story string) checks.State {
	t.Helper()
	s := checks.State{Begun: noon}
	for i := range story {
		one := told(r, story[:i+1])
		stored, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		s = checks.State{}
		if err := json.Unmarshal(stored, &s); err != nil {
			t.Fatal(err)
		}
		s = r.Fold(s, checks.Measurement{At: noon.Add(-time.Hour), Outcome: checks.Failed})
		s = r.Fold(s, *s.Last)
	}
	return s
}

// TestStateIsSmall bounds what a series takes in a status, whatever a probe says.
func TestStateIsSmall(t *testing.T) {
	long := strings.Repeat("é\x00\n\"<", 10_000)
	rule := checks.Rule{Interval: time.Minute, Count: 1 << 30, FailureLimit: 0}
	s := rule.Fold(checks.State{Begun: noon},
		checks.Measurement{At: noon, Outcome: checks.Failed, Value: long, Threshold: long, Detail: long, Samples: 1 << 30})
	stored, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(stored) > 8192 || len(s.Last.Value) > 64 || len(s.Last.Threshold) > 160 || len(s.Last.Detail) > 1024 || len(s.Because) > 1024 {
		t.Errorf("%d bytes: %s", len(stored), stored)
	}
	if strings.ContainsAny(s.Last.Value, "\x00\n") {
		t.Errorf("%q has what cannot be shown", s.Last.Value)
	}
}
