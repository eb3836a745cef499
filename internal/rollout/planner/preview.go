package planner

import (
	"fmt"
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// maxRounds bounds the rounds of a preview: writes and turns, and for each instance an upgrade and a reimage.
func maxRounds(instances []rollout.Instance) int { return 100 + 2*len(instances) }

// Preview plays the rollout out in a scale set that does as it is told, by the very Plan that will decide. So what follows matches it, as
// long as nothing else changes. Waits that time alone ends (soaks, pauses, windows) are taken as waited out.
func Preview(spec rollout.Spec, obs rollout.Observation) rollout.Preview {
	spec, obs = withoutWaits(spec, obs)
	preview := rollout.Preview{
		Skipped:  inventory.Skipped(spec, obs.State, obs.Instances.Value),
		APICalls: 2, // one read of the scale set and its instances
	}
	for range maxRounds(obs.Instances.Value) {
		v := view.New(spec, obs)
		v.IsPreview = true
		d := plan(v)
		if hasTurned := obs.State.Rollback.Current == nil && d.State.Rollback.Current != nil; hasTurned {
			obs.State, obs.At = d.State, obs.At.Add(time.Hour)
			continue
		}
		if d.Step.Operation() == "" {
			preview.Expected = d.Explanation
			return preview
		}
		note(&preview, obs, d)
		obs = simulate(spec, obs, d)
	}
	preview.Expected = rollout.Explanation{Reason: rollout.ReasonProgressing, Message: "too long for a whole preview"}
	return preview
}

// withoutWaits is a rollout in which nothing is waited for.
func withoutWaits(spec rollout.Spec, obs rollout.Observation) (rollout.Spec, rollout.Observation) {
	spec.PlanOnly, spec.Paused = false, false
	spec.Failure.ProgressDeadline, spec.Tasks = 0, rollout.Tasks{}
	spec.Batch.Pause, spec.Canary.Bake, spec.Health.MinReady, spec.Health.SuccessThreshold = 0, 0, 0, 0
	if spec.BlueGreen != nil {
		both := *spec.BlueGreen
		both.Retire, spec.BlueGreen = nil, &both
	}
	spec.Canary.Steps = slices.Clone(spec.Canary.Steps)
	for n := range spec.Canary.Steps {
		spec.Canary.Steps[n].Soak, spec.Canary.Steps[n].Approval = 0, nil
	}
	obs.Window, obs.Cluster.Ownership = rollout.Window{}, rollout.Result[rollout.Ownership]{}
	obs.Operation = rollout.Result[rollout.OperationStatus]{}
	obs.Instances.Value = slices.Clone(obs.Instances.Value)
	obs.State.Pacing.NotBefore, obs.State.Pacing.LastBatchEnd, obs.State.Operation = time.Time{}, time.Time{}, nil
	obs.State.Tasks.Hooks, obs.State.Ledger.Cordoned, obs.Tasks.Nodes = nil, nil, nil
	return spec, obs
}

// note writes down what the decision does. After each write or batch the scale set is read again: a list and a model.
func note(p *rollout.Preview, obs rollout.Observation, d rollout.Decision) {
	p.APICalls += 3
	refs := rollout.InstancesOf(d.Step)
	if refs == nil {
		p.Writes = append(p.Writes, d.Step.Operation())
		return
	}
	batch := rollout.PlannedBatch{Step: d.Report.Stage.Name, Action: d.Step.Operation()}
	for _, ref := range refs {
		i, _ := rollout.FindInstance(obs.Instances.Value, ref)
		batch.Instances = append(batch.Instances, rollout.PlannedInstance{Ref: i.Ref(), Zone: i.Zone})
	}
	p.Batches = append(p.Batches, batch)
}

// simulate returns the observation after the decision was carried out and everything went well.
func simulate(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) rollout.Observation {
	obs.State = d.State
	obs.At = obs.At.Add(time.Hour) // whatever is waited for after an effect has passed
	switch d.Step.(type) {
	case rollout.SuspendRepairs, rollout.ResumeRepairs: // they leave no operation behind
		_, obs.State.RepairsSuspended = d.Step.(rollout.SuspendRepairs)
		return obs
	}
	op := obs.State.Operation
	op.AcceptedAt, op.EndedAt = obs.At, obs.At
	if besides(&obs, d.Step) {
		return obs
	}
	if target.Apply(d.Step, &obs.Model.Value) {
		outdate(obs.Instances.Value)
	} else {
		update(spec, obs, rollout.InstancesOf(d.Step))
	}
	return obs
}

// besides changes what a step changes that neither writes the target nor touches instances, and reports whether it is such a step.
func besides(obs *rollout.Observation, step rollout.Step) bool {
	switch s := step.(type) {
	case rollout.SwitchTraffic:
		obs.Traffic.Value.Pool = s.Pool
	case rollout.Scale:
		for n := len(obs.Instances.Value); n < s.Capacity; n++ {
			obs.Instances.Value = append(obs.Instances.Value, created(obs.At, n))
		}
		obs.Model.Value.Capacity = s.Capacity
	default:
		return false
	}
	return true
}

// created is an instance that a scale set would get. What its id would be is not known.
func created(at time.Time, n int) rollout.Instance {
	id := fmt.Sprintf("new-%d", n+1)
	return rollout.Instance{
		ID: id, VMID: id, Name: id, CreatedAt: at, State: rollout.StateSucceeded, Latest: rollout.True, ListedAt: at,
		Health: rollout.HealthReport{Healthy: rollout.True, Since: at}, Power: rollout.PowerState{Running: rollout.True},
		Disk: rollout.OSDisk{ID: id},
	}
}

// outdate makes all instances lack the latest model.
func outdate(instances []rollout.Instance) {
	for n := range instances {
		instances[n].Latest, instances[n].Origin.ProfileTime = rollout.False, time.Time{}
	}
}

// update makes the instances have the target and be healthy, on a new disk.
func update(spec rollout.Spec, obs rollout.Observation, refs []rollout.Ref) {
	for n, i := range obs.Instances.Value {
		if !slices.ContainsFunc(refs, func(r rollout.Ref) bool { return r.Is(i) }) {
			continue
		}
		i.Latest, i.State, i.ListedAt = rollout.True, rollout.StateSucceeded, obs.At
		i.Origin.ProfileTime = time.Time{}
		i.Health = rollout.HealthReport{Healthy: rollout.True, Since: obs.At}
		i.Power = rollout.PowerState{Running: rollout.True}
		i.Disk.ID, i.Disk.Image = i.Disk.ID+"'", nil
		i.Script, i.InstanceReports = rollout.ScriptUnknown, rollout.InstanceReports{}
		if spec.Target.Script != nil {
			i.Script = rollout.ScriptSucceeded
		}
		obs.Instances.Value[n] = i
	}
}
