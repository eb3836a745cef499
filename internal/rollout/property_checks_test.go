package rollout_test

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// randomChecks draws up to two checks, or none.
func randomChecks(dice simworld.Dice) []rollout.Check {
	if dice(3) > 0 {
		return nil
	}
	var checks []rollout.Check
	for n := range 1 + dice(2) {
		checks = append(checks, rollout.Check{
			Name: []string{"page", "error-rate"}[n], Scope: []rollout.CheckScope{rollout.CheckInstance, rollout.CheckStep}[dice(2)],
			Background: dice(3) == 0, Advisory: dice(5) == 0,
		})
	}
	return checks
}

// verify is asked of every verification under way: most pass sooner or later, and in the calm all do.
func (l *life) verify(run rollout.CheckRun) rollout.CheckResult {
	state := rollout.CheckRunning
	switch roll := l.dice(40); {
	case l.calm || roll < 12:
		state = rollout.CheckPassed
	case roll == 39:
		state = rollout.CheckFailed
	}
	l.verdicts[run.Key] = state
	return rollout.CheckResult{State: state, Message: "random", RunsInInstance: run.Key.Instance != "" && l.world.Telling}
}

// checkVerdicts holds that no step is left, and no success is claimed, without a verdict of every check of it that counts; and that no
// instance is let out of a batch without one.
func (l *life) checkVerdicts(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) {
	m := d.State
	if m.Rollback.Current != nil || m.Run.Completed || m.Stage.PromoteAll || m.Stage.Promoted != "" ||
		m.Run.Number != obs.State.Run.Number {
		return
	}
	for _, c := range spec.Tasks.Checks {
		switch {
		case c.Advisory || c.Background:
		case c.Scope == rollout.CheckStep && (m.Stage.Name != obs.State.Stage.Name || d.Explanation.Reason == rollout.ReasonCanaryReached):
			if !l.hasPassed(c.Name, m.Run.Number, "") {
				l.breaks("step %q is left and check %s never passed", obs.State.Stage.Name, c.Name)
			}
		case c.Scope == rollout.CheckInstance:
			l.checkLetOut(c.Name, obs, m)
		}
	}
}

// checkLetOut holds that each instance that left a batch without a failure passed the check.
func (l *life) checkLetOut(check string, obs rollout.Observation, m rollout.State) {
	op := obs.State.Operation
	if op == nil || op.Run != m.Run.Number ||
		op.Kind == rollout.UpgradeOperation && l.shell.Spec.Instances.Action == rollout.ActionUpgradeThenReimage ||
		m.Operation != nil {
		return
	}
	if m.Pacing.LastBatchEnd.Equal(obs.State.Pacing.LastBatchEnd) {
		return // it was not verified, but seen out
	}
	for _, ref := range op.Instances {
		if i := instanceIn(obs, ref.Ref); i.Power.Off != rollout.NotOff {
			continue // it left the batch since it was stopped
		}
		if l.listsUpdated(obs, ref.ID) && !l.hasFailedIn(m, ref.ID) && !l.hasPassed(check, m.Run.Number, ref.ID) {
			l.breaks("instance %s left its batch and never passed check %s", ref.ID, check)
		}
	}
}

// listsUpdated reports whether the list that was decided on shows the instance with the latest model.
func (l *life) listsUpdated(obs rollout.Observation, id string) bool {
	for _, i := range obs.Instances.Value {
		if i.ID == id {
			return i.Latest == rollout.True && i.State != rollout.StateDeleting
		}
	}
	return false
}

func (l *life) hasFailedIn(m rollout.State, id string) bool {
	for _, f := range m.Ledger.Failed {
		if f.ID == id {
			return true
		}
	}
	return false
}

// hasPassed reports whether the check ever passed in the run, on the instance or for the release.
func (l *life) hasPassed(check string, run int64, id string) bool {
	for key, state := range l.verdicts {
		if key.Check == check && key.Run == run && key.Instance == id && state == rollout.CheckPassed {
			return true
		}
	}
	return false
}
