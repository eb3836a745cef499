package rollout_test

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// hookStories show who is called when, whose nodes are drained, and what it leads to when that does not succeed.
func hookStories() map[string]story {
	every := hooks(hookAt(rollout.BeforeStep, rollout.HookFails), hookAt(rollout.BeforeInstance, rollout.HookFails),
		hookAt(rollout.AfterInstance, rollout.HookFails),
		hookAt(rollout.AfterStep, rollout.HookFails), hookAt(rollout.OnFailure, rollout.HookFails))
	before := func(what rollout.HookFailure) func(*rollout.Spec) { return hooks(hookAt(rollout.BeforeInstance, what)) }
	back, page := onFailure(rollout.FailureRollback), rollout.Check{Name: "page", Scope: rollout.CheckInstance}
	halves := after(func(*rollout.CanaryStep) {})
	return map[string]story{
		"hooks are called around steps and instances": {n: 2, start: bare, rounds: 24, spec: canary(image2, 0, halves, every),
			script: map[int]func(*recorder){0: answers()}},
		"a hook is called again after a crash": {
			n:      2,
			start:  bare,
			rounds: 18,
			spec:   canary(image2, 50, every),
			script: map[int]func(*recorder){
				0: answers(), 4: does("the controller dies right after it called", crash(simworld.CrashAfterRemember)),
			},
		},
		"an instance that no hook can be called about fails": {n: 3, start: bare, rounds: 16,
			spec: canary(image2, 100, before(rollout.HookFails), back), script: map[int]func(*recorder){
				0: answers("about 1", rollout.HookCallFailed),
			}},
		"an instance that no hook can be called about is left out": {n: 3, start: bare, rounds: 24,
			spec: canary(image2, 100, before(rollout.HookSkips)), script: map[int]func(*recorder){
				0: answers("about 1", rollout.HookCallFailed),
			}},
		"a hook that does not answer is passed over": {n: 2, start: bare, rounds: 20, spec: canary(image2, 100, before(rollout.HookIgnore)),
			script: map[int]func(*recorder){
				0: answers("about 0", rollout.HookCallPending),
			}},
		"an instance that a hook after it refuses is left out": {n: 3, start: bare, rounds: 18,
			spec: canary(image2, 100, hooks(hookAt(rollout.AfterInstance, rollout.HookSkips)), back), script: map[int]func(*recorder){
				0: answers("about 0", rollout.HookCallFailed),
			}},
		"a hook after an instance fails": {n: 3, start: bare, rounds: 18,
			spec: canary(image2, 100, hooks(hookAt(rollout.AfterInstance, rollout.HookFails)), back), script: map[int]func(*recorder){
				0: answers("about 0", rollout.HookCallFailed),
			}},
		"a hook before a step fails and nothing is written": {n: 2, start: bare, rounds: 10, spec: canary(image2, 50, every, back),
			script: map[int]func(*recorder){
				0: answers("BeforeStep", rollout.HookCallFailed),
			}},
		"a hook after a step fails": {
			n:      2,
			start:  bare,
			rounds: 22,
			spec:   canary(image2, 0, halves, every, back),
			script: map[int]func(*recorder){
				0: answers("AfterStep", rollout.HookCallFailed),
			},
		},
		"who hears of a failure is called while everything goes back": {n: 3, start: bare, rounds: 20,
			spec: canary(
				image2,
				100,
				back,
				checks(page),
				hooks(hookAt(rollout.OnFailure, rollout.HookIgnore)),
			), script: map[int]func(*recorder){
				0: all(
					answers("OnFailure", rollout.HookCallPending),
					says("page on 0", rollout.CheckFailed, "status 500, want 200"),
				), 9: answers(),
			}},
		"hooks wait while paused": {n: 2, start: bare, rounds: 18, spec: canary(image2, 100, before(rollout.HookFails)),
			script: map[int]func(*recorder){
				0: answers("about 0", rollout.HookCallPending), 5: paused(true), 8: all(answers(), paused(false)),
			}},
		"nodes are drained before and take pods after": {n: 2, start: bare, rounds: 24, spec: canary(image2, 100, drains(rollout.HookFails),
			before(rollout.HookFails)), script: map[int]func(*recorder){0: all(answers(), nodes())}},
		"a node that cannot be drained fails its instance": {
			n:      3,
			start:  bare,
			rounds: 24,
			spec:   canary(image2, 100, drains(rollout.HookFails)),
			script: map[int]func(*recorder){0: nodes("0", "pod shop/web-0 cannot be evicted: disruption budget")},
		},
		"a node that cannot be drained is passed over": {
			n:      2,
			start:  bare,
			rounds: 24,
			spec:   canary(image2, 100, drains(rollout.HookIgnore)),
			script: map[int]func(*recorder){0: nodes("0", "pod shop/web-0 cannot be evicted: disruption budget")},
		},
		"what is drained takes pods again when the target goes": {n: 3, start: bare, rounds: 22,
			spec: canary(image2, 100, inTwos, drains(rollout.HookFails)), script: map[int]func(*recorder){
				0: nodes("1", "pod shop/web-1 cannot be evicted: disruption budget"), 5: ask(rollout.VerbRollback), 9: nodes(),
			}},
		"well for three readings in a row": {n: 2, start: bare, rounds: 18,
			spec: canary(image2, 50, func(s *rollout.Spec) { s.Health.SuccessThreshold = 3 })},
		"old health counts for nothing until it is waited out, and for minReady not before": {n: 2, start: bare, rounds: 20,
			spec: canary(v2, 50, func(s *rollout.Spec) {
				s.Health.Timeout, s.Health.MinReady = 15*time.Minute, 5*time.Minute
			}), script: map[int]func(*recorder){
				0: does("what is said of health is an hour old", func(t *recorder) { t.world.HealthAge = time.Hour }),
			}},
		"health of before the upgrade says nothing": {n: 2, start: bare, rounds: 16,
			spec: canary(v2, 50, func(s *rollout.Spec) { s.Health.Timeout = 15 * time.Minute }), script: map[int]func(*recorder){
				0: does("the platform's word on health is an hour old", func(t *recorder) { t.world.HealthAge = time.Hour }),
			}},
		"health of before a new disk never says anything": {n: 2, start: bare, rounds: 16,
			spec: canary(image2, 50, func(s *rollout.Spec) { s.Health.Timeout = 5 * time.Minute }), script: map[int]func(*recorder){
				0: does("the platform's word on health is an hour old and stays so",
					func(t *recorder) { t.world.HealthAge, t.world.Stale = time.Hour, true }),
			}},
		"old health is waited out for half of a short timeout": {n: 2, start: bare, rounds: 16,
			spec: canary(v2, 50, func(s *rollout.Spec) { s.Health.Timeout = time.Minute }), script: map[int]func(*recorder){
				0: does("the platform's word on health is an hour old", func(t *recorder) { t.world.HealthAge = time.Hour }),
			}},
		"health begins again with a new disk": {n: 2, start: bare, rounds: 14,
			spec: canary(image2, 50, func(s *rollout.Spec) { s.Health.Timeout = 5 * time.Minute }), script: map[int]func(*recorder){
				0: does("the platform's word on health is an hour old", func(t *recorder) { t.world.HealthAge = time.Hour }),
			}},
	}
}

