package rollout_test

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// declares sets spec.baseline.
func declares(t rollout.Target) func(*recorder) {
	return func(s *recorder) { s.shell.Spec.Baseline = &t }
}

// protected is a script with protected settings from the Secret.
func protected(command, secret string) rollout.Target {
	return rollout.Target{Script: &rollout.Script{URIs: []string{"http://store/" + command}, Command: "sh " + command,
		ProtectedSettings: secret}}
}

// baselineStories show the baseline of a run, and when it has none.
func baselineStories() map[string]story {
	wasV1 := rollout.Target{Script: &rollout.Script{URIs: v1.Script.URIs, Command: v1.Script.Command}}
	return map[string]story{
		"crash after storing the snapshot": {n: 2, start: bare, spec: canary(image2, 50), rounds: 20, script: map[int]func(*recorder){
			0:  does("crash after the snapshot is stored, before anything is remembered", crash(simworld.CrashAfterStore)),
			10: ask(rollout.VerbRollback),
		}},
		"crash between the snapshot and the write": {n: 2, start: bare, spec: canary(image2, 50), rounds: 22, script: map[int]func(*recorder){
			0:  does("crash between intent and effect", crash(simworld.CrashAfterRemember)),
			12: ask(rollout.VerbRollback),
		}},
		"the stored snapshot is lost before the first write": {n: 2, start: bare, spec: canary(image2, 50), rounds: 18,
			script: map[int]func(*recorder){
				0: does("Azure refuses the write", once(func(f *simworld.Faults) { f.Refused = 1 })),
				1: does("no more, but a user deletes the record", func(t *recorder) { t.world.Faults = simworld.Faults{}; clear(t.shell.Records) }),
				9: ask(rollout.VerbRollback),
			}},
		"a user edits other parts before the first write": {n: 2, start: bare, spec: canary(image2, 50), rounds: 18,
			script: map[int]func(*recorder){
				0: beforeEffect("a user changes other parts of the model",
					func(t *recorder) { t.world.Edit(func(c *simworld.Content) { c.Other++ }) }),
				10: ask(rollout.VerbRollback),
			}},
		"an outdated snapshot is taken again": {n: 2, start: bare, spec: canary(image2, 50), rounds: 22, script: map[int]func(*recorder){
			0: beforeEffect("a user changes the image and upgrades every instance", func(t *recorder) {
				t.world.Edit(func(c *simworld.Content) { c.Image.ID = "/images/base-2" })
				for _, m := range t.world.Instances {
					m.Model = len(t.world.Models) - 1
				}
			}),
			12: ask(rollout.VerbRollback),
		}},
		"what was there already is no reason to go back": {n: 3, start: bare, spec: canary(base, 34), rounds: 26, script: map[int]func(*recorder){
			2:  does("a user changes other parts of the model", func(t *recorder) { t.world.Edit(func(c *simworld.Content) { c.Other++ }) }),
			8:  target(image2),
			16: ask(rollout.VerbRollback),
		}},
		"no rollback from what another writer half did": {n: 3, start: bare,
			rounds: 40, spec: rolls(image2, 100), script: map[int]func(*recorder){
				0: all(sickens, does("by hand: the image is in the model, and on instance 0", func(t *recorder) {
					t.world.Edit(func(c *simworld.Content) { c.Image = *image2.Image })
					t.world.Instances[0].Model = 1
				})),
				26: does("spec.baseline declares the image", declares(base)),
			}},
		"no rollback from a script of another writer": {n: 3, start: v1, rounds: 26, spec: rolls(v2, 100), script: map[int]func(*recorder){
			0:  breaksOn("sh v2.sh"),
			12: does("spec.baseline declares another part only", declares(base)),
			14: does("spec.baseline declares the script", declares(wasV1)),
		}},
		"a script extension of another writer is not written unasked": {n: 2,
			start: simworld.Content{Image: bare.Image, Script: &rollout.ModelScript{Extension: "theirs", Command: "sh theirs.sh"}},
			spec:  rolls(v2, 50), rounds: 24, script: map[int]func(*recorder){
				4: does("the target names it", target(named(v2, "theirs"))),
			}},
		"no rollback where an instance contradicts": {n: 3, start: bare, rounds: 40, spec: rolls(image2, 67), script: map[int]func(*recorder){
			0: all(sickens, does("instance 2 boots from an unknown image", func(t *recorder) {
				t.world.Models = []simworld.Content{{Image: rollout.Image{ID: "/images/unknown"}}, bare}
				t.world.Instances[0].Model, t.world.Instances[1].Model = 1, 1
				t.observer.begin()
			})),
			28: does("spec.baseline declares the image", declares(base)),
		}},
		"no rollback without the Secret that was in force": {n: 2, start: bare, rounds: 40, spec: rolls(protected("a.sh", "settings-a"), 100),
			script: map[int]func(*recorder){
				12: all(breaksOn("sh b.sh"), does("target b.sh, with another Secret", target(protected("b.sh", "settings-b")))),
				15: does("the Secret of a.sh is rotated", func(t *recorder) { t.shell.Secrets = map[string]string{"settings-a": "2"} }),
				28: does("it is put back", func(t *recorder) { t.shell.Secrets["settings-a"] = "1" }),
			}},
		"the record is gone when it is needed": {n: 4, start: bare, rounds: 34, spec: canary(image2, 50), script: map[int]func(*recorder){
			9:  all(does("a user deletes what was stored", func(t *recorder) { t.shell.Records = nil }), ask(rollout.VerbRollback)),
			16: does("spec.baseline declares the image", declares(base)),
		}},
		"the Secret is rotated when the rollback has begun": {n: 2, start: bare, rounds: 40, spec: rolls(protected("a.sh", "settings-a"), 100),
			script: map[int]func(*recorder){
				12: does("target b.sh, with another Secret", target(protected("b.sh", "settings-b"))),
				16: all(ask(rollout.VerbRollback), does("the Secret of a.sh is rotated",
					func(t *recorder) { t.shell.Secrets = map[string]string{"settings-a": "2"} })),
				22: ask(rollout.VerbRetry),
			}},
		"the Secret of an older revision is not what it was": {n: 2, start: bare, rounds: 40,
			spec: rolls(protected("a.sh", "settings-a"), 100, func(s *rollout.Spec) { s.HistoryLimit = 5 }), script: map[int]func(*recorder){
				12: does("target v2", target(v2)),
				24: does("the Secret of a.sh is rotated", func(t *recorder) { t.shell.Secrets = map[string]string{"settings-a": "2"} }),
				25: ask(rollout.VerbRollback, func(a *rollout.Action) { a.Run, a.Revision = 2, protected("a.sh", "settings-a").Revision() }),
				32: does("it is put back", func(t *recorder) { t.shell.Secrets["settings-a"] = "1" }),
			}},
		"rollback with protected settings": {n: 2, start: bare, rounds: 32, spec: rolls(protected("a.sh", "settings-a"), 100),
			script: map[int]func(*recorder){
				12: all(breaksOn("sh b.sh"), does("target b.sh, with another Secret", target(protected("b.sh", "settings-b")))),
			}},
	}
}

