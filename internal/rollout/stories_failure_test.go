package rollout_test

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// nextUpgradeIll makes the instances unhealthy that are upgraded before the next round, and only them.
func nextUpgradeIll(t *recorder) {
	t.world.Faults.Unhealthy = 1
	t.before = func(t *recorder) {
		if t.shell.Last.Report.Progress != nil && t.shell.Last.Report.Progress.Failed > 0 {
			t.world.Faults.Unhealthy = 0
		}
	}
}

func retries(n int) func(*rollout.Spec) {
	return func(s *rollout.Spec) { s.Failure.Retries = n }
}

func failedStories() map[string]story {
	reimages := func(s *rollout.Spec) { s.Instances.Action = rollout.ActionUpgradeThenReimage }
	mends := does("the script is repaired behind its URI",
		func(t *recorder) { t.before, t.world.Faults, t.world.Retries = nil, simworld.Faults{}, 2 })
	return map[string]story{
		"one failure is tolerated": {n: 4, start: bare, rounds: 44, spec: canary(image2, 100, func(s *rollout.Spec) {
			s.Failure.MaxFailed.Value, s.Batch.MaxUnavailable.Value = 1, 2
		}), script: map[int]func(*recorder){
			0: does("the first instance that is upgraded becomes unhealthy, the others are well", nextUpgradeIll),
		}},
		"a tolerated failure is no licence for a second": {n: 4, start: bare, rounds: 44, spec: canary(image2, 100, func(s *rollout.Spec) {
			s.Failure.MaxFailed = rollout.Amount{Value: 25, IsPercent: true}
			s.Batch.MaxUnavailable.Value = 2
		}), script: map[int]func(*recorder){
			0: sickens,
		}},
		"nothing is tolerated of a single canary": {n: 4, start: bare, rounds: 26,
			spec: canary(image2, 25, func(s *rollout.Spec) { s.Failure.MaxFailed.Value = 3 }), script: map[int]func(*recorder){
				0: sickens,
			}},
		"failed upgrades are tried again and then count": {n: 2, start: bare, rounds: 60, spec: canary(image2, 50, retries(1)),
			script: map[int]func(*recorder){
				0: does("upgrades succeed and change nothing", once(func(f *simworld.Faults) { f.NotApplied = 1 })),
			}},
		"failed reimages are tried again and then count": {n: 2, start: bare, rounds: 30, spec: canary(image2, 100, retries(1), reimages),
			script: map[int]func(*recorder){
				0: all(does("an instance may be worked on twice", func(t *recorder) { t.world.Retries = 1 }), sickens),
			}},
		"a retry with a reimage repairs it": {n: 2, start: bare, rounds: 30, spec: canary(v2, 100, retries(1), reimages),
			script: map[int]func(*recorder){
				0: does("reimaged instances are unhealthy the first time", func(t *recorder) {
					t.world.Retries, t.world.Faults.Unhealthy = 2, 1
					t.before = func(t *recorder) {
						if t.shell.Effects >= 4 {
							t.world.Faults.Unhealthy = 0
						}
					}
				}),
			}},
		"retry after a failure without a reimage": {n: 2, start: bare, rounds: 36, spec: canary(v2, 100), script: map[int]func(*recorder){
			0:  breaksOn("sh v2.sh"),
			8:  all(mends, ask(rollout.VerbRetry)),
			30: ask(rollout.VerbSkipInstance, func(a *rollout.Action) { a.Instance = "0" }),
		}},
		"retry after a failure with a reimage": {n: 2, start: bare, rounds: 36, spec: canary(v2, 100, reimages), script: map[int]func(*recorder){
			0: breaksOn("sh v2.sh"),
			8: all(mends, ask(rollout.VerbRetry)),
		}},
		"nothing to retry": {n: 2, start: bare, rounds: 18, spec: canary(image2, 50), script: map[int]func(*recorder){
			4: ask(rollout.VerbRetry),
			8: ask(rollout.VerbRetry),
		}},
		"a failed instance is skipped": {n: 3, start: bare, rounds: 30, spec: canary(v2, 100), script: map[int]func(*recorder){
			0:  breaksOn("sh v2.sh"),
			4:  ask(rollout.VerbSkipInstance, func(a *rollout.Action) { a.Instance = "0" }), // it is being worked on
			8:  all(mends, ask(rollout.VerbSkipInstance, func(a *rollout.Action) { a.Instance = "0" })),
			12: does("two may be away at a time", func(t *recorder) { t.shell.Spec.Batch.MaxUnavailable.Value = 2 }),
		}},
		"a skipped instance goes back with the others": {n: 3, start: bare, rounds: 34, spec: canary(v2, 67), script: map[int]func(*recorder){
			0: breaksOn("sh v2.sh"),
			8: all(mends, ask(rollout.VerbSkipInstance, func(a *rollout.Action) { a.Instance = "0" }),
				does("two may be away at a time", func(t *recorder) { t.shell.Spec.Batch.MaxUnavailable.Value = 2 })),
			16: ask(rollout.VerbRollback),
		}},
		"failure aborts by itself": {n: 3, start: bare, rounds: 26, spec: canary(v2, 100, onFailure(rollout.FailureAbort)),
			script: map[int]func(*recorder){
				0: breaksOn("sh v2.sh"),
			}},
		"a soaking canary becomes unhealthy and everything goes back": {n: 4, start: bare, rounds: 40, spec: func() rollout.Spec {
			s := steps(time.Hour)
			s.Target, s.Failure.Action = image2, rollout.FailureRollback
			return s
		}(), script: map[int]func(*recorder){
			8: does("the canary becomes unhealthy", fallsIll(0)),
		}},
	}
}

