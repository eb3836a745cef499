package rollout_test

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// hookAt is a hook that may be tried for five minutes.
func hookAt(at rollout.HookPoint, what rollout.HookFailure) rollout.Hook {
	return rollout.Hook{Name: "tell-" + string(at), At: at, Timeout: 5 * time.Minute, OnFailure: what}
}

// drains declares that nodes are drained, for ten minutes at most.
func drains(what rollout.HookFailure) func(*rollout.Spec) {
	return func(s *rollout.Spec) { s.Tasks.Drain = &rollout.Drain{Timeout: 10 * time.Minute, OnFailure: what} }
}

// inTwos upgrades two instances at a time.
func inTwos(s *rollout.Spec) { s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = 2, 2 }

// after takes two steps; what passes between them is for the story to say.
func after(change func(*rollout.CanaryStep)) func(*rollout.Spec) {
	return func(s *rollout.Spec) {
		s.Canary.Steps = []rollout.CanaryStep{{Name: "half", Percent: 50}, {Name: "all", Percent: 100}}
		change(&s.Canary.Steps[0])
	}
}

// interruptedStories show what comes between while a hook is called, or a node is drained.
func interruptedStories() map[string]story {
	before, stepwise := hooks(hookAt(rollout.BeforeInstance, rollout.HookFails)), hooks(hookAt(rollout.BeforeStep, rollout.HookFails))
	silence := answers("about 0", rollout.HookCallPending)
	stuck := nodes("0", "pod shop/web-0 cannot be evicted: disruption budget")
	down := does("the controller is down for an hour", func(t *recorder) {
		crash(simworld.CrashAfterRemember)(t)
		t.before = func(t *recorder) { t.world.Advance(time.Hour); t.before = nil }
	})
	vanishes := does("instance 0 is deleted", func(t *recorder) { t.world.Remove(t.world.Instances[0]) })
	endless := rollout.Hook{Name: "tell-BeforeInstance", At: rollout.BeforeInstance}
	return map[string]story{
		"a hook that is not called does not time out": {n: 2, start: bare, rounds: 18, spec: canary(image2, 50, stepwise),
			script: map[int]func(*recorder){
				0: answers("BeforeStep", rollout.HookCallPending), 2: paused(true), 6: paused(false), 8: answers(),
			}},
		"a hook is called on after the controller was down": {n: 2, start: bare, rounds: 14, spec: canary(image2, 50, before),
			script: map[int]func(*recorder){
				0: silence, 4: down, 6: answers(),
			}},
		"a node is drained on after the controller was down": {
			n:      2,
			start:  bare,
			rounds: 16,
			spec:   canary(image2, 50, drains(rollout.HookFails)),
			script: map[int]func(*recorder){
				0: stuck, 4: down, 6: nodes(),
			},
		},
		"a hook that may be tried for ever": {n: 2, start: bare, rounds: 46, spec: canary(image2, 50, hooks(endless)),
			script: map[int]func(*recorder){
				0: deaf, 40: answers(),
			}},
		"a rollback waits for nothing for ever": {n: 2, start: bare, rounds: 26, spec: canary(image2, 100, hooks(endless)),
			script: map[int]func(*recorder){
				0: answers(), 7: all(deaf, ask(rollout.VerbRollback)),
			}},
		"a new target while nodes are drained": {n: 3, start: bare, rounds: 26, spec: canary(image2, 67, inTwos, drains(rollout.HookFails)),
			script: map[int]func(*recorder){
				0: stuck, 5: all(nodes(), target(v3)),
			}},
		"deleted while nodes are drained": {n: 3, start: bare, rounds: 8, spec: canary(image2, 67, inTwos, drains(rollout.HookFails)),
			script: map[int]func(*recorder){
				0: stuck, 5: deleted(rollout.DeletionLeave),
			}},
		"an instance vanishes while it is made ready": {n: 3, start: bare, rounds: 26,
			spec: canary(image2, 67, inTwos, before, drains(rollout.HookFails)), script: map[int]func(*recorder){
				0: all(silence, nodes()), 5: vanishes,
			}},
		"a hook is taken out while it is called": {
			n:      2,
			start:  bare,
			rounds: 12,
			spec:   canary(image2, 50, before),
			script: map[int]func(*recorder){
				0: silence, 5: does("spec.hooks is emptied", func(t *recorder) { t.shell.Spec.Tasks.Hooks = nil }),
			},
		},
		"no hook is called in Plan mode": {n: 2, start: bare, rounds: 12, spec: canary(image2, 50, stepwise), script: map[int]func(*recorder){
			0: answers("BeforeStep", rollout.HookCallPending), 2: does("mode Plan", func(t *recorder) { t.shell.Spec.PlanOnly = true }),
			5: all(answers(), does("mode Apply", func(t *recorder) { t.shell.Spec.PlanOnly = false })),
		}},
		"hooks that make no sense": {n: 2, start: bare, rounds: 20, spec: canary(image2, 100, before), script: map[int]func(*recorder){
			0: answers(), 6: senseless("hook tell-BeforeInstance: Secret pager is not there"), 11: senseless(""),
		}},
		"invalid hooks hold no rollback": {n: 2, start: bare, rounds: 26, spec: canary(image2, 100, before),
			script: map[int]func(*recorder){
				0: answers(), 7: all(silence, senseless("hook tell-BeforeInstance: Secret pager is not there"), ask(rollout.VerbRollback)),
			}},
		"a failed step is called about when it is tried again": {n: 2, start: bare, rounds: 33, spec: canary(image2, 100, stepwise),
			script: map[int]func(*recorder){
				0:  all(answers(), does("upgrades succeed and change nothing", once(func(f *simworld.Faults) { f.NotApplied = 1 }))),
				25: all(does("they do again", func(t *recorder) { t.world.Faults = simworld.Faults{} }), ask(rollout.VerbRetry)),
			}},
	}
}

