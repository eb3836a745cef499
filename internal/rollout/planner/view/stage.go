package view

import "github.com/vmss-rollouts/vmss-rollouts/internal/rollout"

// HasGate reports that anything has to pass once the current step's share is reached.
func HasGate(v *View) bool {
	step := v.Step()
	return step.Soak > 0 || step.Approval != nil || hasStepTasks(v) || (v.Spec.IsLastStep(v.State) && v.Spec.Canary.Bake > 0)
}

func hasStepTasks(v *View) bool {
	return len(v.Spec.Tasks.ChecksOf(rollout.CheckStep, false)) > 0 || len(v.Spec.Tasks.HooksAt(rollout.AfterStep)) > 0
}

// HasPassedAllGates reports that the rollout is at its last share, and nothing has to pass there any more.
func HasPassedAllGates(v *View) bool {
	step := v.Step()
	isAsked := hasStepTasks(v) || (step.Approval != nil && !v.State.Stage.IsApproved(step.Name))
	return v.Spec.IsLastStep(v.State) && !isAsked && v.State.Stage.Timer.Passed(v.At()) >= step.Soak+v.Spec.Canary.Bake
}

// IsReached reports that as many instances as the current step desires have the target and are healthy, less those whose failure is
// tolerated, and nothing is in flight.
func IsReached(v *View) bool {
	return IsShareReached(v) && (!v.Step().Live || LiveSet(v) == rollout.LiveWorked)
}

// IsShareReached is IsReached, wherever the traffic is led.
func IsShareReached(v *View) bool {
	c := v.Inventory()
	return c.Eligible > 0 && len(c.Verified) >= c.Desired-min(CountedFailures(v), Tolerated(v)) && !v.State.IsWorking()
}

// IsSound reports that no more have failed than is tolerated, and no other exposed instance is unhealthy, also none beyond what is desired,
// or stopped.
func IsSound(v *View) bool {
	return v.State.Stage.FailedCheck == "" && CountedFailures(v) <= Tolerated(v) && len(v.Unhealthy())+len(v.StoppedAfterUpgrade()) == 0
}
