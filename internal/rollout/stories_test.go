package rollout_test

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// once makes a fault certain for the next draw and no longer.
func once(set func(*simworld.Faults)) func(*recorder) {
	return func(t *recorder) { set(&t.world.Faults) }
}

func percent(p int) func(*recorder) {
	return func(t *recorder) { t.shell.Spec.Canary.Percent = p }
}

func target(to rollout.Target) func(*recorder) {
	return func(t *recorder) { t.shell.Spec.Target = to }
}

func crash(at simworld.Crash) func(*recorder) {
	return func(t *recorder) {
		armed := true
		t.shell.CrashIn = func() simworld.Crash {
			if armed {
				armed = false
				return at
			}
			return simworld.NoCrash
		}
	}
}

func stories() map[string]story {
	all := map[string]story{}
	for _, part := range []map[string]story{walkthroughStories(), failureStories(), azureStories(), worldStories(), operatorStories(),
		stepStories()} {
		for name, s := range part {
			all[name] = s
		}
	}
	for _, part := range []map[string]story{shareStories(), approvalStories(), checkStories(), hookStories(), interruptedStories(),
		alarmStories(), cordonStories(), promoteStories(), abortStories(), rollbackStories(), pressureStories(), returnTroubleStories(),
		baselineStories(),
		targetStories(), applicationStories(), failedStories(), deadlineStories(), driftStories(), deletionStories(), planStories()} {
		for name, s := range part {
			s.whole = true
			if s.spec.HistoryLimit == 0 {
				s.spec.HistoryLimit = 10
			}
			all[name] = s
		}
	}
	return all
}

func walkthroughStories() map[string]story {
	both := rollout.Target{Image: image2.Image, Script: v2.Script}
	return map[string]story{
		"script canary then all": {n: 3, start: v1, spec: canary(v2, 34), rounds: 18, script: map[int]func(*recorder){
			7: does("percent 100", percent(100)),
		}},
		"image canary then all": {n: 3, start: v1, spec: canary(image2, 34), rounds: 18, script: map[int]func(*recorder){
			7: does("percent 100", percent(100)),
		}},
		"image and script together": {n: 2, start: v1, spec: canary(both, 100), rounds: 14},
		"batches spread over zones": {
			n:      6,
			zones:  []string{"1", "2", "3"},
			start:  v1,
			rounds: 10,
			spec: canary(v2, 100, func(s *rollout.Spec) {
				s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = 2, 2
			}),
		},
		"one zone at a time": {n: 6, zones: []string{"1", "2", "3"}, start: v1, rounds: 12, spec: canary(v2, 100, func(s *rollout.Spec) {
			s.Instances.Zones, s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = rollout.ZonesOneAtATime, 4, 4
		})},
		"newest first with a pause": {n: 3, start: v1, rounds: 16, spec: canary(v2, 100, func(s *rollout.Spec) {
			s.Instances.Order, s.Batch.Pause = rollout.OrderNewest, 90*time.Second
		})},
		"upgrade then reimage": {n: 2, start: v1, rounds: 14, spec: canary(v2, 100, func(s *rollout.Spec) {
			s.Instances.Action = rollout.ActionUpgradeThenReimage
		})},
		"the same content again": {n: 2, start: v1, rounds: 16, spec: canary(v2, 100), script: map[int]func(*recorder){
			9: does("revisionTag 2", target(rollout.Target{Script: v2.Script, RevisionTag: "2"})),
		}},
		"nothing to do at first sight": {n: 3, start: v1, rounds: 3, spec: canary(rollout.Target{Image: &v1.Image}, 100)},
		"taken up half done": {n: 4, start: v1, rounds: 12, spec: canary(v3, 75), script: map[int]func(*recorder){
			0: does("by hand: model v3, instances 0 and 1 upgraded", func(t *recorder) {
				t.world.Edit(func(c *simworld.Content) {
					c.Script = &rollout.ModelScript{Extension: "nginx", URIs: v3.Script.URIs, Command: v3.Script.Command}
				})
				t.world.Instances[0].Model, t.world.Instances[1].Model = 1, 1
			}),
		}},
	}
}

