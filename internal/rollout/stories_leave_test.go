package rollout_test

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

func deleted(how rollout.Deletion) func(*recorder) {
	return does("the object is deleted, onDelete is "+string(how), func(t *recorder) { t.shell.Spec.Deletion = how })
}

// releasesSecond makes the target another script with another Secret, for one of two instances.
func releasesSecond(t *recorder) {
	t.shell.Spec.Target, t.shell.Spec.Canary.Percent = protected("b.sh", "settings-b"), 50
}

// loses deletes a Secret.
func loses(secret string) func(*recorder) {
	return does("the Secret "+secret+" is gone", func(t *recorder) { t.shell.Secrets = map[string]string{secret: ""} })
}

// gone has Azure not find the scale set any more, or find it again.
func gone(is bool) func(*recorder) {
	what := "Azure finds the scale set again"
	if is {
		what = "Azure does not find the scale set"
	}
	return does(what, func(t *recorder) { t.world.Gone = is })
}

func deletionStories() map[string]story {
	repaired := does("automatic repairs are on, and to be suspended", repairs)
	return map[string]story{
		"deletion leaves everything": {n: 3, start: bare, spec: canary(image2, 100), rounds: 8, script: map[int]func(*recorder){
			4: deleted(rollout.DeletionLeave),
		}},
		"deletion rolls back": {n: 3, start: bare, spec: canary(image2, 67), rounds: 24, script: map[int]func(*recorder){
			6: paused(true),
			9: deleted(rollout.DeletionRollback),
		}},
		"deletion rolls back without a record": {n: 3, start: bare, spec: canary(image2, 67), rounds: 14, script: map[int]func(*recorder){
			0: repaired,
			9: all(does("the record is gone", func(t *recorder) { clear(t.shell.Records) }), deleted(rollout.DeletionRollback)),
		}},
		"deletion resumes automatic repairs": {n: 3, start: bare, spec: canary(image2, 67), rounds: 10, script: map[int]func(*recorder){
			0: repaired,
			6: deleted(rollout.DeletionLeave),
		}},
		"deletion rolls back while an upgrade goes on": {n: 3, start: bare, spec: canary(image2, 67), rounds: 20, script: map[int]func(*recorder){
			3: meets(1),
			4: deleted(rollout.DeletionRollback),
		}},
		"deletion in plan mode leaves what is exposed": {n: 3, start: bare, spec: canary(image2, 34), rounds: 12, script: map[int]func(*recorder){
			7: does("mode Plan", func(t *recorder) { t.shell.Spec.PlanOnly = true }),
			8: deleted(rollout.DeletionRollback),
		}},
		"deletion overrides a pause during a rollback": {n: 3, start: bare, spec: rolls(image2, 34), rounds: 44, script: map[int]func(*recorder){
			0:  sickens,
			7:  paused(true),
			28: deleted(rollout.DeletionRollback),
		}},
		"deletion of what is completed": {n: 1, start: bare, spec: canary(image2, 100), rounds: 12, script: map[int]func(*recorder){
			8: deleted(rollout.DeletionRollback),
		}},
		"deletion completes an abort": {n: 3, start: bare, spec: canary(image2, 34), rounds: 24, script: map[int]func(*recorder){
			7:  ask(rollout.VerbAbort),
			13: deleted(rollout.DeletionRollback),
		}},
		"deletion lets go once the Secret is gone for long": {n: 2, start: bare, rounds: 40, spec: canary(protected("a.sh", "settings-a"), 100),
			script: map[int]func(*recorder){
				12: does("target b.sh, with another Secret, to one of two", releasesSecond),
				22: all(loses("settings-a"), deleted(rollout.DeletionRollback)),
			}},
		"deletion rolls back to the declared baseline once the Secret is gone": {n: 2, start: bare, rounds: 44,
			spec: canary(protected("a.sh", "settings-a"), 100), script: map[int]func(*recorder){
				12: does("target b.sh, with another Secret, to one of two", releasesSecond),
				22: all(loses("settings-a"), deleted(rollout.DeletionRollback)),
				26: does("spec.baseline declares c.sh, with a Secret of another name", declares(protected("c.sh", "settings-c"))),
			}},
		"deletion with the namespace lets go at once": {n: 2, start: bare, rounds: 28, spec: canary(protected("a.sh", "settings-a"), 100),
			script: map[int]func(*recorder){
				12: does("target b.sh, with another Secret, to one of two", releasesSecond),
				22: all(loses("settings-a"), does("the namespace is being deleted", func(t *recorder) { t.shell.Closed = true }),
					deleted(rollout.DeletionRollback)),
			}},
		"deletion looks twice for a scale set that is gone": {n: 3, start: bare, rounds: 30, spec: canary(image2, 34),
			script: map[int]func(*recorder){
				8:  all(gone(true), deleted(rollout.DeletionRollback)),
				9:  gone(false),
				12: gone(true),
			}},
		"repairs are suspended for as long as a run lasts": {n: 2, start: bare, spec: canary(image2, 100), rounds: 18,
			script: map[int]func(*recorder){
				0: repaired,
			}},
		"repairs are resumed when another rollout claims the scale set": {n: 3, start: bare, spec: canary(image2, 67), rounds: 20,
			script: map[int]func(*recorder){
				0: repaired,
				9: does("shop/old claims it", func(t *recorder) { t.shell.Claim.Owner = "shop/old" }),
			}},
		"repairs are resumed when that is not declared any more": {n: 3, start: bare, spec: canary(image2, 67), rounds: 20,
			script: map[int]func(*recorder){
				0: repaired,
				6: does("strategy.automaticRepairs is Leave", func(t *recorder) { t.shell.Spec.Repairs = rollout.RepairsLeave }),
			}},
		"repairs are suspended at rest too, once that is declared": {n: 3, start: bare, spec: canary(image2, 34), rounds: 16,
			script: map[int]func(*recorder){
				0:  does("automatic repairs are on", func(t *recorder) { repairs(t); t.shell.Spec.Repairs = rollout.RepairsLeave }),
				7:  does("strategy.automaticRepairs is Suspend", func(t *recorder) { t.shell.Spec.Repairs = rollout.RepairsSuspend }),
				11: percent(100),
			}},
		"repairs are resumed in mode Plan": {n: 3, start: bare, spec: canary(image2, 67), rounds: 24, script: map[int]func(*recorder){
			0:  repaired,
			9:  does("mode Plan", func(t *recorder) { t.shell.Spec.PlanOnly = true }),
			14: does("mode Apply", func(t *recorder) { t.shell.Spec.PlanOnly = false }),
		}},
		"repairs are resumed in mode Plan during a rollback": {n: 3, start: bare, spec: canary(image2, 67), rounds: 24,
			script: map[int]func(*recorder){
				0:  repaired,
				9:  ask(rollout.VerbRollback),
				11: does("mode Plan", func(t *recorder) { t.shell.Spec.PlanOnly = true }),
				16: does("mode Apply", func(t *recorder) { t.shell.Spec.PlanOnly = false }),
			}},
		"repairs are resumed after a rollback": {n: 2, start: bare, spec: canary(image2, 50), rounds: 24, script: map[int]func(*recorder){
			0: repaired,
			9: ask(rollout.VerbRollback),
		}},
	}
}

