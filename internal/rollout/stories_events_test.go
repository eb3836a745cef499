package rollout_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

var (
	// bare has no script extension, so that a script of ours is the first.
	bare   = simworld.Content{Image: rollout.Image{ID: "/images/base"}}
	base   = rollout.Target{Image: &rollout.Image{ID: "/images/base"}}
	image3 = rollout.Target{Image: &rollout.Image{ID: "/images/third"}}
)

// ask hands in a RolloutAction for the current run.
func ask(verb rollout.Verb, change ...func(*rollout.Action)) func(*recorder) {
	return func(t *recorder) {
		t.asked++
		a := rollout.Action{
			UID:               fmt.Sprint("action-", t.asked),
			Verb:              verb,
			Run:               t.shell.State.Run.Number,
			RequestedBy:       "ann@example.com",
			RequesterVerified: true,
		}
		for _, c := range change {
			c(&a)
		}
		t.say("  * %s asks: %s for run %d", a.UID, strings.TrimSpace(fmt.Sprint(verb, " ", a.Step, a.Instance, a.Revision)), a.Run)
		t.shell.Actions = append(t.shell.Actions, a)
	}
}

func step(name string) func(*rollout.Action) {
	return func(a *rollout.Action) { a.Step = name }
}

// all lets several things happen before the same round.
func all(events ...func(*recorder)) func(*recorder) {
	return func(t *recorder) {
		for _, e := range events {
			e(t)
		}
	}
}

func paused(is bool) func(*recorder) {
	what := "resumed"
	if is {
		what = "paused"
	}
	return does(what, func(t *recorder) { t.shell.Spec.Paused = is })
}

func fallsIll(id int) func(*recorder) {
	return func(t *recorder) { t.world.Instances[id].Health = rollout.False }
}

// sickens makes every instance unhealthy that is brought to a model with the updated image, for as long as the story goes.
func sickens(t *recorder) {
	does("/images/updated makes instances unhealthy", func(t *recorder) {
		t.before = func(t *recorder) {
			t.world.Faults.Unhealthy = 0
			if t.world.Models[len(t.world.Models)-1].Image == *image2.Image {
				t.world.Faults.Unhealthy = 1
			}
		}
	})(t)
}

// breaksOn makes the script fail on every instance that is brought to a model with the command, for as long as the story goes.
func breaksOn(command string) func(*recorder) {
	return does(fmt.Sprintf("%q fails on every instance", command), func(t *recorder) {
		t.before = func(t *recorder) {
			t.world.Faults.ScriptFails = 0
			if s := t.world.Models[len(t.world.Models)-1].Script; s != nil && s.Command == command {
				t.world.Faults.ScriptFails = 1
			}
		}
	})
}

// meets decides what Azure does with a write of the model that meets a running upgrade: 0 refuses it (409), 1 takes it and lets the
// upgrade go on, 2 takes it and ends the upgrade.
func meets(how int) func(*recorder) {
	what := []string{"is refused", "is taken, and the upgrade goes on", "is taken, and the upgrade is preempted"}[how]
	return does("a write of the model that meets an upgrade "+what, func(t *recorder) {
		t.world.Dice = func(n int) int {
			switch {
			case n == 3 && how == 0, n == 2 && how == 1:
				return 0
			default:
				return n / 2
			}
		}
	})
}

// beforeEffect lets something happen between what the next effect was decided on and the effect itself, once.
func beforeEffect(what string, do func(*recorder)) func(*recorder) {
	return func(t *recorder) {
		effect, armed := t.shell.OnEffect, true
		t.shell.OnEffect = func(obs rollout.Observation, d rollout.Decision) {
			if armed {
				armed = false
				t.say("  * %s", what)
				do(t)
			}
			effect(obs, d)
		}
	}
}

// repairs says that automatic repairs are on, and are to be suspended.
func repairs(t *recorder) {
	t.world.Repairs, t.shell.Spec.Repairs = true, rollout.RepairsSuspend
}

func onFailure(action rollout.FailureAction) func(*rollout.Spec) {
	return func(s *rollout.Spec) { s.Failure.Action = action }
}

// gated is a spec of three steps, of which the first asks for an approval.
func gated(timeout time.Duration, then rollout.OnTimeout) rollout.Spec {
	s := canary(image2, 0)
	s.Canary.Steps = []rollout.CanaryStep{
		{Name: "one", Count: 1, Approval: &rollout.Approval{Timeout: timeout, OnTimeout: then}}, {Name: "half", Percent: 50},
		{Name: "all", Percent: 100},
	}
	return s
}
