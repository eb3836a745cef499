package azuresim_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// tally counts what became of exchanges.
type tally struct {
	outcomes map[outcome]int
	leftOut  map[string]int // by reason
	excepted map[string]int // by path
	untimed  int            // judged while the clock stood still, since nobody recorded when they were
	failures []string       // one for each answer that was wrong, with the first difference
}

func newTally() *tally {
	return &tally{outcomes: map[outcome]int{}, leftOut: map[string]int{}, excepted: map[string]int{}}
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
		s.leftOut[v.reason]++
	}
	if v.outcome == judged && !v.timed {
		s.untimed++
	}
	for _, x := range v.excepted {
		s.excepted[x.path]++
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

func (s *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "of %d exchanges about scale sets %d were judged (%d failed), %d seeded the simulator, %d were left out; %d are about something else\n",
		s.inScope(), s.outcomes[judged], len(s.failures), s.outcomes[seeded], s.outcomes[leftOut], s.outcomes[outer])
	fmt.Fprintf(&b, "of %d that were judged nobody recorded the time: the clock stood still\n", s.untimed)
	byCount := func(x, y string) int { return cmp.Or(cmp.Compare(s.leftOut[y], s.leftOut[x]), cmp.Compare(x, y)) }
	for _, reason := range slices.SortedFunc(maps.Keys(s.leftOut), byCount) {
		fmt.Fprintf(&b, "left out %3d: %s\n", s.leftOut[reason], reason)
	}
	for _, x := range exceptions {
		fmt.Fprintf(&b, "excepted %3d: %s: %s\n", s.excepted[x.path], x.path, x.reason)
	}
	return b.String()
}
