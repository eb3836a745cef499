package rollout_test

import (
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestGateRows: what a gate says of one thing that is out of the ordinary, or that it lets the next batch begin.
func TestGateRows(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*rollout.Spec, *rollout.Observation)
		reason rollout.Reason
		says   string
	}{
		"provisioning counts as health, so a scale set without a health signal passes": {func(s *rollout.Spec, o *rollout.Observation) {
			s.Health.Source, o.Model.Value.HealthMonitored = rollout.HealthProvisioning, false
		}, rollout.ReasonProgressing, "upgrading instance 0"},
		"another operation is named though the rolling upgrade cannot be read": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Model.Value.State = rollout.StateUpdating
			o.RollingUpgrade = rollout.FailedResult[rollout.RollingUpgrade](&rollout.Problem{Kind: rollout.KindForbidden, Message: "no role"})
		}, rollout.ReasonProgressing, "another operation runs on the scale set"},
		"windows of which none opens within a year": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Window = rollout.Window{Closed: true}
		}, rollout.ReasonOutsideWindow, "no window opens within a year: "},
		"windows of which none opens before a time": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.Window = rollout.Window{Closed: true, ClosedUntil: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)}
		}, rollout.ReasonOutsideWindow, "no window opens before 2026-07-01T00:00:00Z: "},
		"another scale set stays another one where its identity is not shown": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.State.ScaleSet = rollout.ScaleSetState{ID: "former", ReplacedBy: "other"}
			o.State.Ledger.Exposed = []string{"2"}
		}, rollout.ReasonScaleSetReplaced, "it is other, it was former"},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := canary(v2, 100), seen(v2, 2, 1)
			row.change(&spec, &obs)
			d := planner.Plan(spec, obs)
			wantReason(t, d, row.reason, row.says)
		})
	}
}

// TestRetryOfAStoppedInstance: a requested retry of an instance that is off stays requested until it is started, and holds nothing.
func TestRetryOfAStoppedInstance(t *testing.T) {
	for name, row := range map[string]struct {
		off  rollout.PowerOff
		want string
	}{
		"stopped": {rollout.OffStopped, "Progressing; Upgrade of 1; failed 0 Retry; verified "},
		"started": {rollout.NotOff, "Progressing; Upgrade of 0; failed 0 Retry; verified "},
	} {
		spec, obs := failedOf(rollout.FailureRetry)
		spec.Canary.Percent = 100
		obs.Instances.Value[0].Power.Off = row.off
		if got := outcome(planner.Plan(spec, obs)); got != row.want {
			t.Errorf("%s: came to %q, want %q", name, got, row.want)
		}
	}
}

// TestLastNodesBeforeALeave: an object is let go once each node that it cordoned takes pods again, or cannot.
func TestLastNodesBeforeALeave(t *testing.T) {
	for name, row := range map[string]struct {
		node rollout.NodeState
		want bool
	}{
		"the node is still cordoned":    {rollout.NodeState{}, false},
		"the node takes pods again":     {rollout.NodeState{Uncordoned: true}, true},
		"the node cannot be uncordoned": {rollout.NodeState{Failed: true, Message: "no such node"}, true},
	} {
		spec, obs := batchOf() // instance 0 is in flight, so what is known of its node is not used up when the round begins
		spec.Deletion = rollout.DeletionLeave
		obs.State.Ledger.Cordoned = []string{"0"}
		obs.Tasks.Nodes = map[string]rollout.NodeState{"0": row.node}
		if d := planner.Plan(spec, obs); d.Release != row.want {
			t.Errorf("%s: released %t, want %t: %v", name, d.Release, row.want, d.Explanation)
		}
	}
}
