package rollout_test

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

func abortStories() map[string]story {
	return map[string]story{
		"abort leaves the canaries": {n: 4, start: bare, spec: canary(image2, 50), rounds: 16, script: map[int]func(*recorder){
			6: ask(rollout.VerbAbort),
		}},
		"abort and then rollback": {n: 4, start: bare, spec: canary(image2, 25), rounds: 22, script: map[int]func(*recorder){
			7:  ask(rollout.VerbAbort),
			12: ask(rollout.VerbRollback),
		}},
		"abort and then a new target": {n: 4, start: bare, spec: canary(image2, 25), rounds: 26, script: map[int]func(*recorder){
			7:  ask(rollout.VerbAbort),
			12: all(does("target third, all of it", target(image3)), percent(100)),
		}},
		"abort while an upgrade goes on and then rollback": {n: 4, start: bare, spec: canary(image2, 50), rounds: 26,
			script: map[int]func(*recorder){
				3:  meets(1),
				4:  ask(rollout.VerbAbort),
				10: ask(rollout.VerbRollback),
			}},
		"rollback before the first write": {n: 2, start: bare, spec: canary(image2, 100), rounds: 8, script: map[int]func(*recorder){
			0: paused(true),
			2: ask(rollout.VerbRollback),
		}},
		"rollback while the model is being written": {
			n:      2,
			start:  bare,
			spec:   canary(image2, 100),
			rounds: 14,
			script: map[int]func(*recorder){
				1: ask(rollout.VerbRollback),
			},
		},
		"what is refused during a rollback": {n: 4, start: bare, spec: canary(image2, 50), rounds: 24, script: map[int]func(*recorder){
			10: ask(rollout.VerbRollback),
			12: all(ask(rollout.VerbRollback), ask(rollout.VerbAbort), ask(rollout.VerbPromoteFull), ask(rollout.VerbRetry),
				ask(rollout.VerbSkipInstance, func(a *rollout.Action) { a.Instance = "0" })),
			22: all(ask(rollout.VerbRollback), ask(rollout.VerbAbort)),
		}},
		"retry after a rollback": {n: 3, start: bare, spec: canary(image2, 100), rounds: 34, script: map[int]func(*recorder){
			6:  ask(rollout.VerbRollback),
			18: ask(rollout.VerbRetry),
		}},
	}
}

// rolls is a spec that rolls back by itself.
func rolls(to rollout.Target, percent int, change ...func(*rollout.Spec)) rollout.Spec {
	return canary(to, percent, append(change, onFailure(rollout.FailureRollback))...)
}

func rollbackStories() map[string]story {
	return map[string]story{
		"a bad image rolls back by itself while autoscale adds instances": {n: 4, start: bare, spec: rolls(image2, 50), rounds: 44,
			script: map[int]func(*recorder){
				0: sickens,
				8: does("autoscale adds 2, from the bad model", func(t *recorder) {
					t.world.ScaleOut(2, nil)
					fallsIll(4)(t)
					fallsIll(5)(t)
				}),
				16: does(
					"autoscale adds 1, from the bad model, right before that is put back",
					func(t *recorder) { t.world.ScaleOut(1, nil) },
				),
				18: does("autoscale adds 1, from the model that was put back", func(t *recorder) { t.world.ScaleOut(1, nil) }),
			}},
		"a bad script rolls back to none": {n: 3, start: bare, spec: rolls(v2, 100), rounds: 24, script: map[int]func(*recorder){
			0: breaksOn("sh v2.sh"),
		}},
		"a bad script rolls back to the declared baseline": {n: 3, start: v1, rounds: 24, spec: rolls(v2, 100, func(s *rollout.Spec) {
			s.Baseline = &rollout.Target{Script: &rollout.Script{URIs: v1.Script.URIs, Command: v1.Script.Command}}
		}), script: map[int]func(*recorder){0: breaksOn("sh v2.sh")}},
		"a bad image and script roll back together": {n: 3, start: bare, rounds: 30,
			spec: rolls(rollout.Target{Image: image2.Image, Script: v2.Script}, 100), script: map[int]func(*recorder){
				0: breaksOn("sh v2.sh"),
			}},
		"unhealthy ones go back at once and healthy ones one by one": {n: 6, start: bare, rounds: 44,
			spec: rolls(image2, 100, func(s *rollout.Spec) {
				s.Canary.Steps = []rollout.CanaryStep{{Name: "most", Percent: 84},
					{Name: "all", Percent: 100, Approval: &rollout.Approval{OnTimeout: rollout.TimeoutWait}}}
				s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = 3, 3
			}), script: map[int]func(*recorder){
				9: does("three of five become unhealthy, and one may be away at a time from now on", func(t *recorder) {
					fallsIll(0)(t)
					fallsIll(1)(t)
					fallsIll(2)(t)
					t.shell.Spec.Batch.MaxUnavailable.Value = 1
				}),
			}},
	}
}

