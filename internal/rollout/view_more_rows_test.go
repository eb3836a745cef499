package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	known "github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// TestRetryInFlightIsNoFailure: while a failed instance is tried again it does not count, so a run that fails meanwhile tells the check.
func TestRetryInFlightIsNoFailure(t *testing.T) {
	for inFlight, want := range map[string]string{"0": "check page failed: 500", "1": "instance 0 failed: Stuck: it is stuck"} {
		spec, obs := batchOf()
		spec.Failure.Action = rollout.FailureAbort
		obs.State.Stage.FailedCheck = "check page failed: 500"
		obs.State.Operation.Instances = attempts(inFlight)
		obs.State.Ledger.Failed = []rollout.Failure{{Ref: obs.Instances.Value[0].Ref(), Reason: rollout.FailureStuck, Message: "it is stuck"}}
		d := planner.Plan(spec, obs)
		if current := d.State.Rollback.Current; current == nil || current.Message != want {
			t.Errorf("instance %s in flight: %+v, want %q: %v", inFlight, current, want, d.Explanation)
		}
	}
}

// TestStallWithoutAScaleSet: of a run that made no progress, what it last waited for is not known where the scale set was not read.
func TestStallWithoutAScaleSet(t *testing.T) {
	spec, obs := canary(v2, 50), seen(v2, 4, 0)
	spec.Failure.ProgressDeadline = time.Hour
	obs.State.Timers.Progress.Elapsed = 2 * time.Hour
	for want, v := range map[string]*known.View{
		"last: not known":      known.ForState(spec, obs.State, obs.At),
		"last: 0 of 2 desired": known.New(spec, obs),
	} {
		if got := known.Failure(v); !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestFailedWriteIsWaitedFor: a rollback goes on beside the scale set's update once its own write is over and shows. One that failed is
// waited for.
func TestFailedWriteIsWaitedFor(t *testing.T) {
	for name, row := range map[string]struct {
		problem *rollout.Problem
		waits   bool
	}{"over": {nil, false}, "failed": {&rollout.Problem{Kind: rollout.KindOperationFailed, Message: "broken"}, true}} {
		spec, obs := rollbackUnderWay()
		obs.State.Rollback.Current.ModelRestoredAt, obs.Model.Value.State = time.Time{}, rollout.StateUpdating
		obs.State.Operation = &rollout.Operation{Run: 1, Rollback: true, Kind: rollout.WriteImageOperation, Attempt: 1, Error: row.problem,
			CreatedAt: obs.At.Add(-2 * time.Minute), AcceptedAt: obs.At.Add(-2 * time.Minute), EndedAt: obs.At.Add(-time.Minute)}
		d := planner.Plan(spec, obs)
		if waits := strings.Contains(d.Explanation.Message, "Azure still applies it"); waits != row.waits {
			t.Errorf("%s: waits %t, want %t: %v", name, waits, row.waits, d.Explanation)
		}
	}
}

// TestNameOfACarriedScript: the revision that tells the extension's name is not read where the model has the script already, whatever its
// extension is called.
func TestNameOfACarriedScript(t *testing.T) {
	for command, want := range map[string]string{v2.Script.Command: "", "sh other.sh": "before"} {
		obs := withScripts(rollout.ModelScript{Extension: "vmssCSE", URIs: v2.Script.URIs, Command: command})
		obs.State = rollout.State{Run: rollout.Run{Number: 1, Revision: v2.Revision()},
			Rollback: rollout.RollbackState{Baseline: rollout.Baseline{Revision: "before", Fixed: true, Run: 1}}}
		if got := planner.RequiredReads(canary(v2, 50), obs).Revision; got != want {
			t.Errorf("the model runs %q: %q is read, want %q", command, got, want)
		}
	}
}

// TestPromotionWithoutAGateLeft: a promotion of all gates is refused once the last one was approved and its time has passed.
func TestPromotionWithoutAGateLeft(t *testing.T) {
	for approved, want := range map[bool]bool{false: true, true: false} {
		spec, obs := canary(v2, 0), seen(v2, 2, 2)
		spec.Canary.Steps = []rollout.CanaryStep{{Name: "half", Percent: 50, Approval: &rollout.Approval{OnTimeout: rollout.TimeoutWait}}}
		obs.State.Stage.Timer.Since = obs.At.Add(-time.Minute)
		if approved {
			obs.State.Stage.Approved = []string{"half"}
		}
		obs.Actions = []rollout.Action{{UID: "a", Verb: rollout.VerbPromoteFull, Run: 1}}
		d := planner.Plan(spec, obs)
		if len(d.Answers) != 1 || d.Answers[0].Accepted != want {
			t.Errorf("approved %t: %+v, want it accepted %t", approved, d.Answers, want)
		}
	}
}

// TestScaleSetWithoutAnIdentity: a scale set whose identity is not shown is not known to be another one.
func TestScaleSetWithoutAnIdentity(t *testing.T) {
	for shown, want := range map[string]rollout.OperationKind{"": rollout.UpgradeOperation, "own": rollout.UpgradeOperation, "other": ""} {
		spec, obs := canary(v2, 100), seen(v2, 2, 1)
		obs.State.ScaleSet.ID, obs.State.Ledger.Exposed, obs.Model.Value.UniqueID = "own", []string{"2"}, shown
		if d := planner.Plan(spec, obs); d.Step.Operation() != want || d.Report.Progress == nil != (want == "") {
			t.Errorf("shown %q: %q, want %q: %v", shown, d.Step.Operation(), want, d.Explanation)
		}
	}
}