// deaf lets no hook answer, and does not tell every call.
func deaf(t *recorder) {
	t.say("  * no hook answers any more")
	t.shell.Call = func(rollout.HookCall) rollout.HookCallResult {
		return rollout.HookCallResult{Message: "503 Service Unavailable"}
	}
}

// senseless is a shell that cannot make sense of what is declared of checks and hooks; "": it can again.
func senseless(why string) func(*recorder) {
	return func(t *recorder) {
		t.say("  * what is declared makes no sense: %q", why)
		if t.shell.Outside = nil; why != "" {
			t.shell.Outside = &rollout.Problem{Kind: rollout.KindInvalid, Message: why}
		}
	}
}

// alarmStories show when those hear of a failure who want to.
func alarmStories() map[string]story {
	alarm := hookAt(rollout.OnFailure, rollout.HookIgnore)
	patient := alarm
	patient.Timeout = time.Hour
	soaks := after(func(s *rollout.CanaryStep) { s.Soak = 30 * time.Minute })
	asks := after(func(s *rollout.CanaryStep) { s.Approval = &rollout.Approval{} })
	recovers := func(id int) func(*recorder) {
		return does("instance is well again", func(t *recorder) { t.world.Instances[id].Health = rollout.True })
	}
	return map[string]story{
		"every failure is heard of once": {n: 4, start: bare, rounds: 60, spec: canary(image2, 0, soaks, hooks(alarm)),
			script: map[int]func(*recorder){
				0: answers(), 10: does("instance 0 becomes unhealthy", fallsIll(0)), 28: recovers(0),
				34: does("instance 1 becomes unhealthy", fallsIll(1)),
			}},
		"a failure that is repaired is heard of nevertheless": {n: 4, start: bare, rounds: 44, spec: canary(image2, 0, soaks, hooks(patient)),
			script: map[int]func(*recorder){
				0: deaf, 10: does("instance 0 becomes unhealthy", fallsIll(0)), 22: recovers(0), 23: answers(),
			}},
		"hooks that make no sense hold what is in flight": {n: 2, start: bare, rounds: 20,
			spec: canary(image2, 100, hooks(hookAt(rollout.AfterInstance, rollout.HookFails))), script: map[int]func(*recorder){
				0: answers(), 4: senseless("hook tell-AfterInstance: Secret pager is not there"), 12: senseless(""),
			}},
		"a rollback that fails is heard of too": {n: 3, start: bare, rounds: 44,
			spec: canary(image2, 67, onFailure(rollout.FailureRollback), hooks(alarm)), script: map[int]func(*recorder){
				0: all(answers(), sickens),
				9: does("upgrades succeed and change nothing", once(func(f *simworld.Faults) { f.Unhealthy, f.NotApplied = 0, 1 })),
			}},
		"a promotion skips no hook": {n: 4, start: bare, rounds: 26, spec: canary(
			image2,
			0,
			asks,
			hooks(
				hookAt(rollout.BeforeStep, rollout.HookFails),
				hookAt(rollout.AfterStep, rollout.HookFails),
			),
		), script: map[int]func(*recorder){
			0: answers(), 13: ask(rollout.VerbPromote, step("half")),
		}},
		"a share that is spoilt is called about again": {n: 4, start: bare, rounds: 30,
			spec: canary(image2, 0, asks, hooks(hookAt(rollout.AfterStep, rollout.HookFails))), script: map[int]func(*recorder){
				0: answers(
					"AfterStep",
					rollout.HookCallPending,
				), 10: ask(rollout.VerbApprove, step("half")), 12: does("instance 0 becomes unhealthy", fallsIll(0)),
				14: all(answers(), recovers(0)), 16: ask(rollout.VerbApprove, step("half")),
			}},
	}
}

