package azuresim_test

import (
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/figure"
)

// judgedPercent is how much of what did not seed the simulator must be judged.
const judgedPercent = 90

// TestReplay holds the simulator against what Azure really answered: every
// recorded exchange about scale sets, their instances and operations is played
// against it, and the answers must agree (see judge).
func TestReplay(t *testing.T) {
	sum := newTally()
	for _, tape := range readRecordings(t) {
		sum.play(t, tape)
	}
	figure.Record(t, "recordings_judged", sum.outcomes[judged])
	figure.Record(t, "recordings_seeded", sum.outcomes[seeded])
	figure.Record(t, "recordings_left_out", sum.outcomes[leftOut])
	figure.Record(t, "recordings_failed", len(sum.failures))
	t.Log(sum)
	for _, failure := range sum.failures {
		t.Error(failure)
	}
	if due := sum.inScope() - sum.outcomes[seeded]; sum.outcomes[judged]*100 < judgedPercent*due {
		t.Errorf("only %d of %d exchanges that did not seed the simulator were judged; %d %% of them must be", sum.outcomes[judged], due, judgedPercent)
	}
	for _, x := range exceptions {
		if sum.excepted[x.path] == 0 {
			t.Errorf("no exchange needs the exception of %s any more (%s): remove it", x.path, x.reason)
		}
	}
}