func deadlineStories() map[string]story {
	deadline := func(d time.Duration, then rollout.FailureAction) func(*rollout.Spec) {
		return func(s *rollout.Spec) { s.Failure.ProgressDeadline, s.Failure.Action = d, then }
	}
	hangs := does("upgrades hang", once(func(f *simworld.Faults) { f.Hangs = 1 }))
	return map[string]story{
		"no progress holds": {n: 3, start: bare, rounds: 60, spec: canary(image2, 100, deadline(20*time.Minute, rollout.FailurePause)),
			script: map[int]func(*recorder){
				0:  all(meets(2), hangs),
				55: does("it comes loose", func(t *recorder) { t.world.Calm() }),
			}},
		"bad health of others is no lack of progress": {n: 3, start: bare, rounds: 50,
			spec: canary(image2, 100, deadline(20*time.Minute, rollout.FailurePause)), script: map[int]func(*recorder){
				0: does("instance 2 is unhealthy from the start, and there is no room for another", fallsIll(2)),
				3: does("and protected", func(t *recorder) {
					t.shell.Spec.Instances.Protected = rollout.ProtectedWait
					t.world.Instances[2].Protected = true
				}),
			}},
		"no progress rolls back": {n: 3, start: bare, rounds: 60, spec: canary(image2, 100, deadline(20*time.Minute, rollout.FailureRollback)),
			script: map[int]func(*recorder){
				0:  all(meets(2), hangs),
				12: does("no more", func(t *recorder) { t.world.Faults = simworld.Faults{} }),
			}},
		"an upgrade hangs during a rollback too": {n: 3, start: bare, rounds: 70,
			spec: canary(image2, 100, deadline(20*time.Minute, rollout.FailureRollback)), script: map[int]func(*recorder){
				0:  all(meets(2), hangs),
				58: all(does("it comes loose", func(t *recorder) { t.world.Calm() }), ask(rollout.VerbRollback)),
			}},
		"a pause is no lack of progress": {n: 3, start: bare, rounds: 40,
			spec: canary(image2, 100, deadline(5*time.Minute, rollout.FailureRollback)), script: map[int]func(*recorder){
				5:  paused(true),
				10: paused(false),
			}},
		"a pause with an upgrade in flight is no lack of progress": {n: 3, start: bare, rounds: 40,
			spec: canary(image2, 100, deadline(20*time.Minute, rollout.FailureRollback)), script: map[int]func(*recorder){
				0:  hangs,
				5:  paused(true),
				20: does("it comes loose", func(t *recorder) { t.world.Calm() }),
				24: paused(false),
			}},
		"a window that closes on an upgrade is no lack of progress": {n: 3, start: bare, rounds: 40,
			spec: canary(image2, 100, deadline(20*time.Minute, rollout.FailureRollback)), script: map[int]func(*recorder){
				0:  hangs,
				5:  does("the window closes", window(true, 3*time.Hour)),
				20: does("it comes loose", func(t *recorder) { t.world.Calm() }),
				24: does("the window opens", window(false, 8*time.Hour)),
			}},
		"waiting for a program after a step is no lack of progress": {n: 2, start: bare, rounds: 22, spec: canary(image2, 50,
			deadline(3*time.Minute, rollout.FailureRollback), hooks(hookAt(rollout.AfterStep, rollout.HookFails))), script: map[int]func(*recorder){
			0: answers("AfterStep", rollout.HookCallPending),
			7: answers(),
		}},
	}
}

