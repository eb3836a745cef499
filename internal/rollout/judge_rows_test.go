package rollout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// batchOf is an upgrade of instances 0 and 1 of four that ended two minutes ago, and both have the target and are well since.
func batchOf() (rollout.Spec, rollout.Observation) {
	spec, obs := canary(v2, 50, func(s *rollout.Spec) { s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = 2, 2 }), seen(v2, 4, 0)
	ended := obs.At.Add(-2 * time.Minute)
	for n := range obs.Instances.Value {
		i := &obs.Instances.Value[n]
		i.ListedAt, i.Health.Since = obs.At, ended.Add(time.Second)
		if n < 2 {
			i.Latest = rollout.True
		}
	}
	obs.State.Ledger.Exposed = []string{"0", "1"}
	obs.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.UpgradeOperation, Attempt: 1, CreatedAt: ended.Add(-time.Minute),
		AcceptedAt: ended.Add(-time.Minute), AzureTime: ended.Add(-time.Minute), EndedAt: ended, Instances: attempts("0", "1")}
	return spec, obs
}

// outcome is the result of a batch, in words: the reason, who is left in it, who failed for what, and who is verified.
func outcome(d rollout.Decision) string {
	left, failed := "no batch", []string{}
	if op := d.State.Operation; op != nil {
		left = fmt.Sprintf("%s of %s", op.Kind, strings.Join(idsOf(rollout.Refs(op.Instances)), ","))
	}
	for _, f := range d.State.Ledger.Failed {
		failed = append(failed, f.ID+" "+string(f.Reason))
	}
	return fmt.Sprintf("%s; %s; failed %s; verified %s", d.Explanation.Reason, left, strings.Join(failed, ","),
		strings.Join(d.State.Ledger.Verified, ","))
}

