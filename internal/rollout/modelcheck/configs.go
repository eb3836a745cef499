package modelcheck

import (
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// ofImage and ofScript are the targets that people change between.
func ofImage(n int) rollout.Target { return rollout.Target{Image: &images[n]} }

func ofScript(n int) rollout.Target {
	return rollout.Target{Script: &rollout.Script{URIs: uris(uint8(n)), Command: scripts[n]}}
}

func ofBoth(n int) rollout.Target {
	return rollout.Target{Image: &images[n], Script: ofScript(n + 1).Script, RevisionTag: tags[n+1]}
}

func guarded(n int) rollout.Target {
	t := ofScript(n)
	script := *t.Script
	script.ProtectedSettings = "settings"
	t.Script = &script
	return t
}

// canary is the spec that most configurations begin with.
func canary(percent int, changes ...func(*rollout.Spec)) rollout.Spec {
	s := rollout.Spec{
		Canary: rollout.Canary{Percent: percent},
		Batch:  rollout.Batch{Size: rollout.Amount{Value: 1}, MaxUnavailable: rollout.Amount{Value: 1}},
		Instances: rollout.InstancePolicy{
			Order:     rollout.OrderOldest,
			Zones:     rollout.ZonesIgnore,
			Action:    rollout.ActionUpgrade,
			Protected: rollout.ProtectedSkip,
		},
		Health:       rollout.Health{Source: rollout.HealthApplication, Timeout: 5 * time.Minute},
		Failure:      rollout.FailurePolicy{Action: rollout.FailurePause},
		Deletion:     rollout.DeletionLeave,
		HistoryLimit: 2,
	}
	for _, change := range changes {
		change(&s)
	}
	return s
}

func onFailure(action rollout.FailureAction, retries, most int) func(*rollout.Spec) {
	return func(s *rollout.Spec) {
		s.Failure.Action, s.Failure.Retries, s.Failure.MaxFailed.Value = action, retries, most
		s.Deletion = rollout.DeletionRollback
	}
}

func protecting(p rollout.ProtectedPolicy) func(*rollout.Spec) {
	return func(s *rollout.Spec) { s.Instances.Protected = p }
}

func inSteps(onTimeout rollout.OnTimeout) func(*rollout.Spec) {
	return func(s *rollout.Spec) {
		s.Canary.Percent = 0
		s.Canary.Steps = []rollout.CanaryStep{
			{Name: "one", Count: 1, Soak: 2 * time.Minute, Approval: &rollout.Approval{Timeout: 10 * time.Minute, OnTimeout: onTimeout}},
			{Name: "all", Percent: 100, Soak: 3 * time.Minute},
		}
	}
}

// What may happen, in groups that are tried together.
var (
	people    = set(aTarget, aPause, aClosing, anAction, anUndo, aDeletion, aPlanning)
	platform  = set(aRound, aDeath, anEnd)
	elasticly = set(aScaleOut, aScaleIn, aReplacement)
	strangers = set(anEdit)
	everybody = people | platform | elasticly | strangers | set(anIllness, aRepair, aBlindRound)
)

// configs are the kinds of rollout that are checked. The first is the smallest, and is visited whole. The second is the largest that the
// search is for: four instances in three batches, with an approval, and two of each disturbance in every order, as far as its share of the
// states goes.
func configs() []*config { return slices.Concat(ofImages(), ofTargets(), ofPlatform(), ofWhole()) }

// fromImages and fromScripts are targets in the order in which people change them.
var (
	fromImages  = []rollout.Target{ofImage(1), ofImage(2), ofImage(0)}
	fromScripts = []rollout.Target{ofScript(2), ofScript(3), ofScript(1)}
)

// ofImages are rollouts of images, with what may be declared of their shares and failures.
func ofImages() []*config {
	return []*config{
		{name: "smallest", spec: canary(100), targets: fromImages[:1], instances: 1, can: platform | set(anIllness), most: 2},
		{name: "two of everything", spec: canary(
			0, inSteps(rollout.TimeoutWait), onFailure(rollout.FailureRollback, 0, 0), func(s *rollout.Spec) {
				s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = 2, 2
			}), targets: fromImages, instances: 4, can: everybody, most: 2,
			budget: budget{crashes: 2, targets: 2, edits: 2, failures: 2, scalings: 2, requests: 2, waits: 2}, states: 500_000},
		{name: "percent", spec: canary(50), targets: fromImages, instances: 3, can: everybody, most: 2},
		{
			name: "all at once", spec: canary(
				100, func(s *rollout.Spec) {
					s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = 2, 2
				}), targets: fromImages, instances: 3, can: everybody, most: 2,
		},
		{
			name: "after a completed run", spec: canary(100, onFailure(rollout.FailureRollback, 0, 0)),
			targets: []rollout.Target{ofImage(0), ofImage(1), ofImage(2)}, instances: 2, can: everybody, most: 3,
		},
		{name: "most of it, in twos",
			spec: canary(75, onFailure(rollout.FailurePause, 0, 1),
				func(s *rollout.Spec) { s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = 2, 2 }),
			targets: fromImages[:2], instances: 4, can: everybody, most: 2},
		{
			name: "rollback", spec: canary(100, onFailure(rollout.FailureRollback, 1, 0)), targets: fromImages, instances: 2,
			can: everybody, most: 2,
		},
		{
			name: "abort, one tolerated", spec: canary(100, onFailure(rollout.FailureAbort, 0, 1)), targets: fromImages, instances: 3,
			can: everybody, most: 2,
		},
		{name: "steps", spec: canary(0, inSteps(rollout.TimeoutWait)), targets: fromImages[:2], instances: 2, can: everybody, most: 2},
		{
			name: "steps that time out", spec: canary(0, inSteps(rollout.TimeoutRollback)), targets: fromImages[:1], instances: 2,
			can: everybody, most: 2,
		},
		{
			name: "steps that abort in time", spec: canary(0, inSteps(rollout.TimeoutAbort)), targets: fromImages[:1], instances: 2,
			can: everybody, most: 2,
		},
		{
			name: "steps approved by time", spec: canary(0, inSteps(rollout.TimeoutApprove)), targets: fromImages[:1], instances: 2,
			can: everybody, most: 2,
		},
	}
}

// ofTargets are rollouts of scripts, and of images and scripts.
func ofTargets() []*config {
	old, base := content{script: 1}, ofScript(1)
	return []*config{
		{name: "reimage", spec: canary(
			100,
			onFailure(rollout.FailureRollback, 1, 0),
			func(s *rollout.Spec) { s.Instances.Action = rollout.ActionUpgradeThenReimage },
		), model: old,
			targets: fromScripts[:2], instances: 2, can: everybody, most: 2},
		{name: "script, baseline declared",
			spec: canary(100, onFailure(rollout.FailureRollback, 0, 0), func(s *rollout.Spec) { s.Baseline = &base }), model: old,
			targets: fromScripts, instances: 2, can: everybody, most: 2},
		{
			name: "script, there was none", spec: canary(100, onFailure(rollout.FailureRollback, 0, 0)), targets: fromScripts[:2], instances: 2,
			can: everybody, most: 2,
		},
		{
			name: "image and script", spec: canary(50, onFailure(rollout.FailureRollback, 0, 0)), targets: []rollout.Target{ofBoth(1), ofBoth(2)},
			instances: 2, can: everybody, most: 2,
		},
		{name: "settings, overwrite, repairs", spec: canary(100, onFailure(rollout.FailureAbort, 0, 0), func(s *rollout.Spec) {
			s.Drift.Overwrite, s.Drift.RollOther, s.Repairs = true, true, rollout.RepairsSuspend
		}), targets: []rollout.Target{guarded(2), guarded(3)}, instances: 2, can: everybody, most: 2, repairs: true},
		{name: "settings that are rotated", spec: canary(100, onFailure(rollout.FailureRollback, 0, 0)),
			targets: []rollout.Target{guarded(2), guarded(3)}, instances: 2,
			can: everybody | set(aRotation), most: 2},
	}
}

// ofPlatform are rollouts that zones, time and protection have a part in.
func ofPlatform() []*config {
	return []*config{
		{name: "zone by zone", spec: canary(
			100,
			onFailure(rollout.FailureRollback, 0, 0),
			func(s *rollout.Spec) { s.Instances.Zones = rollout.ZonesOneAtATime },
		), targets: fromImages[:2],
			instances: 3, can: everybody | set(aProtection), most: 2, zoned: true},
		{name: "deadline, ready for a while", spec: canary(100, onFailure(rollout.FailureRollback, 0, 0), func(s *rollout.Spec) {
			s.Health.MinReady, s.Failure.ProgressDeadline, s.Canary.Bake, s.Batch.Pause = time.Minute, 30*time.Minute, 2*time.Minute, time.Minute
		}), targets: fromImages[:2], instances: 2, can: everybody, most: 2},
		{
			name: "protected are skipped", spec: canary(100, onFailure(rollout.FailureRollback, 0, 0)), targets: fromImages[:2], instances: 3,
			can: everybody | set(aProtection), most: 2,
		},
		{name: "protected are waited for", spec: canary(100, onFailure(rollout.FailureRollback, 0, 0), protecting(rollout.ProtectedWait)),
			targets: fromImages[:2], instances: 2,
			can: everybody | set(aProtection), most: 2},
		{name: "protected fail it", spec: canary(100, onFailure(rollout.FailureRollback, 0, 0), protecting(rollout.ProtectedFail)),
			targets: fromImages[:2], instances: 2,
			can: everybody | set(aProtection), most: 2},
	}
}

// ofWhole are those that are visited whole, and the last two.
func ofWhole() []*config {
	return []*config{
		{
			name: "whole: crashes, targets, edits", spec: canary(100), targets: fromImages[:2], instances: 1,
			can: everybody, budget: budget{crashes: 2, targets: 2, edits: 1},
		},
		{
			name: "whole: two instances", spec: canary(100), targets: fromImages[:2], instances: 2,
			can: everybody, budget: budget{crashes: 1, targets: 1, edits: 1},
		},
		{name: "whole: failures", spec: canary(100, onFailure(rollout.FailureRollback, 0, 0)), targets: fromImages[:2],
			instances: 1, can: everybody,
			budget: budget{crashes: 1, edits: 1, failures: 1}},
		{
			name: "whole: gates and verbs", spec: canary(0, inSteps(rollout.TimeoutWait)), targets: fromImages[:2], instances: 2,
			can: everybody, budget: budget{crashes: 1, targets: 1, requests: 1},
		},
		{
			name: "whole: refused on both ways", spec: canary(100, onFailure(rollout.FailureRollback, 0, 0)), targets: fromImages[:1],
			instances: 1, can: platform | set(anIllness), budget: budget{failures: 2}, throttles: true,
		},
		{
			name: "whole: reimages that are refused", spec: canary(100, onFailure(rollout.FailureRollback, 0, 0), func(s *rollout.Spec) {
				s.Instances.Action = rollout.ActionUpgradeThenReimage
			}), model: content{script: 1}, targets: fromScripts[:1], instances: 1, can: platform | set(anIllness),
			budget: budget{failures: 2}, throttles: true,
		},
		{
			name: "whole: rollbacks that people ask for", spec: canary(100), targets: fromImages[:2], instances: 1,
			can: platform | set(anAction, anUndo, aPause, aDeletion), budget: budget{requests: 1, failures: 1}, throttles: true,
		},
		{name: "whole: scale sets that change", spec: canary(100, onFailure(rollout.FailureRollback, 0, 0)), targets: fromImages[:2],
			instances: 2, can: everybody,
			budget: budget{crashes: 1, failures: 1, scalings: 1}},
		{
			name: "plan only", spec: canary(
				100, func(s *rollout.Spec) { s.PlanOnly = true }), targets: fromImages, instances: 2, can: everybody, most: 2,
		},
		{
			name: "up to date by content", spec: canary(100, onFailure(rollout.FailureRollback, 0, 0)), targets: fromImages, instances: 2,
			can: everybody, most: 2, byContent: true,
		},
	}
}