func driftStories() map[string]story {
	return map[string]story{
		"drift is overwritten": {n: 3, start: bare, rounds: 26, spec: canary(image2, 34, func(s *rollout.Spec) { s.Drift.Overwrite = true }),
			script: map[int]func(*recorder){
				7: does("another writer writes another image",
					func(t *recorder) { t.world.Edit(func(c *simworld.Content) { c.Image.ID = "/images/theirs" }) }),
			}},
		"drift after completion is overwritten": {n: 2, start: bare, rounds: 30,
			spec: canary(image2, 100, func(s *rollout.Spec) { s.Drift.Overwrite = true }), script: map[int]func(*recorder){
				12: does("another writer writes another image",
					func(t *recorder) { t.world.Edit(func(c *simworld.Content) { c.Image.ID = "/images/theirs" }) }),
			}},
		"drift of other parts is rolled": {n: 2, start: bare, rounds: 26,
			spec: canary(image2, 100, func(s *rollout.Spec) { s.Drift.RollOther = true }), script: map[int]func(*recorder){
				12: does("another writer changes other parts of the model", func(t *recorder) {
					t.world.Edit(func(c *simworld.Content) { c.Other++ })
				}),
			}},
		"drift is overwritten while the canary is unhealthy": {n: 3, start: bare, rounds: 40,
			spec: canary(image2, 34, func(s *rollout.Spec) { s.Drift.Overwrite = true }), script: map[int]func(*recorder){
				7: all(does("the canary becomes unhealthy", fallsIll(0)),
					does("another writer writes another image",
						func(t *recorder) { t.world.Edit(func(c *simworld.Content) { c.Image.ID = "/images/theirs" }) })),
			}},
		"other parts change while the canary is unhealthy": {n: 3, start: bare,
			rounds: 30, spec: canary(image2, 34), script: map[int]func(*recorder){
				7: all(does("the canary becomes unhealthy", fallsIll(0)),
					does("another writer changes other parts", func(t *recorder) { t.world.Edit(func(c *simworld.Content) { c.Other++ }) })),
			}},
		"drift of what is declared and then rollback": {n: 3, start: bare, rounds: 24, spec: canary(image2, 34), script: map[int]func(*recorder){
			7: does("another writer writes another image",
				func(t *recorder) { t.world.Edit(func(c *simworld.Content) { c.Image.ID = "/images/theirs" }) }),
			9: ask(rollout.VerbRollback),
		}},
		"another writer writes the model during a rollback": {n: 3, start: bare, rounds: 30, spec: canary(image2, 67),
			script: map[int]func(*recorder){
				10: ask(rollout.VerbRollback),
				15: does("another writer writes another image",
					func(t *recorder) { t.world.Edit(func(c *simworld.Content) { c.Image.ID = "/images/theirs" }) }),
			}},
	}
}
