package rollout_test

import (
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// beforeStep is a step whose hook is being called, since so long.
func beforeStep(since time.Duration) (rollout.Spec, rollout.Observation) {
	spec, obs := canary(v2, 100), seen(v2, 3, 0)
	spec.Tasks.Hooks = []rollout.Hook{{Name: "tell", At: rollout.BeforeStep, OnFailure: rollout.HookFails}}
	obs.State.Tasks = rollout.TaskState{Sequence: 1, Hooks: []rollout.HookInvocation{{Point: rollout.BeforeStep, Sequence: 1,
		Since: obs.At.Add(-since), Subject: spec.ShareKey(obs.State)}}}
	return spec, obs
}

// TestHookBeforeAStepWaitsForAWindow: what comes before a step is not called while nothing may begin, nor while that is not known.
func TestHookBeforeAStepWaitsForAWindow(t *testing.T) {
	for name, row := range map[string]struct {
		window rollout.Window
		want   int
	}{
		"open":      {rollout.Window{}, 1},
		"closed":    {rollout.Window{Closed: true}, 0},
		"not known": {rollout.Window{Problem: &rollout.Problem{Kind: rollout.KindInvalid, Message: "no such zone"}}, 0},
	} {
		spec, obs := beforeStep(time.Minute)
		obs.Window = row.window
		if d := planner.Plan(spec, obs); len(d.Tasks.Hooks) != row.want {
			t.Errorf("%s: calls %+v, want %d: %v", name, d.Tasks.Hooks, row.want, d.Explanation)
		}
	}
}

// TestHookThatMayTakeForEver: a hook without a timeout is waited for at the longest pace, also where the clock was set back since.
func TestHookThatMayTakeForEver(t *testing.T) {
	for _, since := range []time.Duration{time.Hour, 0, -30 * time.Second} {
		spec, obs := beforeStep(since)
		if d := planner.Plan(spec, obs); d.Recheck != 2*time.Minute || len(d.Tasks.Hooks) != 1 {
			t.Errorf("since %s: again after %s: %v", since, d.Recheck, d.Explanation)
		}
	}
}