// targetStories show what a change of the target does to a run that is under way, and to its baseline.
func targetStories() map[string]story {
	return map[string]story{
		"back to the former target midway": {n: 4, start: bare, spec: canary(base, 100), rounds: 30, script: map[int]func(*recorder){
			1: does("target updated", target(image2)),
			8: does("target base again", target(base)),
		}},
		"back to the former target once completed": {n: 2, start: bare, spec: canary(base, 100), rounds: 34, script: map[int]func(*recorder){
			1:  does("target updated", target(image2)),
			14: does("target base again", target(base)),
		}},
		"back to a former script midway": {n: 3, start: bare, spec: canary(v2, 100), rounds: 30, script: map[int]func(*recorder){
			12: does("target v3", target(v3)),
			17: does("target v2 again", target(v2)),
		}},
		"rolled back and then the commit is reverted": {n: 3, start: bare, spec: canary(image2, 34), rounds: 24, script: map[int]func(*recorder){
			7:  ask(rollout.VerbRollback),
			18: does("target base", target(base)),
		}},
		"aborted and then the commit is reverted": {n: 3, start: bare, spec: canary(image2, 34), rounds: 24, script: map[int]func(*recorder){
			7:  ask(rollout.VerbAbort),
			14: does("target base", target(base)),
		}},
		"failed and then the commit is reverted outside the window": {n: 3, start: bare, rounds: 36, spec: canary(v2, 100, func(s *rollout.Spec) {
			s.Target.Image = image2.Image
		}), script: map[int]func(*recorder){
			0:  breaksOn("sh v2.sh"),
			12: all(does("the window closes", window(true, 9*time.Hour)), does("target base", target(base))),
		}},
		"back to the former target waits while paused": {n: 3, start: bare, spec: canary(image2, 34), rounds: 24, script: map[int]func(*recorder){
			7:  all(does("target base", target(base)), paused(true)),
			12: paused(false),
		}},
		"a third target midway and then rollback": {n: 4, start: bare, spec: canary(image2, 50), rounds: 40, script: map[int]func(*recorder){
			6:  all(does("target third while instance 1 is being upgraded, and a quarter of it", target(image3)), percent(25)),
			14: ask(rollout.VerbRollback),
		}},
		"a script after an image midway and then rollback": {n: 4, start: bare, spec: canary(image2, 25), rounds: 40,
			script: map[int]func(*recorder){
				6:  does("target v2, a script", target(v2)),
				14: ask(rollout.VerbRollback),
			}},
		"half done by hand and then rollback": {n: 4, start: bare, spec: canary(image2, 75), rounds: 30, script: map[int]func(*recorder){
			0: does("by hand: the image is in the model, and on instances 0 and 1; spec.baseline says what was before", func(t *recorder) {
				t.world.Edit(func(c *simworld.Content) { c.Image = *image2.Image })
				t.world.Instances[0].Model, t.world.Instances[1].Model = 1, 1
				declares(base)(t)
			}),
			8: ask(rollout.VerbRollback),
		}},
		"undo to an older revision": {n: 2, start: bare, rounds: 60, spec: canary(image2, 100, func(s *rollout.Spec) { s.HistoryLimit = 5 }),
			script: map[int]func(*recorder){
				12: does("target third", target(image3)),
				24: ask(rollout.VerbRollback),
				25: ask(rollout.VerbRollback, func(a *rollout.Action) { a.Revision = "000000000000" }),
				26: ask(rollout.VerbRollback, func(a *rollout.Action) { a.Revision = image3.Revision() }),
				27: ask(rollout.VerbRollback, func(a *rollout.Action) { a.Revision = image2.Revision() }),
				44: ask(rollout.VerbRetry),
			}},
		"records of old revisions are dropped": {n: 1, start: bare, rounds: 40,
			spec: canary(image2, 100, func(s *rollout.Spec) { s.HistoryLimit = 1 }), script: map[int]func(*recorder){
				8:  does("target third", target(image3)),
				18: does("target base", target(base)),
			}},
	}
}
