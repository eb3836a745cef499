package rollout_test

import (
	"fmt"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

func randomTargets(dice simworld.Dice) []rollout.Target {
	var targets []rollout.Target
	for n := range 3 {
		var t rollout.Target
		if kind := dice(3); kind != 1 {
			t.Image = &rollout.Image{ID: fmt.Sprintf("/images/new-%d", n)}
		} else {
			t.RevisionTag = fmt.Sprint(n)
		}
		if t.Image == nil || dice(2) == 0 {
			t.Script = &rollout.Script{URIs: []string{fmt.Sprintf("http://store/%d.sh", n)}, Command: "sh run.sh"}
			if dice(4) == 0 {
				t.Script.Command, t.Script.ProtectedSettings = "sh run.sh", "web-script"
			}
		}
		targets = append(targets, t)
	}
	return targets
}

// randomSpec draws a specification. The order of the draws is part of every seed that is written down.
func randomSpec(dice simworld.Dice, target rollout.Target) rollout.Spec {
	spec := rollout.Spec{Target: target}
	spec.Canary.Percent = []int{1, 34, 50, 75, 100, 100}[dice(6)]
	spec.Batch = rollout.Batch{
		Size:           rollout.Amount{Value: 1 + dice(4)},
		MaxUnavailable: randomAmount(dice),
		Pause:          time.Duration(dice(3)) * 20 * time.Second,
	}
	spec.Canary.Steps = randomSteps(dice)
	spec.Tasks = rollout.Tasks{Checks: randomChecks(dice), Hooks: randomHooks(dice), Drain: randomDrain(dice)}
	spec.Baseline = randomBaseline(dice)
	spec.Failure = rollout.FailurePolicy{
		MaxFailed:        rollout.Amount{Value: max(0, dice(4)-2)},
		Retries:          max(0, dice(4)-2),
		ProgressDeadline: time.Duration(max(0, dice(4)-2)) * 20 * time.Minute,
		Action:           []rollout.FailureAction{rollout.FailurePause, rollout.FailureAbort, rollout.FailureRollback}[dice(3)],
	}
	spec.Drift = rollout.Drift{Overwrite: dice(3) == 0, RollOther: dice(3) == 0}
	spec.Repairs = []rollout.RepairsPolicy{rollout.RepairsLeave, rollout.RepairsSuspend}[dice(2)]
	spec.HistoryLimit = 1 + dice(3)
	spec.Canary.Bake = time.Duration(max(0, dice(4)-2)) * 2 * time.Minute
	spec.Instances = rollout.InstancePolicy{
		Zones:     []rollout.Zones{rollout.ZonesSpread, rollout.ZonesOneAtATime, rollout.ZonesIgnore}[dice(3)],
		Order:     []rollout.Order{rollout.OrderOldest, rollout.OrderNewest, rollout.OrderInstanceID}[dice(3)],
		Action:    []rollout.InstanceAction{rollout.ActionUpgrade, rollout.ActionUpgrade, rollout.ActionUpgradeThenReimage}[dice(3)],
		Protected: []rollout.ProtectedPolicy{rollout.ProtectedSkip, rollout.ProtectedWait, rollout.ProtectedFail}[dice(3)],
	}
	spec.Health = rollout.Health{
		Source:           []rollout.HealthSource{rollout.HealthApplication, rollout.HealthProvisioning}[dice(2)],
		MinReady:         time.Duration(dice(3)) * 20 * time.Second,
		Timeout:          5 * time.Minute,
		SuccessThreshold: max(0, dice(6)-3),
	}
	return spec
}

// randomSteps draws up to three ascending steps, or none.
func randomSteps(dice simworld.Dice) []rollout.CanaryStep {
	if dice(2) == 0 {
		return nil
	}
	var steps []rollout.CanaryStep
	for n := range 1 + dice(3) {
		step := rollout.CanaryStep{Name: fmt.Sprint("s", n), Percent: 30*n + 10 + dice(20), Soak: time.Duration(dice(3)) * 90 * time.Second}
		if dice(4) == 0 {
			step.Approval = &rollout.Approval{Timeout: time.Duration(dice(3)) * 5 * time.Minute,
				OnTimeout: []rollout.OnTimeout{rollout.TimeoutWait, rollout.TimeoutApprove, rollout.TimeoutAbort, rollout.TimeoutRollback}[dice(4)]}
		}
		if dice(4) == 0 {
			step.Percent, step.Count = 0, 1+2*n
		}
		steps = append(steps, step)
	}
	if dice(2) == 0 {
		steps = append(steps, rollout.CanaryStep{Name: "all", Percent: 100})
	}
	return steps
}

// randomBaseline declares what the world began with, now and then.
func randomBaseline(dice simworld.Dice) *rollout.Target {
	if dice(4) > 0 {
		return nil
	}
	return &rollout.Target{
		Image:  &rollout.Image{ID: "/images/old"},
		Script: &rollout.Script{URIs: []string{"http://store/old.sh"}, Command: "sh old.sh"},
	}
}

func randomAmount(dice simworld.Dice) rollout.Amount {
	if dice(3) == 0 {
		return rollout.Amount{Value: 10 * (1 + dice(10)), IsPercent: true}
	}
	return rollout.Amount{Value: 1 + dice(4)}
}