func failureStories() map[string]story {
	return map[string]story{
		"a failing script holds and a new target repairs it": {n: 3, start: v1,
			spec: canary(v2, 100), rounds: 20, script: map[int]func(*recorder){
				0: does("the v2 script fails on every instance", once(func(f *simworld.Faults) { f.ScriptFails = 1 })),
				8: does("target v3, which works", func(t *recorder) { t.world.Faults = simworld.Faults{}; target(v3)(t) }),
			}},
		"an unhealthy canary times out and recovers": {n: 3, start: v1, spec: canary(v2, 34), rounds: 22, script: map[int]func(*recorder){
			0:  does("v2 makes instances unhealthy", once(func(f *simworld.Faults) { f.Unhealthy = 1 })),
			18: does("the canary recovers", func(t *recorder) { t.world.Instances[0].Health = rollout.True }),
		}},
		"a held canary becomes unhealthy": {n: 3, start: v1, spec: canary(v2, 34), rounds: 24, script: map[int]func(*recorder){
			7: does("the canary becomes unhealthy", func(t *recorder) { t.world.Instances[0].Health = rollout.False }),
			8: does("percent 100", percent(100)),
		}},
		"unknown health never counts": {n: 3, start: v1, spec: canary(v2, 34), rounds: 18, script: map[int]func(*recorder){
			0: does("v2 instances do not report health", once(func(f *simworld.Faults) { f.HealthUnknown = 1 })),
		}},
		"sick instances spend the budget and may be healed": {
			n:      4,
			start:  v1,
			spec:   canary(v2, 100),
			rounds: 16,
			script: map[int]func(*recorder){
				0: does("instance 3 is sick before anything begins", func(t *recorder) { t.world.Instances[3].Health = rollout.False }),
			},
		},
		"minReady is kept": {n: 2, start: v1, rounds: 12, spec: canary(v2, 50, func(s *rollout.Spec) { s.Health.MinReady = time.Minute })},
	}
}

func azureStories() map[string]story {
	return map[string]story{
		"preempted upgrade": {n: 2, start: v1, spec: canary(v2, 50), rounds: 14, script: map[int]func(*recorder){
			2: does("upgrades are preempted", once(func(f *simworld.Faults) { f.Preempted = 1 })),
			5: does("no more", func(t *recorder) { t.world.Faults = simworld.Faults{} }),
		}},
		"succeeds and changes nothing": {n: 2, start: v1, spec: canary(v2, 50), rounds: 35, script: map[int]func(*recorder){
			2: does("upgrades succeed and change nothing", once(func(f *simworld.Faults) { f.NotApplied = 1 })),
		}},
		"lost operation": {n: 2, start: v1, spec: canary(v2, 50), rounds: 10, script: map[int]func(*recorder){
			0: does("operations cannot be asked about", once(func(f *simworld.Faults) { f.TokenLost = 1 })),
		}},
		"crash after the upgrade was sent": {n: 2, start: v1, spec: canary(v2, 50), rounds: 10, script: map[int]func(*recorder){
			3: does("the next effect is the last thing before a crash", crash(simworld.CrashAfterAct)),
		}},
		"crash before the upgrade was sent": {n: 2, start: v1, spec: canary(v2, 50), rounds: 12, script: map[int]func(*recorder){
			3: does("crash between intent and effect", crash(simworld.CrashAfterRemember)),
		}},
		"crash before a reimage was sent": {n: 1, start: v1, rounds: 10, script: map[int]func(*recorder){
			5: does("crash between intent and effect", crash(simworld.CrashAfterRemember)),
		}, spec: canary(v2, 100, func(s *rollout.Spec) { s.Instances.Action = rollout.ActionUpgradeThenReimage })},
		"no answer to the write of the model": {n: 2, start: v1, spec: canary(image2, 50), rounds: 10, script: map[int]func(*recorder){
			0: does("answers get lost", once(func(f *simworld.Faults) { f.Ambiguous = 1 })),
			1: does("no more", func(t *recorder) { t.world.Faults = simworld.Faults{} }),
		}},
		"a refused image is tried again quietly": {n: 2, start: v1, spec: canary(image2, 50), rounds: 10, script: map[int]func(*recorder){
			0: does("Azure refuses (the middle of the kinds: Forbidden)", once(func(f *simworld.Faults) { f.Refused = 1 })),
			4: does("the role is granted", func(t *recorder) { t.world.Faults = simworld.Faults{} }),
		}},
		"the write of the model fails": {n: 2, start: v1, spec: canary(image2, 50), rounds: 14, script: map[int]func(*recorder){
			0: does("writes of the model fail", once(func(f *simworld.Faults) { f.WriteFails = 1 })),
			8: does("no more", func(t *recorder) { t.world.Faults = simworld.Faults{} }),
		}},
		"the write of the model is for nothing": {n: 2, start: v1, spec: canary(image2, 50), rounds: 24, script: map[int]func(*recorder){
			0:  does("writes of the model succeed and change nothing", once(func(f *simworld.Faults) { f.WriteLost = 1 })),
			18: does("no more", func(t *recorder) { t.world.Faults = simworld.Faults{} }),
		}},
		"reads fail": {n: 2, start: v1, spec: canary(v2, 50), rounds: 8, script: map[int]func(*recorder){
			0: does("no read works", once(func(f *simworld.Faults) { f.ReadFails = 1 })),
			3: does("reads work", func(t *recorder) { t.world.Faults = simworld.Faults{} }),
		}},
	}
}