// cordonStories show that an instance whose node takes no pods is out of service, however well it looks.
func cordonStories() map[string]story {
	page := rollout.Check{Name: "page", Scope: rollout.CheckInstance}
	tolerates := func(s *rollout.Spec) { s.Failure.MaxFailed.Value = 1 }
	silent := func(t *recorder) {
		nodes()(t)
		node := t.shell.Node
		t.shell.Node = func(id string, drain bool) rollout.NodeState {
			for _, m := range t.world.Instances {
				if m.ID == id {
					m.Health = map[bool]rollout.Tristate{true: rollout.Unknown, false: rollout.True}[drain]
				}
			}
			return node(id, drain)
		}
	}
	return map[string]story{
		"a node that stays cordoned spends the budget": {n: 3, start: bare, rounds: 26,
			spec: canary(image2, 100, tolerates, checks(page), drains(rollout.HookFails)), script: map[int]func(*recorder){
				0: all(
					nodes(),
					says("page on 0", rollout.CheckFailed, "status 500, want 200"),
					says("page on 1", rollout.CheckPassed, "200"),
					says("page on 2", rollout.CheckPassed, "200"),
				),
				14: ask(rollout.VerbSkipInstance, func(a *rollout.Action) { a.Instance = "0" }),
			}},
		"a drained instance falls silent": {n: 2, start: bare, rounds: 20, spec: canary(image2, 100, drains(rollout.HookFails)),
			script: map[int]func(*recorder){
				0: does("instances without pods do not say how they are", silent),
			}},
		"another instance becomes unhealthy while one is drained": {
			n:      3,
			start:  bare,
			rounds: 26,
			spec:   canary(image2, 67, drains(rollout.HookFails)),
			script: map[int]func(*recorder){
				0: nodes("0", "pod shop/web-0 cannot be evicted: disruption budget"), 5: does("instance 2 becomes unhealthy", fallsIll(2)),
				9: all(nodes(), does("instance 2 is well again", func(t *recorder) { t.world.Instances[2].Health = rollout.True })),
			},
		},
		"a rollback keeps the budget of nodes": {n: 3, start: bare, rounds: 30, spec: canary(image2, 67, drains(rollout.HookFails)),
			script: map[int]func(*recorder){
				0: nodes(),
				13: all(
					ask(rollout.VerbRollback),
					does("the cluster does not answer", func(t *recorder) { t.shell.Node = nil }),
				), 20: nodes(),
			}},
	}
}
