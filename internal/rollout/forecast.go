package rollout

import (
	"slices"
	"time"
)

// Preview is what a rollout would do to a scale set on which nothing else happens and everything goes well.
type Preview struct {
	Batches  []PlannedBatch
	Skipped  []SkippedInstance
	Writes   []OperationKind // effects on the scale set that touch no instance, in order
	APICalls int             // estimated, without polls: one list page, a read before and after each effect
	Expected Explanation     // how it would end, or what would hold it

	Baseline Baseline // what it could go back to
}

// PlannedBatch is the machines of one call.
type PlannedBatch struct {
	Step      string
	Action    OperationKind
	Instances []PlannedInstance
}

// PlannedInstance is one machine of a planned batch.
type PlannedInstance struct {
	Ref  Ref
	Zone string
}

// SkippedInstance is a machine that the rollout would leave as it is.
type SkippedInstance struct {
	Ref Ref
	Why string
}

// mostForeseen bounds the rounds of a forecast: a write or two, and for each of 1,000 machines an upgrade and a reimage.
const mostForeseen = 2100

// Foresee plays the rollout out in a scale set that does as it is told, by the very Plan that will decide for real. So what follows
// matches it, as long as nothing else changes. Waits that time alone ends (soaks, pauses, windows) are taken as waited out.
func Foresee(spec Spec, obs Observation) Preview {
	spec.PlanOnly, spec.Paused = false, false
	spec.Failure.ProgressDeadline, spec.Tasks.Checks, spec.Tasks.Hooks, spec.Tasks.Drain = 0, nil, nil, nil
	spec.Batch.Pause, spec.Canary.Bake, spec.Health.MinReady, spec.Health.SuccessThreshold = 0, 0, 0, 0
	spec.Canary.Steps = slices.Clone(spec.Canary.Steps)
	for n := range spec.Canary.Steps {
		spec.Canary.Steps[n].Soak, spec.Canary.Steps[n].Approval = 0, nil
	}
	obs.Window, obs.Cluster.Ownership = Window{}, Result[Ownership]{}
	obs.Operation = Result[OperationStatus]{}
	obs.Instances.Value = slices.Clone(obs.Instances.Value)
	obs.State.Pacing.NotBefore, obs.State.Pacing.LastBatchEnd, obs.State.Operation = zeroTime, zeroTime, nil
	obs.State.Tasks.Hooks, obs.State.Ledger.Cordoned, obs.Tasks.Nodes = nil, nil, nil

	forecast := Preview{Skipped: skipped(spec, obs.State, obs.Instances.Value), APICalls: 2} // one look at the scale set and its machines
	for range mostForeseen {
		r := newRound(spec, obs)
		r.foreseen = true
		d := r.plan()
		if hasTurned := obs.State.Rollback.Current == nil && d.State.Rollback.Current != nil; hasTurned {
			obs.State, obs.At = d.State, obs.At.Add(time.Hour)
			continue
		}
		if d.Step.Operation() == "" {
			forecast.Expected = d.Explanation
			return forecast
		}
		forecast.note(obs, d)
		obs = obey(spec, obs, d)
	}
	forecast.Expected = Explanation{Reason: ReasonProgressing, Message: "too long to foresee whole"}
	return forecast
}

// note writes down what the decision does. After each write or batch the world is read again: a list and a model.
func (f *Preview) note(obs Observation, d Decision) {
	f.APICalls += 3
	refs := InstancesOf(d.Step)
	if refs == nil {
		f.Writes = append(f.Writes, d.Step.Operation())
		return
	}
	batch := PlannedBatch{Step: d.Report.Stage.Name, Action: d.Step.Operation()}
	for _, ref := range refs {
		i, _ := find(obs.Instances.Value, ref)
		batch.Instances = append(batch.Instances, PlannedInstance{Ref: i.Ref(), Zone: i.Zone})
	}
	f.Batches = append(f.Batches, batch)
}