// pressureStories show what stands in a rollback's way, and what does not.
func pressureStories() map[string]story {
	return map[string]story{
		"rollback meets an upgrade and is refused at first": {n: 3, start: bare, spec: canary(image2, 100), rounds: 24,
			script: map[int]func(*recorder){
				3: meets(0),
				4: ask(rollout.VerbRollback),
			}},
		"rollback meets an upgrade that goes on": {n: 3, start: bare, spec: canary(image2, 100), rounds: 24, script: map[int]func(*recorder){
			3: meets(1),
			4: ask(rollout.VerbRollback),
		}},
		"rollback meets an upgrade and ends it": {n: 3, start: bare, spec: canary(image2, 100), rounds: 24, script: map[int]func(*recorder){
			3: meets(2),
			4: ask(rollout.VerbRollback),
		}},
		"rollback by failure ignores the window": {n: 3, start: bare, spec: rolls(image2, 34), rounds: 34, script: map[int]func(*recorder){
			0: sickens,
			6: does("the window closes", window(true, 12*time.Hour)),
		}},
		"rollback by failure waits while paused": {n: 3, start: bare, spec: rolls(image2, 34), rounds: 40, script: map[int]func(*recorder){
			0:  sickens,
			7:  paused(true),
			28: paused(false),
		}},
		"a rollback that is asked for overrides pause and window": {n: 3, start: bare, spec: canary(image2, 34), rounds: 24,
			script: map[int]func(*recorder){
				6:  all(paused(true), does("the window closes", window(true, 12*time.Hour))),
				10: ask(rollout.VerbRollback),
			}},
		"rollback after a timeout waits for the window": {
			n:      4,
			start:  bare,
			spec:   gated(5*time.Minute, rollout.TimeoutRollback),
			rounds: 26,
			script: map[int]func(*recorder){
				9:  beforeTimeout,
				14: does("the window opens", window(false, 8*time.Hour)),
			},
		},
		"a protected instance stays when the others go back": {n: 3, start: bare, spec: canary(image2, 67), rounds: 26,
			script: map[int]func(*recorder){
				10: does("instance 0 becomes protected", func(t *recorder) { t.world.Instances[0].Protected = true }),
				11: ask(rollout.VerbRollback),
			}},
		"an instance that is protected once it is back was not left out": {n: 3, start: bare, spec: canary(image2, 67), rounds: 26,
			script: map[int]func(*recorder){
				10: ask(rollout.VerbRollback),
				14: does("instance 0 becomes protected", func(t *recorder) { t.world.Instances[0].Protected = true }),
			}},
		"a protected instance is waited for during a rollback": {n: 3, start: bare, rounds: 32,
			spec: canary(
				image2,
				67,
				func(s *rollout.Spec) { s.Instances.Protected = rollout.ProtectedWait },
			), script: map[int]func(*recorder){
				10: does("instance 0 becomes protected", func(t *recorder) { t.world.Instances[0].Protected = true }),
				11: ask(rollout.VerbRollback),
				24: does("no longer", func(t *recorder) { t.world.Instances[0].Protected = false }),
			}},
		"an instance that is put back and stays unhealthy": {n: 3, start: bare,
			spec: canary(image2, 34), rounds: 40, script: map[int]func(*recorder){
				7: ask(rollout.VerbRollback),
				8: does("whatever is upgraded now becomes unhealthy", once(func(f *simworld.Faults) { f.Unhealthy = 1 })),
			}},
		"the target changes while rolling back": {n: 4, start: bare, spec: canary(image2, 50), rounds: 34, script: map[int]func(*recorder){
			10: ask(rollout.VerbRollback),
			14: does("target third", target(image3)),
		}},
	}
}