// hooks declares hooks.
func hooks(list ...rollout.Hook) func(*rollout.Spec) {
	return func(s *rollout.Spec) { s.Tasks.Hooks = list }
}

// answers says what becomes of calls from now on, by point or instance; of others, that they are delivered.
func answers(what ...any) func(*recorder) {
	return func(t *recorder) {
		if len(what) > 0 {
			t.say("  * calls %s: %q", what[0], what[1])
		}
		t.shell.Call = func(run rollout.HookCall) rollout.HookCallResult {
			about := string(run.Point)
			if run.Instance.ID != "" {
				about = "about " + run.Instance.ID
			}
			result := rollout.HookCallResult{State: rollout.HookCallDelivered}
			if len(what) > 0 && what[0] == about {
				result = rollout.HookCallResult{State: what[1].(rollout.HookCallState), Message: "503 Service Unavailable"}
			}
			back := ""
			if run.Rollback {
				back = ", during a rollback"
			}
			t.say(
				"    ☎ %s %s, occasion %d, step %q%s%s: %q",
				run.Point,
				about,
				run.Key.Sequence,
				run.Step,
				back,
				because(run.Failure),
				result.State,
			)
			return result
		}
	}
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ", because " + why
}

// nodes says what becomes of nodes from now on: one may not get drained, the others do.
func nodes(stuck ...string) func(*recorder) {
	return func(t *recorder) {
		t.shell.Node = func(id string, drain bool) rollout.NodeState {
			if drain && len(stuck) > 0 && stuck[0] == id {
				return rollout.NodeState{Message: stuck[1]}
			}
			t.say("    ⎈ node of %s %s", id, map[bool]string{true: "drained", false: "takes pods"}[drain])
			return rollout.NodeState{Drained: drain, Uncordoned: !drain}
		}
	}
}