// obey is the observation after the decision was carried out and everything went well.
func obey(spec Spec, obs Observation, d Decision) Observation {
	obs.State = d.State
	obs.At = obs.At.Add(time.Hour) // whatever is waited for after an effect has passed
	switch d.Step.(type) {
	case SuspendRepairs, ResumeRepairs: // they leave no operation behind
		_, obs.State.RepairsSuspended = d.Step.(SuspendRepairs)
		return obs
	}
	op := obs.State.Operation
	op.AcceptedAt, op.EndedAt = obs.At, obs.At
	switch step := d.Step.(type) {
	case WriteImage:
		obs.Model.Value.Image = step.Image
		outdate(obs.Instances.Value)
	case WriteScript:
		obs.Model.Value.Script = &ModelScript{
			Extension: step.Extension, URIs: step.Script.URIs, Command: step.Script.Command,
			ForceUpdateTag: step.ForceUpdateTag, Handler: step.Handler,
		}
		outdate(obs.Instances.Value)
	case RemoveScript:
		obs.Model.Value.Script = nil
		outdate(obs.Instances.Value)
	default:
		heal(spec, obs, InstancesOf(step))
	}
	return obs
}

// outdate makes all machines lack the latest model.
func outdate(instances []Instance) {
	for n := range instances {
		instances[n].Latest = False
	}
}

// heal makes the named machines have the target and be well, on a fresh disk.
func heal(spec Spec, obs Observation, refs []Ref) {
	for n, i := range obs.Instances.Value {
		if !slices.ContainsFunc(refs, func(r Ref) bool { return r.Is(i) }) {
			continue
		}
		i.Latest, i.State, i.Health.Healthy, i.Power.Running, i.Power.Off, i.Health.Since, i.ListedAt = True, StateSucceeded, True, True, NotOff, obs.At, obs.At
		i.Disk.ID += "'"
		i.Disk.Image = nil
		i.Script, i.Scripts = ScriptUnknown, nil
		if spec.Target.Script != nil {
			i.Script = ScriptSucceeded
		}
		obs.Instances.Value[n] = i
	}
}

// skipped lists the machines that are not counted at all, with the reason.
func skipped(spec Spec, m State, instances []Instance) []SkippedInstance {
	var list []SkippedInstance
	for _, i := range byOrder(OrderInstanceID, instances) {
		switch {
		case i.State == StateDeleting:
			list = append(list, SkippedInstance{Ref: i.Ref(), Why: "it is being deleted"})
		case m.isOff(i):
			list = append(list, SkippedInstance{Ref: i.Ref(), Why: "it is " + string(i.Power.Off)})
		case i.Protected && spec.Instances.Protected == ProtectedSkip:
			list = append(list, SkippedInstance{Ref: i.Ref(), Why: "it is protected from scale-set actions"})
		case m.Rollback.Current == nil && m.isSkipped(i):
			list = append(list, SkippedInstance{Ref: i.Ref(), Why: "a RolloutAction SkipInstance took it out of this run"})
		}
	}
	return list
}

// planOnly says what would be done, and does nothing.
func planOnly(r *round) (verdict, bool) {
	if !r.spec.PlanOnly {
		return undecided()
	}
	obs := r.obs
	obs.State = r.memory.Clone()
	obs.Cluster.Settings = KnownResult(ProtectedSettings{HasCommand: r.spec.Target.Script != nil && r.spec.Target.Script.Command == ""})
	forecast := Foresee(r.spec, obs)
	r.forecast = &forecast
	forecast.Baseline = r.previewBaseline()
	machines := 0
	for _, batch := range forecast.Batches {
		if batch.Action == UpgradeOperation {
			machines += len(batch.Instances)
		}
	}
	return wait(ReasonPlanned, recheckHeld, "planned, nothing is touched: %d instances in %d batches, then %s; %s",
		machines, len(forecast.Batches), forecast.Expected.Reason, r.toApply()), true
}

// toApply says how the plan is carried out.
func (r *round) toApply() string {
	if holder := r.obs.Cluster.Ownership.Value.older(); holder != "" {
		return "the scale set is claimed by the older VMSSRollout " + holder + ", so delete that one before spec.mode is set to Apply"
	}
	return "set spec.mode to Apply to do it"
}
