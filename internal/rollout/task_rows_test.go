package rollout_test

import (
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestAdvisoryCheckFailsNoInstance: an instance that fails a check in the background has failed, unless the check is advisory.
func TestAdvisoryCheckFailsNoInstance(t *testing.T) {
	for advisory, want := range map[bool]int{true: 0, false: 1} {
		spec, obs := canary(v2, 50), seen(v2, 2, 2)
		spec.Tasks.Checks = []rollout.Check{{Name: "page", Scope: rollout.CheckInstance, Background: true, Advisory: advisory}}
		key := rollout.CheckKey{Check: "page", Run: 1, Instance: "2", VMID: "vm-2"}
		obs.Tasks.Checks = map[rollout.CheckKey]rollout.CheckResult{key: {State: rollout.CheckFailed, Message: "slow"}}
		if d := planner.Plan(spec, obs); len(d.State.Ledger.Failed) != want {
			t.Errorf("advisory %t: failed %+v, want %d: %v", advisory, d.State.Ledger.Failed, want, d.Explanation)
		}
	}
}

// TestAnotherScaleSetIsNotVerified: checks end where another scale set has the name.
func TestAnotherScaleSetIsNotVerified(t *testing.T) {
	for id, want := range map[string]int{"own": 1, "other": 0} {
		spec, obs := canary(v2, 50), seen(v2, 2, 2)
		spec.Tasks.Checks = []rollout.Check{{Name: "page", Scope: rollout.CheckStep, Background: true}}
		obs.State.ScaleSet.ID, obs.State.Ledger.Exposed, obs.Model.Value.UniqueID = "own", []string{"2", "3"}, id
		if d := planner.Plan(spec, obs); d.Tasks.Checks == nil || len(*d.Tasks.Checks) != want {
			t.Errorf("scale set %q: due are %+v, want %d: %v", id, d.Tasks.Checks, want, d.Explanation)
		}
	}
}

// TestShareInWorkIsNotVerified: the checks of a share are not made while a tolerated failure of it is tried again.
func TestShareInWorkIsNotVerified(t *testing.T) {
	for retries, want := range map[int]int{0: 1, 1: 0} {
		spec, obs := canary(v2, 50), seen(v2, 3, 1)
		spec.Tasks.Checks = []rollout.Check{{Name: "page", Scope: rollout.CheckStep}}
		spec.Failure.MaxFailed.Value, spec.Failure.Retries = 1, retries
		obs.State.Ledger.Exposed, obs.State.Stage.Timer.Since = []string{"0", "3"}, obs.At.Add(-time.Minute)
		obs.State.Ledger.Failed = []rollout.Failure{{Ref: obs.Instances.Value[0].Ref(), Reason: rollout.FailureStuck, Message: "it is stuck"}}
		d := planner.Plan(spec, obs)
		if isTried := d.Step.Operation() != ""; isTried != (retries > 0) || d.Tasks.Checks == nil || len(*d.Tasks.Checks) != want {
			t.Errorf("%d retries: due are %+v, want %d: %v", retries, d.Tasks.Checks, want, d.Explanation)
		}
	}
}

// TestLeavingCallsNoHook: an object that is let go makes no call any more, also none about the instances of a batch in flight.
func TestLeavingCallsNoHook(t *testing.T) {
	for deletion, want := range map[rollout.Deletion]int{rollout.DeletionNone: 2, rollout.DeletionLeave: 0} {
		spec, obs := batchOf()
		spec.Deletion = deletion
		spec.Tasks.Hooks = []rollout.Hook{{Name: "tell", At: rollout.AfterInstance, OnFailure: rollout.HookFails}}
		obs.State.Tasks = rollout.TaskState{Sequence: 1, Hooks: []rollout.HookInvocation{{Point: rollout.AfterInstance, Sequence: 1,
			Since: obs.At.Add(-time.Minute), Instances: rollout.Refs(attempts("0", "1"))}}}
		if d := planner.Plan(spec, obs); len(d.Tasks.Hooks) != want {
			t.Errorf("deletion %q: calls %+v, want %d: %v", deletion, d.Tasks.Hooks, want, d.Explanation)
		}
	}
}

// TestFormerBatchIsNotVerified: no check is made of an instance whose batch was begun for another target.
func TestFormerBatchIsNotVerified(t *testing.T) {
	for run, want := range map[int64]int{1: 1, 2: 0} {
		spec, obs := batchOf()
		spec.Tasks.Checks = []rollout.Check{{Name: "page", Scope: rollout.CheckInstance}}
		obs.State.Run.Number = run
		obs.Instances.Value[0].State = rollout.StateUpdating // so the batch is not over
		obs.State.Operation.Instances[1].HealthySince = obs.At.Add(-time.Minute)
		if d := planner.Plan(spec, obs); d.Tasks.Checks == nil || len(*d.Tasks.Checks) != want {
			t.Errorf("run %d: due are %+v, want %d: %v", run, d.Tasks.Checks, want, d.Explanation)
		}
	}
}
