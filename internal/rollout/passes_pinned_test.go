package rollout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// rollbackUnderWay is a rollback of image2 from instances 0 and 1 of four. The model is restored; both instances still have the target.
func rollbackUnderWay() (rollout.Spec, rollout.Observation) {
	spec, obs := canary(image2, 50), seen(image2, 2, 2)
	obs.Model.Value.Image = bare.Image
	for n := range obs.Instances.Value {
		i := &obs.Instances.Value[n]
		i.Health.Since, i.ListedAt, i.Disk.Image = obs.At.Add(-2*time.Hour), obs.At, &bare.Image
		if i.Latest == rollout.False {
			i.Disk.Image = image2.Image
		}
	}
	obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"before": rollout.KnownResult(rollout.Snapshot{Image: &bare.Image})}
	obs.State.Model.Applied = false
	obs.State.Ledger.Exposed = []string{"0", "1"}
	obs.State.Rollback = rollout.RollbackState{
		Baseline: rollout.Baseline{Revision: "before", Source: rollout.BaselineSnapshot, Run: 1, Fixed: true,
			NewestInstanceAt: at.Add(5 * time.Minute)},
		Current: &rollout.Rollback{Kind: rollout.FullRollback, Cause: rollout.CauseAction, Revision: "before", Message: "asked",
			StartedAt: obs.At.Add(-3 * time.Minute), ModelRestoredAt: obs.At.Add(-2 * time.Minute)},
	}
	return spec, obs
}

// preparing has instances made ready, whose nodes are drained.
func preparing(spec *rollout.Spec, obs *rollout.Observation, ids ...string) {
	spec.Tasks.Drain = &rollout.Drain{OnFailure: rollout.HookFails}
	obs.State.Ledger.Cordoned = ids
	obs.State.Tasks = rollout.TaskState{Sequence: 1, Hooks: []rollout.HookInvocation{{Point: rollout.BeforeInstance, Sequence: 1,
		Since: obs.At.Add(-time.Minute), DrainingSince: obs.At.Add(-time.Minute), Instances: rollout.Refs(attempts(ids...))}}}
}

// TestGoneInstanceIsNotMadeReady pins keepReady, on both ways: the node of an instance that is gone is drained no longer, whatever the
// round waits for.
func TestGoneInstanceIsNotMadeReady(t *testing.T) {
	gone := map[string]rollout.Result[bool]{"9": rollout.KnownResult(false)}
	for name, makes := range map[string]func(...string) (rollout.Spec, rollout.Observation){
		"forward": func(ids ...string) (rollout.Spec, rollout.Observation) {
			spec, obs := canary(v2, 100), seen(v2, 2, 1)
			obs.Instances.Value[2].Health.Healthy = rollout.False // so no batch begins
			preparing(&spec, &obs, ids...)
			return spec, obs
		},
		"backward": func(ids ...string) (rollout.Spec, rollout.Observation) {
			spec, obs := rollbackUnderWay()
			obs.Instances.Value[1].State = rollout.StateUpdating
			obs.State.Pacing.NotBefore = obs.At.Add(time.Minute) // so no batch begins
			preparing(&spec, &obs, ids...)
			return spec, obs
		},
	} {
		for want, ids := range map[string][]string{"0": {"0", "9"}, "": {"9"}} {
			spec, obs := makes(ids...)
			obs.Exists = gone
			d := planner.Plan(spec, obs)
			if got := strings.Join(idsOf(d.Tasks.Nodes.Drain), ","); got != want || d.Step.Operation() != "" {
				t.Errorf("%s: of %v, the nodes of %q are drained, want %q: %v", name, ids, got, want, d.Explanation)
			}
			if calls := len(d.State.Tasks.Hooks); (calls > 0) != (want != "") {
				t.Errorf("%s: %d invocations are left", name, calls)
			}
		}
	}
}

// TestLostScaleSetReleasesTheObject pins releaseLost: an object that goes back before its deletion is released once Azure twice did not
// find the scale set.
func TestLostScaleSetReleasesTheObject(t *testing.T) {
	spec, obs := rollbackUnderWay()
	spec.Deletion, obs.State.Rollback.Current.Cause = rollout.DeletionRollback, rollout.CauseDeletion
	obs.Model = rollout.FailedResult[rollout.Model](&rollout.Problem{Kind: rollout.KindNotFound, Message: "no scale set"})
	obs.Instances = rollout.FailedResult[[]rollout.Instance](obs.Model.Problem)
	first := planner.Plan(spec, obs)
	wantWait(t, first, rollout.ReasonScaleSetNotFound, "is not found at")
	if first.Release || first.Recheck > time.Minute {
		t.Errorf("released %t, looking again after %s", first.Release, first.Recheck)
	}
	obs.State, obs.At = first.State, obs.At.Add(59*time.Second)
	if soon := planner.Plan(spec, obs); soon.Release {
		t.Error("released within a minute")
	}
	obs.At = obs.At.Add(time.Second)
	if second := planner.Plan(spec, obs); !second.Release {
		t.Errorf("not released: %v", second.Explanation)
	}
	spec.Deletion, obs.State.Rollback.Current.Cause = rollout.DeletionNone, rollout.CauseAction
	if kept := planner.Plan(spec, obs); kept.Release || kept.Explanation.Reason != rollout.ReasonScaleSetNotFound {
		t.Errorf("not deleted, and released %t: %v", kept.Release, kept.Explanation)
	}
}

