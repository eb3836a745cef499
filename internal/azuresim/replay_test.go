package azuresim_test

import (
	"slices"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

// inRecordings is how many of the recorded exchanges are about scale sets, their instances, extensions and operations. The number catches
// an exchange that was filed elsewhere by mistake: no test would judge it.
const inRecordings = 906

// judgedPercent is how much of what did not seed the simulator must be judged.
const judgedPercent = 95

// TestReplay holds the simulator against what Azure really answered: every
// recorded exchange about scale sets, their instances and operations is played
// against it, and the answers must agree (see judge).
func TestReplay(t *testing.T) {
	sum := replayAll(t)
	metric.Record(t, "recordings_judged", sum.outcomes[judged])
	metric.Record(t, "recordings_seeded", sum.outcomes[seeded])
	metric.Record(t, "recordings_left_out", sum.outcomes[leftOut])
	metric.Record(t, "recordings_failed", len(sum.failures))
	metric.Record(t, "recordings_untimed", sum.untimed)
	t.Log(sum)
	for _, failure := range sum.failures {
		t.Error(failure)
	}
	if got := sum.inScope(); got != inRecordings {
		t.Errorf("%d exchanges are about scale sets, there are %d", got, inRecordings)
	}
	if due := sum.inScope() - sum.outcomes[seeded]; sum.outcomes[judged]*100 < judgedPercent*due {
		t.Errorf("only %d of %d exchanges that did not seed the simulator were judged; %d %% of them must be", sum.outcomes[judged], due,
			judgedPercent)
	}
	sum.checkRules(t)
}

// checkRules finds rules that nothing needs any more.
func (s *tally) checkRules(t *testing.T) {
	t.Helper()
	for _, x := range slices.Concat(exceptions, valuesOfTheWorld) {
		if len(s.excepted[x.path]) == 0 {
			t.Errorf("no exchange needs the exception of %s any more (%s): remove it", x.path, x.reason)
		}
	}
	counts := s.leftOutFor()
	for _, g := range gaps {
		if counts[g.reason] == 0 {
			t.Errorf("no exchange is left out any more for %s: remove that", g.reason)
		}
	}
	for name, reason := range headersOfTransport {
		if !s.headers[name] {
			t.Errorf("header %s is never recorded (%s): remove it", name, reason)
		}
	}
}