func worldStories() map[string]story {
	return map[string]story{
		"scale out and in while the canary is held": {n: 3, start: v1, spec: canary(v2, 34), rounds: 16, script: map[int]func(*recorder){
			7:  does("autoscale adds 3", func(t *recorder) { t.world.ScaleOut(3, nil) }),
			10: does("autoscale removes the last 3", func(t *recorder) { t.world.Instances = t.world.Instances[:3] }),
			13: does("autoscale removes the canary", func(t *recorder) { t.world.Remove(t.world.Instances[0]) }),
		}},
		"repair replaces an instance of the batch": {n: 3, start: v1, spec: canary(v2, 34), rounds: 10, script: map[int]func(*recorder){
			4: does(
				"instance 0 is replaced by instance 3",
				func(t *recorder) { t.world.Remove(t.world.Instances[0]); t.world.ScaleOut(1, nil) },
			),
		}},
		"no instances": {n: 0, start: v1, spec: canary(v2, 34), rounds: 4, script: map[int]func(*recorder){
			2: does("two appear", func(t *recorder) { t.world.ScaleOut(2, nil) }),
		}},
		"drift of what is declared": {n: 3, start: v1, spec: canary(v2, 34), rounds: 14, script: map[int]func(*recorder){
			7: does(
				"another writer writes another script",
				func(t *recorder) { t.world.Edit(func(c *simworld.Content) { c.Script = v1.Script }) },
			),
			9: does("and puts it back", func(t *recorder) {
				t.world.Edit(func(c *simworld.Content) { s := *t.world.Models[1].Script; c.Script = &s })
			}),
			11: does("percent 100", percent(100)),
		}},
		"drift of other parts after completion": {n: 2, start: v1, spec: canary(v2, 100), rounds: 12, script: map[int]func(*recorder){
			10: does(
				"another writer changes other parts of the model",
				func(t *recorder) { t.world.Edit(func(c *simworld.Content) { c.Other++ }) },
			),
		}},
		"upgrade mode turns automatic": {n: 2, start: v1, spec: canary(v2, 100), rounds: 8, script: map[int]func(*recorder){
			0: does("mode Automatic", func(t *recorder) { t.world.Mode = "Automatic" }),
			2: does("mode Manual", func(t *recorder) { t.world.Mode = rollout.UpgradeModeManual }),
		}},
	}
}

func operatorStories() map[string]story {
	return map[string]story{
		"paused midway": {n: 3, start: v1, spec: canary(v2, 100), rounds: 16, script: map[int]func(*recorder){
			3: does("paused", func(t *recorder) { t.shell.Spec.Paused = true }),
			7: does("resumed", func(t *recorder) { t.shell.Spec.Paused = false }),
		}},
		"the target changes midway": {n: 3, start: v1, spec: canary(v2, 100), rounds: 18, script: map[int]func(*recorder){
			4: does("target v3 while instance 0 is being upgraded", target(v3)),
		}},
		"the percentage is lowered": {n: 4, start: v1, spec: canary(v2, 50), rounds: 12, script: map[int]func(*recorder){
			9: does("percent 25", percent(25)),
		}},
		"an older rollout has the scale set": {n: 2, start: v1, spec: canary(v2, 100), rounds: 8, script: map[int]func(*recorder){
			0: does("shop/old claims it", func(t *recorder) { t.shell.Claim.Owner = "shop/old" }),
			3: does("shop/old is deleted", func(t *recorder) { t.shell.Claim.Owner = "" }),
		}},
		"an older rollout waits for what a younger one has in flight": {n: 2, start: v1, spec: canary(v2, 100), rounds: 14,
			script: map[int]func(*recorder){
				0: does(
					"shop/young is upgrading an instance",
					func(t *recorder) { t.shell.Claim = rollout.Ownership{Owner: "shop/young", Releasing: true} },
				),
				2: ask(rollout.VerbSkipInstance, func(a *rollout.Action) { a.Instance = "1" }),
				4: does("it is done with it", func(t *recorder) { t.shell.Claim = rollout.Ownership{} }),
			}},
		"a soak begins again after another rollout had the scale set": {n: 4, start: v1, spec: steps(10 * time.Minute), rounds: 18,
			script: map[int]func(*recorder){
				7: does("shop/old claims it", func(t *recorder) { t.shell.Claim.Owner = "shop/old" }),
				9: does("shop/old is deleted", func(t *recorder) { t.shell.Claim.Owner = "" }),
			}},
		"a plan beside an older rollout": {n: 2, start: v1, spec: canary(v2, 100, func(s *rollout.Spec) { s.PlanOnly = true }), rounds: 5,
			script: map[int]func(*recorder){
				0: does("shop/old claims it", func(t *recorder) { t.shell.Claim.Owner = "shop/old" }),
				2: does("shop/old is deleted", func(t *recorder) { t.shell.Claim.Owner = "" }),
				3: does("applied", func(t *recorder) { t.shell.Spec.PlanOnly = false }),
			}},
		"protected instances are skipped": {n: 3, start: v1, spec: canary(v2, 100), rounds: 10, script: map[int]func(*recorder){
			0: does("instance 1 is protected", func(t *recorder) { t.world.Instances[1].Protected = true }),
		}},
		"protected instances are waited for": {n: 2, start: v1, rounds: 12,
			spec: canary(v2, 100, func(s *rollout.Spec) { s.Instances.Protected = rollout.ProtectedWait }), script: map[int]func(*recorder){
				0: does("instance 1 is protected", func(t *recorder) { t.world.Instances[1].Protected = true }),
				8: does("no longer", func(t *recorder) { t.world.Instances[1].Protected = false }),
			}},
		"protected instances forbid a start": {n: 2, start: v1, rounds: 6,
			spec: canary(v2, 100, func(s *rollout.Spec) { s.Instances.Protected = rollout.ProtectedFail }), script: map[int]func(*recorder){
				0: does("instance 1 is protected", func(t *recorder) { t.world.Instances[1].Protected = true }),
				2: does("no longer", func(t *recorder) { t.world.Instances[1].Protected = false }),
			}},
	}
}