// beforeTimeout closes the window in the very round in which the approval runs out.
func beforeTimeout(t *recorder) {
	does("the window closes right when the rollback has begun", func(t *recorder) {
		plan, armed := t.shell.OnPlan, true
		t.shell.OnPlan = func(s rollout.Spec, obs rollout.Observation, d rollout.Decision) {
			plan(s, obs, d)
			if armed && d.State.Rollback.Current != nil {
				armed = false
				window(true, time.Hour)(t)
			}
		}
	})(t)
}

// returnTroubleStories show rollbacks in which things go wrong, too.
func returnTroubleStories() map[string]story {
	reimages := func(s *rollout.Spec) { s.Instances.Action = rollout.ActionUpgradeThenReimage }
	return map[string]story{
		"rollback with reimages": {n: 2, start: bare, spec: canary(image2, 50, reimages), rounds: 24, script: map[int]func(*recorder){
			9: ask(rollout.VerbRollback),
		}},
		"an instance vanishes during a rollback": {n: 4, start: bare, spec: canary(image2, 50), rounds: 22, script: map[int]func(*recorder){
			8:  ask(rollout.VerbRollback),
			12: does("autoscale removes instance 0 while it goes back", func(t *recorder) { t.world.Remove(t.world.Instances[0]) }),
		}},
		"upgrades change nothing during a rollback": {n: 3, start: bare, spec: canary(image2, 34), rounds: 49, script: map[int]func(*recorder){
			7:  does("from now on upgrades change nothing", once(func(f *simworld.Faults) { f.NotApplied = 1 })),
			8:  ask(rollout.VerbRollback),
			37: all(does("no more", func(t *recorder) { t.world.Faults = simworld.Faults{} }), ask(rollout.VerbRollback)),
		}},
		"the write back is refused": {n: 3, start: bare, spec: canary(image2, 34), rounds: 24, script: map[int]func(*recorder){
			7:  does("Azure refuses (Forbidden)", once(func(f *simworld.Faults) { f.Refused = 1 })),
			8:  ask(rollout.VerbRollback),
			10: does("the role is granted", func(t *recorder) { t.world.Faults = simworld.Faults{} }),
		}},
		"the write back fails": {n: 3, start: bare, spec: canary(image2, 34), rounds: 34, script: map[int]func(*recorder){
			7:  does("writes of the model fail", once(func(f *simworld.Faults) { f.WriteFails = 1 })),
			8:  ask(rollout.VerbRollback),
			20: does("no more", func(t *recorder) { t.world.Faults = simworld.Faults{} }),
		}},
		"crashes during a rollback": {n: 3, start: bare, spec: canary(image2, 67), rounds: 34, script: map[int]func(*recorder){
			9:  all(ask(rollout.VerbRollback), does("crash between intent and effect", crash(simworld.CrashAfterRemember))),
			14: does("the next effect is the last thing before a crash", crash(simworld.CrashAfterAct)),
			17: does("crash between intent and effect", crash(simworld.CrashAfterRemember)),
		}},
		"upgrade mode turns automatic during a rollback": {
			n:      3,
			start:  bare,
			spec:   canary(image2, 34),
			rounds: 22,
			script: map[int]func(*recorder){
				7:  does("mode Automatic", func(t *recorder) { t.world.Mode = "Automatic" }),
				8:  ask(rollout.VerbRollback),
				11: does("mode Manual", func(t *recorder) { t.world.Mode = rollout.UpgradeModeManual }),
			},
		},
		"an older rollout takes the scale set during a rollback": {n: 3, start: bare, spec: canary(image2, 67), rounds: 26,
			script: map[int]func(*recorder){
				9:  ask(rollout.VerbRollback),
				13: does("shop/old claims it", func(t *recorder) { t.shell.Claim.Owner = "shop/old" }),
				19: does("shop/old is deleted", func(t *recorder) { t.shell.Claim.Owner = "" }),
			}},
		"an older rollout takes the scale set midway": {
			n:      4,
			start:  bare,
			spec:   canary(image2, 100),
			rounds: 20,
			script: map[int]func(*recorder){
				4:  does("shop/old claims it", func(t *recorder) { t.shell.Claim.Owner = "shop/old" }),
				12: does("shop/old is deleted", func(t *recorder) { t.shell.Claim.Owner = "" }),
			},
		},
		"undo midway to an older revision": {n: 3, start: bare, spec: canary(image2, 100), rounds: 50, script: map[int]func(*recorder){
			12: does("target third", target(image3)),
			24: does("target v2 beside it", target(rollout.Target{Image: image3.Image, Script: v2.Script})),
			29: ask(rollout.VerbRollback, func(a *rollout.Action) { a.Revision = image2.Revision() }),
		}},
		"rollback of another target, asked for while drift is overwritten": {n: 2, start: bare, rounds: 36,
			spec: canary(image2, 100, func(s *rollout.Spec) { s.Drift.Overwrite = true }), script: map[int]func(*recorder){
				12: does("another writer writes another image",
					func(t *recorder) { t.world.Edit(func(c *simworld.Content) { c.Image.ID = "/images/theirs" }) }),
				13: does("target third", target(image3)),
				14: ask(rollout.VerbRollback),
			}},
		"an undo is superseded, and that is rolled back": {
			n:      4,
			start:  bare,
			spec:   canary(image2, 25),
			rounds: 40,
			script: map[int]func(*recorder){
				8:  ask(rollout.VerbRollback, func(a *rollout.Action) { a.Revision = "5a1b7c090a3b" }),
				14: does("target third while the undo is at work", target(image3)),
				19: ask(rollout.VerbRollback),
			},
		},
		"deletion brings an undo to its end": {n: 4, start: bare, spec: canary(image2, 25), rounds: 34, script: map[int]func(*recorder){
			8:  ask(rollout.VerbRollback, func(a *rollout.Action) { a.Revision = "5a1b7c090a3b" }),
			14: deleted(rollout.DeletionRollback),
		}},
		"deletion at the very beginning of an undo": {
			n:      2,
			start:  bare,
			spec:   canary(image2, 100, func(s *rollout.Spec) { s.HistoryLimit = 5 }),
			rounds: 44,
			script: map[int]func(*recorder){
				12: does("target v2 beside it", target(rollout.Target{Image: image2.Image, Script: v2.Script})),
				13: ask(rollout.VerbRollback, func(a *rollout.Action) { a.Run, a.Revision = 2, image2.Revision() }),
				14: deleted(rollout.DeletionRollback),
			},
		},
		"what cannot be relied on is no revision to go back to": {n: 2,
			start: simworld.Content{Image: bare.Image, Script: &rollout.ModelScript{Extension: "theirs", Command: "sh theirs.sh"}},
			spec:  canary(named(v2, "theirs"), 50), rounds: 14, script: map[int]func(*recorder){
				8: func(t *recorder) {
					name := t.shell.State.Rollback.Baseline.Revision
					ask(rollout.VerbRollback, func(a *rollout.Action) { a.Revision = name })(t)
				},
			}},
		"retry after an abort": {n: 3, start: bare, spec: canary(image2, 34), rounds: 26, script: map[int]func(*recorder){
			7:  ask(rollout.VerbAbort),
			13: ask(rollout.VerbRetry),
		}},
		"a retry fails again and rolls back again": {n: 3, start: bare, spec: rolls(v2, 100), rounds: 34, script: map[int]func(*recorder){
			0:  breaksOn("sh v2.sh"),
			16: ask(rollout.VerbRetry),
		}},
		"reads fail during a rollback": {n: 3, start: bare, spec: canary(image2, 34), rounds: 24, script: map[int]func(*recorder){
			8:  ask(rollout.VerbRollback),
			10: does("no read works", once(func(f *simworld.Faults) { f.ReadFails = 1 })),
			14: does("reads work", func(t *recorder) { t.world.Faults = simworld.Faults{} }),
		}},
		"no instance is left to go back": {
			n:      1,
			start:  bare,
			spec:   canary(image2, 100, func(s *rollout.Spec) { s.Canary.Bake = time.Hour }),
			rounds: 22,
			script: map[int]func(*recorder){
				7: does("the only instance is deleted", func(t *recorder) { t.world.Remove(t.world.Instances[0]) }),
				8: ask(rollout.VerbRollback),
			},
		},
	}
}
