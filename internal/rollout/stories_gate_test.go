package rollout_test

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// shareStories show how many instances are touched at a time.
func shareStories() map[string]story {
	return map[string]story{
		"batches of a third in the order of their ids": {n: 6, zones: []string{"1", "2"}, start: bare, rounds: 14,
			spec: canary(image2, 100, func(s *rollout.Spec) {
				s.Batch.Size, s.Batch.MaxUnavailable = rollout.Amount{Value: 34, IsPercent: true}, rollout.Amount{Value: 50, IsPercent: true}
				s.Instances.Zones, s.Instances.Order = rollout.ZonesIgnore, rollout.OrderInstanceID
			})},
		"counts beyond the size": {n: 3, start: bare, rounds: 14, spec: canary(image2, 0, func(s *rollout.Spec) {
			s.Canary.Steps = []rollout.CanaryStep{{Name: "one", Count: 1, Soak: time.Minute}, {Name: "five", Count: 5, Soak: time.Minute},
				{Name: "all", Percent: 100}}
		})},
	}
}

func approvalStories() map[string]story {
	half := func(timeout time.Duration) rollout.Spec { return gated(timeout, rollout.TimeoutApprove) }
	return map[string]story{
		"approval given": {n: 4, start: bare, spec: gated(0, rollout.TimeoutWait), rounds: 18, script: map[int]func(*recorder){
			7: ask(rollout.VerbApprove, step("one")),
		}},
		"approval times out and waits":      {n: 4, start: bare, spec: gated(5*time.Minute, rollout.TimeoutWait), rounds: 12},
		"approval times out and approves":   {n: 4, start: bare, spec: gated(5*time.Minute, rollout.TimeoutApprove), rounds: 20},
		"approval times out and aborts":     {n: 4, start: bare, spec: gated(5*time.Minute, rollout.TimeoutAbort), rounds: 16},
		"approval times out and rolls back": {n: 4, start: bare, spec: gated(5*time.Minute, rollout.TimeoutRollback), rounds: 20},
		"approval stands still while paused": {n: 4, start: bare, spec: half(5 * time.Minute), rounds: 24, script: map[int]func(*recorder){
			7:  paused(true),
			12: paused(false),
		}},
		"approval stands still while closed": {n: 4, start: bare, spec: half(5 * time.Minute), rounds: 24, script: map[int]func(*recorder){
			7:  does("the window closes", window(true, time.Hour)),
			12: does("the window opens", window(false, 8*time.Hour)),
		}},
		"approvals that open nothing": {n: 4, start: bare, spec: gated(0, rollout.TimeoutWait), rounds: 18, script: map[int]func(*recorder){
			3: ask(rollout.VerbApprove, step("one")),  // not reached
			7: ask(rollout.VerbApprove, step("half")), // another step
			8: ask(rollout.VerbApprove, step("one"), func(a *rollout.Action) { a.Run = 0 }),
			9: all(ask(rollout.VerbApprove, step("one")), ask(rollout.VerbApprove, step("one")), ask(rollout.VerbApprove, step("half"))),
		}},
		"approval given while paused": {n: 4, start: bare, spec: gated(0, rollout.TimeoutWait), rounds: 20, script: map[int]func(*recorder){
			7:  paused(true),
			9:  ask(rollout.VerbApprove, step("one")),
			12: paused(false),
		}},
		"a retry finds no old approval": {n: 4, start: bare, spec: gated(0, rollout.TimeoutWait), rounds: 40, script: map[int]func(*recorder){
			7:  ask(rollout.VerbApprove, step("one")),
			8:  ask(rollout.VerbRollback),
			24: ask(rollout.VerbRetry),
		}},
		"a target that comes back finds no old approval": {n: 4, start: bare, spec: gated(0, rollout.TimeoutWait), rounds: 36,
			script: map[int]func(*recorder){
				7:  ask(rollout.VerbApprove, step("one")),
				9:  does("target third", target(image3)),
				20: does("target updated again", target(image2)),
			}},
		"actions that make no sense": {n: 2, start: bare, spec: canary(image2, 50), rounds: 12, script: map[int]func(*recorder){
			4: ask("Restart"),
			5: ask(rollout.VerbApprove),
			6: ask(rollout.VerbPromote, step("one")),
			7: ask(rollout.VerbSkipInstance),
			8: ask(rollout.VerbSkipInstance, func(a *rollout.Action) { a.Instance = "99" }),
		}},
		"three steps with approvals and a bake": {n: 4, start: bare, rounds: 40, spec: func() rollout.Spec {
			s := gated(0, rollout.TimeoutWait)
			s.Canary.Steps[0].Soak, s.Canary.Steps[1].Soak = 3*time.Minute, 3*time.Minute
			s.Canary.Steps[1].Approval, s.Canary.Bake = &rollout.Approval{Timeout: time.Hour, OnTimeout: rollout.TimeoutRollback}, 10*time.Minute
			return s
		}(), script: map[int]func(*recorder){
			6:  ask(rollout.VerbApprove, step("one")), // it still soaks: the rollout waits for it no longer
			16: ask(rollout.VerbApprove, step("half")),
			20: ask(rollout.VerbApprove, step("half")),
		}},
		"an action acts once though its answer was lost": {n: 4, start: bare, spec: gated(0, rollout.TimeoutWait), rounds: 24,
			script: map[int]func(*recorder){
				7: all(ask(rollout.VerbApprove, step("one")),
					does("the next intent is the last thing before a crash", crash(simworld.CrashAfterRemember))),
			}},
	}
}

func promoteStories() map[string]story {
	return map[string]story{
		"promote during a soak": {n: 4, start: bare, rounds: 22, spec: func() rollout.Spec {
			s := steps(30 * time.Minute)
			s.Target = image2
			return s
		}(), script: map[int]func(*recorder){
			4: ask(rollout.VerbPromote, step("one")), // nothing to see yet
			7: ask(rollout.VerbPromote, step("one")),
			9: ask(rollout.VerbPromote, step("one")), // a double click opens no other gate
		}},
		"promote full where nothing is left to pass": {n: 2, start: bare, rounds: 18,
			spec: canary(image2, 50, func(s *rollout.Spec) { s.Canary.Bake = 2 * time.Minute }),
			script: map[int]func(*recorder){
				9:  ask(rollout.VerbPromoteFull), // it bakes no more; the bake of a larger share is not skipped by that
				10: percent(100),
			}},
		"promote full": {n: 4, start: bare, rounds: 18, spec: func() rollout.Spec {
			s := gated(0, rollout.TimeoutWait)
			s.Canary.Steps[1].Soak, s.Canary.Bake = time.Hour, time.Hour
			return s
		}(), script: map[int]func(*recorder){
			7: ask(rollout.VerbPromoteFull),
		}},
	}
}