func planStories() map[string]story {
	plans := func(is bool) func(*recorder) {
		what := "mode Apply"
		if is {
			what = "mode Plan"
		}
		return does(what, func(t *recorder) { t.shell.Spec.PlanOnly = is })
	}
	return map[string]story{
		"a plan touches nothing": {n: 4, zones: []string{"1", "2"}, start: bare, spec: canary(image2, 75), rounds: 20,
			script: map[int]func(*recorder){
				0: all(plans(true), does("instance 3 is protected", func(t *recorder) { t.world.Instances[3].Protected = true })),
				2: ask(rollout.VerbPromoteFull),
				4: plans(false),
			}},
		"an image of another generation is refused before it is written": {n: 2, start: bare, spec: canary(image2, 50), rounds: 14,
			script: map[int]func(*recorder){
				0: does("instances are of generation V2, the image is of V1", func(t *recorder) {
					t.world.Hardware, t.world.Traits = "V2", rollout.KnownResult(rollout.ImageTraits{Generation: "V1"})
				}),
				2: plans(true),
				4: plans(false),
				6: does("the image may not be looked at any more", func(t *recorder) {
					t.world.Traits = rollout.FailedResult[rollout.ImageTraits](&rollout.Problem{Kind: rollout.KindForbidden, Message: "no role"})
				}),
			}},
		"plan mode while going back": {n: 3, start: bare, spec: canary(image2, 67), rounds: 28, script: map[int]func(*recorder){
			10: ask(rollout.VerbRollback),
			12: plans(true),
			18: plans(false),
		}},
	}
}