// TestNothingIsPutBackUnseen pins requireModel in a rollback: on a model that was not read, or only in part, nothing is decided.
func TestNothingIsPutBackUnseen(t *testing.T) {
	for name, tc := range map[string]struct {
		model  rollout.Result[rollout.Model]
		reason rollout.Reason
	}{
		"forbidden": {rollout.FailedResult[rollout.Model](&rollout.Problem{Kind: rollout.KindForbidden, Message: "no role"}),
			rollout.ReasonAccessDenied},
		"down": {rollout.FailedResult[rollout.Model](&rollout.Problem{Kind: rollout.KindTransient, Message: "503"}),
			rollout.ReasonAzureUnavailable},
		"not read": {rollout.Result[rollout.Model]{}, rollout.ReasonRollingBack},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := rollbackUnderWay()
			obs.Model = tc.model
			before := obs.State.Clone()
			d := planner.Plan(spec, obs)
			wantWait(t, d, tc.reason)
			if diff := cmp.Diff(before, d.State); diff != "" {
				t.Errorf("something is concluded from a model that was not read:\n%s", diff)
			}
		})
	}
}

// TestUndoneReleaseIsForEveryInstance pins keepUndone: what a completed release reached is exposed before the baseline is read,
// so that whatever becomes of the undo, all can be brought back. Instances on their way out are not.
func TestUndoneReleaseIsForEveryInstance(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*rollout.Observation)
		want   []string
	}{
		"a completed release": {func(*rollout.Observation) {}, []string{"0", "1", "2"}},
		"a release under way": {func(o *rollout.Observation) { o.State.History = nil }, []string{"0", "1"}},
		"the release before it": {func(o *rollout.Observation) {
			o.State.History[0].Number = 0
		}, []string{"0", "1"}},
		"an aborted release":    {func(o *rollout.Observation) { o.State.History[0].Result = rollout.RunAborted }, []string{"0", "1"}},
		"a rollback of the run": {func(o *rollout.Observation) { o.State.Rollback.Current.AllInstances = false }, []string{"0", "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := rollbackUnderWay()
			obs.State.Rollback.Current.AllInstances = true
			obs.State.History = []rollout.PastRun{{Number: 1, Result: rollout.RunPromoted}}
			obs.Instances.Value[3].State = rollout.StateDeleting
			obs.Cluster.Revisions = nil // so the round ends with a read
			tc.change(&obs)
			if d := planner.Plan(spec, obs); !slices.Equal(d.State.Ledger.Exposed, tc.want) {
				t.Errorf("exposed are %v, want %v: %v", d.State.Ledger.Exposed, tc.want, d.Explanation)
			}
		})
	}
}

// TestFailureIsToldBeforeSuccess pins the order of holdFailed and passGates: a share that is reached beside an instance that failed is no
// success, and opens no gate.
func TestFailureIsToldBeforeSuccess(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*rollout.Spec)
		reason rollout.Reason
	}{
		"not tolerated": {func(*rollout.Spec) {}, rollout.ReasonFailed},
		"steps": {func(s *rollout.Spec) {
			s.Canary.Steps = []rollout.CanaryStep{{Name: "first", Percent: 50}, {Name: "all", Percent: 100}}
		}, rollout.ReasonFailed},
		"tolerated": {func(s *rollout.Spec) { s.Failure.MaxFailed.Value = 1 }, rollout.ReasonCanaryReached},
	} {
		t.Run(name, func(t *testing.T) {
			obs := seen(v2, 1, 3)
			obs.State.Ledger.Failed = []rollout.Failure{{Ref: rollout.Ref{ID: "1", VMID: "vm-1"}, Reason: rollout.FailureReimage,
				Message: "no disk"}}
			d := planner.Plan(canary(v2, 50, tc.change), obs)
			wantWait(t, d, tc.reason)
			if d.State.Stage.Name != "" {
				t.Errorf("step %q is begun", d.State.Stage.Name)
			}
		})
	}
}
