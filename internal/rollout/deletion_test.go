package rollout_test

import (
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/figure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestDeletionOfWhatWroteNothing: a rollout that wrote nothing is let go, and its event says that nothing had been written.
func TestDeletionOfWhatWroteNothing(t *testing.T) {
	figure.Fault(t, 23)
	obs := seen(rollout.Target{}, 3, 0)
	obs.Memory = rollout.Memory{Run: 1, Revision: v2.Revision()}
	spec := canary(v2, 34)
	spec.Deleting = rollout.DeletionRollback
	d := rollout.Plan(spec, obs)
	if !d.Release || !strings.Contains(d.Because.Message, "nothing had been written") {
		t.Errorf("released %v: %s", d.Release, d.Because.Message)
	}
}
