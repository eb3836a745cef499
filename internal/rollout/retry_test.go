package rollout_test

import (
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// TestRetryWhereNothingWentBack: a rollback that has nothing to go back to writes nothing. After a Retry, the instances that the run
// verified still have the target, so none is upgraded in the place of another, and none a second time.
func TestRetryWhereNothingWentBack(t *testing.T) {
	s := half(t)
	s.State.Rollback.Baseline.Invalid = "what was there before is unknown"
	s.World.Edit(func(c *simworld.Content) { c.Other++ })
	s.Actions = []rollout.Action{{UID: "back", Verb: rollout.VerbRollback, Run: 1}}
	until(t, s, rollout.ReasonNotRollbackable)
	effects := s.Effects
	s.Actions = []rollout.Action{{UID: "again", Verb: rollout.VerbRetry, Run: 1}}
	until(t, s, rollout.ReasonCanaryReached)
	if s.Effects != effects || s.State.Run.Number != 2 || len(s.State.Ledger.Verified) != 2 {
		t.Errorf("%d effects in run %d, verified are %v", s.Effects-effects, s.State.Run.Number, s.State.Ledger.Verified)
	}
}
