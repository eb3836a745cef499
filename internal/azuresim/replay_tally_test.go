package azuresim_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// leftOver is an exchange that was neither judged nor a seed.
type leftOver struct {
	exchange *exchange
	reason   string
}

// tally counts what became of exchanges.
type tally struct {
	outcomes map[outcome]int
	leftOut  []leftOver             // in order
	excepted map[string][]*exchange // by path
	headers  map[string]bool        // that were recorded with judged exchanges
	untimed  int                    // judged while the clock stood still, since their times were not recorded
	failures []string               // one for each answer that was wrong, with the first difference
}

func newTally() *tally {
	return &tally{outcomes: map[outcome]int{}, excepted: map[string][]*exchange{}, headers: map[string]bool{}}
}

// replayAll plays all recordings, or skips the test where there are none.
func replayAll(t *testing.T) *tally {
	t.Helper()
	sum := newTally()
	for _, tape := range readRecordings(t) {
		sum.play(t, tape)
	}
	return sum
}

func (s *tally) play(t testing.TB, tape cassette) {
	p := newPlayer(t, tape)
	for _, e := range tape.exchanges {
		s.add(e, p.play(e))
	}
}

func (s *tally) add(e *exchange, v verdict) {
	s.outcomes[v.outcome]++
	if v.outcome == leftOut {
		s.leftOut = append(s.leftOut, leftOver{e, v.reason})
	}
	if v.outcome == judged {
		s.addJudged(e, v)
	}
}

func (s *tally) addJudged(e *exchange, v verdict) {
	if !v.timed {
		s.untimed++
	}
	for name := range e.ResponseHeaders {
		s.headers[strings.ToLower(name)] = true
	}
	for _, x := range v.excepted {
		if !slices.Contains(s.excepted[x.path], e) {
			s.excepted[x.path] = append(s.excepted[x.path], e)
		}
	}
	if len(v.differences) == 0 {
		return
	}
	failure := fmt.Sprintf("%s: %s %s: %s", e, e.Method, e.Path[max(0, strings.LastIndex(e.Path, "providers/")):], v.differences[0])
	if more := len(v.differences) - 1; more > 0 {
		failure += fmt.Sprintf(" (and %d more)", more)
	}
	s.failures = append(s.failures, failure)
}

// inScope is how many exchanges are about scale sets.
func (s *tally) inScope() int { return s.outcomes[judged] + s.outcomes[seeded] + s.outcomes[leftOut] }

// leftOutFor is how many exchanges were left out for each reason.
func (s *tally) leftOutFor() map[string]int {
	counts := map[string]int{}
	for _, left := range s.leftOut {
		counts[left.reason]++
	}
	return counts
}

func (s *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b,
		"of %d exchanges about scale sets %d were judged (%d failed), %d seeded the simulator, %d were left out; %d are about something else\n",
		s.inScope(), s.outcomes[judged], len(s.failures), s.outcomes[seeded], s.outcomes[leftOut], s.outcomes[outer])
	fmt.Fprintf(&b, "%d were judged without a recorded time: the clock stood still\n", s.untimed)
	counts := s.leftOutFor()
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "left out %3d: %s\n", counts[reason], reason)
	}
	for _, x := range slices.Concat(exceptions, valuesOfTheWorld) {
		fmt.Fprintf(&b, "excepted in %3d: %s: %s\n", len(s.excepted[x.path]), x.path, x.reason)
	}
	return b.String()
}
