package task

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// StepKey identifies a check of the current share.
func StepKey(v *view.View, c rollout.Check) rollout.CheckKey {
	if c.Background {
		return rollout.CheckKey{Check: c.Name, Run: v.State.Run.Number}
	}
	return rollout.CheckKey{Check: c.Name, Run: v.State.Run.Number, Stage: v.Spec.ShareKey(v.State), Try: v.State.Stage.GateResets}
}

// instanceKey identifies a check of one instance.
func instanceKey(v *view.View, c rollout.Check, a rollout.Attempt) rollout.CheckKey {
	return rollout.CheckKey{Check: c.Name, Run: v.State.Run.Number, Try: a.Try, Instance: a.ID, VMID: a.VMID}
}

// InstanceResult says how the checks of one instance of a batch stand: True, all passed; False, one failed, and which; Unknown, some still
// run, and which. A rollback asks for no check.
func InstanceResult(v *view.View, a rollout.Attempt) (rollout.Tristate, string) {
	if v.State.Rollback.Current != nil {
		return rollout.True, ""
	}
	all, running := rollout.True, []string{}
	for _, c := range v.Spec.Tasks.ChecksOf(rollout.CheckInstance, false) {
		result := v.Obs.Tasks.Checks[instanceKey(v, c, a)]
		switch {
		case c.Advisory:
		case result.State == rollout.CheckFailed:
			return rollout.False, failedCheck(c, result)
		case result.State != rollout.CheckPassed:
			all, running = rollout.Unknown, append(running, c.Name)
		}
	}
	return all, strings.Join(running, ", ")
}

// BackgroundFailure says how an instance fails a check in the background; "": it does not.
func BackgroundFailure(v *view.View, c rollout.Check, i rollout.Instance) string {
	result := v.Obs.Tasks.Checks[instanceKey(v, c, rollout.Attempt{Ref: i.Ref()})]
	if result.State != rollout.CheckFailed || c.Advisory {
		return ""
	}
	return failedCheck(c, result)
}

func failedCheck(c rollout.Check, result rollout.CheckResult) string {
	return fmt.Sprintf("check %s: %s", c.Name, result.Message)
}

// ReleaseFailure says which check the release as a whole fails, with its message; "": none.
func ReleaseFailure(v *view.View) string {
	for _, background := range []bool{true, false} {
		for _, c := range v.Spec.Tasks.ChecksOf(rollout.CheckStep, background) {
			if result := v.Obs.Tasks.Checks[StepKey(v, c)]; result.State == rollout.CheckFailed && !c.Advisory {
				return fmt.Sprintf("check %s failed: %s", c.Name, result.Message)
			}
		}
	}
	return ""
}

// Checkable are the instances that a check in the background is about: they have the target and belong to no batch.
func Checkable(v *view.View) []rollout.Instance {
	c := v.Inventory()
	return inventory.ByID(slices.DeleteFunc(slices.Clone(c.Updated), v.State.InFlight))
}

// RunningStepChecks names the checks of the current share that have not passed.
func RunningStepChecks(v *view.View) []string {
	var running []string
	for _, c := range v.Spec.Tasks.ChecksOf(rollout.CheckStep, false) {
		if !c.Advisory && v.Obs.Tasks.Checks[StepKey(v, c)].State != rollout.CheckPassed {
			running = append(running, c.Name)
		}
	}
	return running
}

// HasStepChecks reports that checks are declared for each share.
func HasStepChecks(v *view.View) bool {
	return len(v.Spec.Tasks.ChecksOf(rollout.CheckStep, false)) > 0
}

// PassedKey is how the state notes that the checks of the current share passed. Which checks they were is part of it: a check that is
// declared later has to pass too.
func PassedKey(v *view.View) string {
	var names []string
	for _, c := range v.Spec.Tasks.ChecksOf(rollout.CheckStep, false) {
		if !c.Advisory {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	return v.Spec.ShareKey(v.State) + " " + strings.Join(names, ",")
}

// HasPassed reports that the checks of the current share passed.
func HasPassed(v *view.View) bool { return slices.Contains(v.State.Stage.ChecksPassed, PassedKey(v)) }

// OtherPassed are the notes about other shares.
func OtherPassed(v *view.View) []string {
	share := v.Spec.ShareKey(v.State) + " "
	return slices.DeleteFunc(slices.Clone(v.State.Stage.ChecksPassed), func(s string) bool { return strings.HasPrefix(s, share) })
}

// dueChecks lists what is to be verified now; nil where this round did not look, so that what is under way goes on.
func dueChecks(v *view.View) *[]rollout.CheckRun {
	switch {
	case !isVerifying(v):
		return &[]rollout.CheckRun{}
	case !v.HasScaleSet():
		return nil
	}
	c := v.Inventory()
	canaries, baseline := refs(c.Updated), refs(c.Outdated)
	var runs []rollout.CheckRun
	due := func(key rollout.CheckKey) {
		runs = append(runs, rollout.CheckRun{Key: key, Canaries: canaries, Baseline: baseline})
	}
	for _, check := range v.Spec.Tasks.ChecksOf(rollout.CheckInstance, false) {
		for _, a := range underCheck(v) {
			due(instanceKey(v, check, a))
		}
	}
	dueInBackground(v, due)
	if awaitsStepChecks(v) {
		for _, check := range v.Spec.Tasks.ChecksOf(rollout.CheckStep, false) {
			due(StepKey(v, check))
		}
	}
	return &runs
}

// isVerifying reports that the run is one in which anything is verified.
func isVerifying(v *view.View) bool {
	over := v.State.Rollback.Current != nil || v.IsCompleted() || v.Spec.Deletion != rollout.DeletionNone || v.IsReplaced()
	return !over && !v.Spec.PlanOnly && len(v.Spec.Tasks.Checks) > 0
}

// awaitsStepChecks reports that the share is reached, and its checks have not all passed.
func awaitsStepChecks(v *view.View) bool {
	return view.IsReached(v) && v.State.Stage.Timer != (rollout.Timer{}) && !HasPassed(v)
}

// dueInBackground adds the checks that go on in the background, from the first canary on that is healthy.
func dueInBackground(v *view.View, due func(rollout.CheckKey)) {
	if len(v.Inventory().Verified) == 0 {
		return
	}
	for _, check := range v.Spec.Tasks.ChecksOf(rollout.CheckStep, true) {
		due(StepKey(v, check))
	}
	for _, check := range v.Spec.Tasks.ChecksOf(rollout.CheckInstance, true) {
		for _, i := range Checkable(v) {
			due(instanceKey(v, check, rollout.Attempt{Ref: i.Ref()}))
		}
	}
}

// underCheck are the instances of the batch that have the target and are healthy, or were a moment ago.
func underCheck(v *view.View) []rollout.Attempt {
	op := v.State.Operation
	if !v.State.IsWorking() || v.IsOfAnotherTarget(op) {
		return nil
	}
	isLast := op.Kind == rollout.ReimageOperation || v.Spec.Instances.Action != rollout.ActionUpgradeThenReimage
	var attempts []rollout.Attempt
	for _, a := range op.Instances {
		i, _ := v.Find(a.Ref) // one that is not listed shows nothing
		if isLast && view.HasHappened(op, a, i) && !a.HealthySince.IsZero() {
			attempts = append(attempts, a)
		}
	}
	return attempts
}

// refs names instances, in the order of their ids.
func refs(instances []rollout.Instance) []rollout.Ref {
	var list []rollout.Ref
	for _, i := range inventory.ByID(instances) {
		list = append(list, i.Ref())
	}
	return list
}