// steps is a spec of three steps: one, half, all.
func steps(soak time.Duration) rollout.Spec {
	s := canary(v2, 0)
	s.Canary.Steps = []rollout.CanaryStep{
		{Name: "one", Count: 1, Soak: soak},
		{Name: "half", Percent: 50, Soak: soak},
		{Name: "all", Percent: 100},
	}
	return s
}

func window(closed bool, changes time.Duration) func(*recorder) {
	return func(t *recorder) {
		t.shell.Window = rollout.Window{Closed: closed, NextChange: t.world.Now.Add(changes)}
	}
}

func stepStories() map[string]story {
	return map[string]story{
		"three steps with a soak": {n: 4, start: v1, spec: steps(5 * time.Minute), rounds: 24},
		"steps without a soak":    {n: 4, start: v1, spec: steps(0), rounds: 12},
		"a count beyond the size": {n: 2, start: v1, rounds: 12, spec: canary(v2, 0, func(s *rollout.Spec) {
			s.Canary.Steps = []rollout.CanaryStep{{Name: "five", Count: 5}}
		})},
		"a canary becomes unhealthy while soaking": {n: 4, start: v1, spec: steps(10 * time.Minute), rounds: 26, script: map[int]func(*recorder){
			7: does("the canary becomes unhealthy", func(t *recorder) { t.world.Instances[0].Health = rollout.False }),
			9: does("and recovers: the soak begins again", func(t *recorder) { t.world.Instances[0].Health = rollout.True }),
		}},
		"a soak stands still while paused": {n: 4, start: v1, spec: steps(5 * time.Minute), rounds: 24, script: map[int]func(*recorder){
			7:  does("paused", func(t *recorder) { t.shell.Spec.Paused = true }),
			12: does("resumed", func(t *recorder) { t.shell.Spec.Paused = false }),
		}},
		"bake before completion": {
			n:      2,
			start:  v1,
			rounds: 16,
			spec:   canary(v2, 100, func(s *rollout.Spec) { s.Canary.Bake = 5 * time.Minute }),
		},
		"a window closes and opens": {n: 3, start: v1, spec: canary(v2, 100), rounds: 16, script: map[int]func(*recorder){
			4: does("the window closes for an hour while instance 0 is being upgraded", window(true, time.Hour)),
			9: does("the window opens", window(false, 6*time.Hour)),
		}},
		"a closed window keeps the model": {n: 2, start: v1, spec: canary(v2, 100), rounds: 6, script: map[int]func(*recorder){
			0: does("the window is closed", window(true, 5*time.Minute)),
			3: does("the window opens", window(false, time.Hour)),
		}},
		"a soak stands still outside the window": {n: 4, start: v1, spec: steps(5 * time.Minute), rounds: 20, script: map[int]func(*recorder){
			7:  does("the window closes", window(true, time.Hour)),
			11: does("the window opens", window(false, 6*time.Hour)),
		}},
		"steps are edited while soaking": {n: 4, start: v1, spec: steps(10 * time.Minute), rounds: 22, script: map[int]func(*recorder){
			8: does("the soak of step one is cut to 1 minute", func(t *recorder) { t.shell.Spec.Canary.Steps[0].Soak = time.Minute }),
		}},
		"a new target begins with the first step": {
			n:      4,
			start:  v1,
			spec:   steps(3 * time.Minute),
			rounds: 26,
			script: map[int]func(*recorder){
				13: does("target v3", target(v3)),
			},
		},
	}
}