// TestJudgedRows: what becomes of each instance of a batch that is over.
func TestJudgedRows(t *testing.T) {
	type row struct {
		want   string
		change func(*rollout.Spec, *rollout.Observation)
	}
	first := func(o *rollout.Observation) *rollout.Instance { return &o.Instances.Value[0] }
	for name, tc := range map[string]row{
		"both are well": {"CanaryReached; no batch; failed ; verified 0,1", func(*rollout.Spec, *rollout.Observation) {}},
		"one is unhealthy": {"WaitingForHealth; Upgrade of 0; failed ; verified 1", func(_ *rollout.Spec, o *rollout.Observation) {
			first(o).Health.Healthy = rollout.False
		}},
		"one is unhealthy for too long": {"Failed; no batch; failed 0 HealthTimeout; verified 1", func(_ *rollout.Spec, o *rollout.Observation) {
			first(o).Health.Healthy, o.State.Operation.EndedAt = rollout.False, o.At.Add(-5*time.Minute)
		}},
		"one is still worked on": {"Progressing; Upgrade of 0; failed ; verified 1", func(_ *rollout.Spec, o *rollout.Observation) {
			first(o).State = rollout.StateUpdating
		}},
		"one is worked on for too long": {"Failed; no batch; failed 0 Stuck; verified 1", func(_ *rollout.Spec, o *rollout.Observation) {
			first(o).State, o.State.Operation.EndedAt = rollout.StateUpdating, o.At.Add(-5*time.Minute)
		}},
		"one failed": {"Failed; no batch; failed 0 ProvisioningFailed; verified 1", func(_ *rollout.Spec, o *rollout.Observation) {
			first(o).State = rollout.StateFailed
		}},
		"its script failed": {"Failed; no batch; failed 0 ProvisioningFailed; verified 1", func(_ *rollout.Spec, o *rollout.Observation) {
			first(o).Script = rollout.ScriptFailed
		}},
		"one was stopped": {"CanaryReached; no batch; failed ; verified 1", func(_ *rollout.Spec, o *rollout.Observation) {
			first(o).Power = rollout.PowerState{Running: rollout.False, Off: rollout.OffStopped}
		}},
		"one was stopped before its reimage": {"WaitingForHealth; Upgrade of 1; failed 0 RetryReimage; verified ", func(s *rollout.Spec,
			o *rollout.Observation) {
			s.Instances.Action = rollout.ActionUpgradeThenReimage
			first(o).Power = rollout.PowerState{Running: rollout.False, Off: rollout.OffStopped}
		}},
		"one was stopped before its upgrade": {"Progressing; Reimage of 1; failed ; verified ", func(s *rollout.Spec, o *rollout.Observation) {
			s.Instances.Action, first(o).Latest = rollout.ActionUpgradeThenReimage, rollout.False
			first(o).Power = rollout.PowerState{Running: rollout.False, Off: rollout.OffStopped}
		}},
		"one was stopped after its reimage": {"CanaryReached; no batch; failed ; verified 1", func(s *rollout.Spec, o *rollout.Observation) {
			s.Instances.Action, o.State.Operation.Kind = rollout.ActionUpgradeThenReimage, rollout.ReimageOperation
			o.State.Operation.Instances[0].OSDisk, o.State.Operation.Instances[1].OSDisk = "former", "former"
			first(o).Power = rollout.PowerState{Running: rollout.False, Off: rollout.OffStopped}
		}},
		"one is being deleted": {"Progressing; Upgrade of 2; failed ; verified 1", func(s *rollout.Spec, o *rollout.Observation) {
			first(o).State, s.Canary.Percent, s.Batch.Size.Value, o.Model.Value.Capacity = rollout.StateDeleting, 75, 1, 3
		}},
		"nothing shows yet": {"Progressing; Upgrade of 0; failed ; verified 1", func(_ *rollout.Spec, o *rollout.Observation) {
			first(o).Latest, o.State.Operation.EndedAt = rollout.False, o.At.Add(-44*time.Second)
		}},
		"an accepted one is believed for longer": {"Progressing; Upgrade of 0; failed ; verified 1", func(_ *rollout.Spec,
			o *rollout.Observation) {
			first(o).Latest, o.State.Operation.EndedAt = rollout.False, o.At.Add(-299*time.Second)
		}},
		"it changed nothing for one": {"Progressing; Upgrade of 0; failed ; verified 1", func(_ *rollout.Spec, o *rollout.Observation) {
			first(o).Latest, o.State.Operation.EndedAt = rollout.False, o.At.Add(-5*time.Minute) // and is upgraded with the next batch
		}},
		"it changed nothing": {"Progressing; no batch; failed ; verified ", func(_ *rollout.Spec, o *rollout.Observation) {
			first(o).Latest, o.Instances.Value[1].Latest = rollout.False, rollout.False
			o.State.Operation.EndedAt = o.At.Add(-5 * time.Minute)
		}},
		"it changed nothing for the third time": {"Failed; no batch; failed 0 NotApplied,1 NotApplied; verified ", func(_ *rollout.Spec,
			o *rollout.Observation) {
			first(o).Latest, o.Instances.Value[1].Latest = rollout.False, rollout.False
			o.State.Operation.EndedAt, o.State.Operation.Attempt = o.At.Add(-5*time.Minute), 3
			o.State.Pacing.NoEffectCount, o.State.Pacing.NoEffectInstances = 2, rollout.Refs(attempts("0", "1"))
		}},
		"it never got through": {"Progressing; Upgrade of 0,1; failed ; verified ", func(_ *rollout.Spec, o *rollout.Observation) {
			first(o).Latest, o.Instances.Value[1].Latest = rollout.False, rollout.False
			o.State.Operation.AcceptedAt, o.State.Operation.EndedAt = time.Time{}, time.Time{}
		}},
		"a reimage is to come": {"Progressing; Reimage of 0,1; failed ; verified ", func(s *rollout.Spec, _ *rollout.Observation) {
			s.Instances.Action = rollout.ActionUpgradeThenReimage
		}},
		"a disk that Azure does not show is not reimaged": {"Progressing; Reimage of 1; failed 0 NotReimaged; verified ", func(s *rollout.Spec,
			o *rollout.Observation) {
			s.Instances.Action, first(o).Disk.ID = rollout.ActionUpgradeThenReimage, ""
		}},
		"no disk is shown": {"Failed; no batch; failed 0 NotReimaged,1 NotReimaged; verified ", func(s *rollout.Spec, o *rollout.Observation) {
			s.Instances.Action, first(o).Disk.ID, o.Instances.Value[1].Disk.ID = rollout.ActionUpgradeThenReimage, "", ""
		}},
		"a reimage waits for the others": {"Progressing; Upgrade of 0,1; failed ; verified ", func(s *rollout.Spec, o *rollout.Observation) {
			s.Instances.Action, first(o).State = rollout.ActionUpgradeThenReimage, rollout.StateUpdating
		}},
		"a reimage that did nothing": {"Failed; no batch; failed 0 NotReimaged; verified 1", func(s *rollout.Spec, o *rollout.Observation) {
			s.Instances.Action, o.State.Operation.Kind = rollout.ActionUpgradeThenReimage, rollout.ReimageOperation
			o.State.Operation.EndedAt = o.At.Add(-5 * time.Minute)
			o.State.Operation.Instances[0].OSDisk, o.State.Operation.Instances[1].OSDisk = "disk-0", "former"
		}},
		"not ready for long enough": {"WaitingForHealth; Upgrade of 0,1; failed ; verified ", func(s *rollout.Spec, _ *rollout.Observation) {
			s.Health.MinReady = 2 * time.Minute
		}},
		"ready for long enough": {"CanaryReached; no batch; failed ; verified 0,1", func(s *rollout.Spec, _ *rollout.Observation) {
			s.Health.MinReady = 119 * time.Second
		}},
		"a reading is missing": {"WaitingForHealth; Upgrade of 0,1; failed ; verified ", func(s *rollout.Spec, _ *rollout.Observation) {
			s.Health.SuccessThreshold = 2
		}},
		"a check runs": {"WaitingForHealth; Upgrade of 0,1; failed ; verified ", func(s *rollout.Spec, _ *rollout.Observation) {
			s.Tasks.Checks = []rollout.Check{{Name: "page", Scope: rollout.CheckInstance}}
		}},
		"a check that counts for nothing runs": {"CanaryReached; no batch; failed ; verified 0,1", func(s *rollout.Spec,
			_ *rollout.Observation) {
			s.Tasks.Checks = []rollout.Check{{Name: "page", Scope: rollout.CheckInstance, Advisory: true}}
		}},
		"a check failed": {"Failed; no batch; failed 0 CheckFailed; verified 1", func(s *rollout.Spec, o *rollout.Observation) {
			s.Tasks.Checks = []rollout.Check{{Name: "page", Scope: rollout.CheckInstance}}
			o.Tasks.Checks = map[rollout.CheckKey]rollout.CheckResult{
				{Check: "page", Run: 1, Instance: "0", VMID: "vm-0"}: {State: rollout.CheckFailed},
				{Check: "page", Run: 1, Instance: "1", VMID: "vm-1"}: {State: rollout.CheckPassed},
			}
		}},
		"a hook after it is to be called": {"WaitingForHealth; Upgrade of 0,1; failed ; verified ", func(s *rollout.Spec,
			_ *rollout.Observation) {
			s.Tasks.Hooks = []rollout.Hook{{Name: "tell", At: rollout.AfterInstance, OnFailure: rollout.HookFails}}
		}},
		"a hook waits for the others": {"WaitingForHealth; Upgrade of 0,1; failed ; verified ", func(s *rollout.Spec, o *rollout.Observation) {
			s.Tasks.Hooks = []rollout.Hook{{Name: "tell", At: rollout.AfterInstance, OnFailure: rollout.HookFails}}
			first(o).Health.Healthy = rollout.False
		}},
		"it was begun for another target": {"Progressing; Upgrade of 2; failed ; verified ", func(s *rollout.Spec, o *rollout.Observation) {
			o.State.Run.Number, s.Canary.Percent, s.Batch.Size.Value = 2, 75, 1
		}},
		"it was begun for another target, and is worked on": {"Progressing; Upgrade of 0,1; failed ; verified ", func(_ *rollout.Spec,
			o *rollout.Observation) {
			o.State.Run.Number, first(o).State = 2, rollout.StateUpdating
		}},
		"health is from before": {"WaitingForHealth; Upgrade of 0; failed ; verified 1", func(_ *rollout.Spec, o *rollout.Observation) {
			first(o).Health.Since = o.State.Operation.AzureTime
			o.State.Operation.EndedAt = o.At.Add(-119 * time.Second)
		}},
		"health is from before, and was waited out": {"CanaryReached; no batch; failed ; verified 0,1", func(_ *rollout.Spec,
			o *rollout.Observation) {
			first(o).Health.Since = o.State.Operation.AzureTime
		}},
		"an earlier failure is made good": {"CanaryReached; no batch; failed ; verified 0,1", func(_ *rollout.Spec, o *rollout.Observation) {
			o.State.Operation.Instances[0].Try = 1
			o.State.Ledger.Failed = []rollout.Failure{{Ref: first(o).Ref(), Reason: rollout.FailureReimage}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := batchOf()
			tc.change(&spec, &obs)
			if d := planner.Plan(spec, obs); outcome(d) != tc.want {
				t.Errorf("%s, want %s: %s", outcome(d), tc.want, d.Explanation.Message)
			}
		})
	}
}
