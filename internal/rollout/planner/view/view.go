package view

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/batch"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// View is the knowledge of one round.
type View struct {
	Spec     rollout.Spec // what the round works towards: the declared specification, or in a rollback what was there before
	Declared rollout.Spec
	State    rollout.State
	Obs      rollout.Observation

	IsRestoring bool               // Spec is that of a rollback
	IsPreview   bool               // the round is only simulated, so nothing is stored or suspended for it
	IsReleasing bool               // the object is being released
	Attached    []rollout.Instance // listed, but the scale set did not make them
	Draining    []rollout.Ref      // instances whose nodes were being drained when the round began

	image    *rollout.Image // as the target declares it, also where it stands for another version each time
	revision string         // of the declared target; computed when it is first asked for
	memo     memo
}

// memo keeps what was computed of the state and the lists of a view.
type memo struct {
	inventory *inventory.Inventory
	listed    map[string]bool // ids of the list
}

// New returns the view of a round that begins. It shares nothing with the observation's state.
func New(spec rollout.Spec, obs rollout.Observation) *View {
	attached := takeOutAttached(&obs)
	spec = spec.On(obs.State)
	v := &View{Spec: spec, Declared: spec, State: obs.State.Clone(), Obs: obs, Attached: attached, image: spec.Target.Image}
	v.readImage()
	v.readScript()
	v.readLatest()
	v.Obs.Instances = inventory.WithoutRunCommands(v.Spec.Target, v.Obs)
	return v
}

// ForState returns the view of what follows a decision: nothing was read.
func ForState(spec rollout.Spec, s rollout.State, at time.Time) *View {
	spec = spec.On(s)
	v := &View{Spec: spec, Declared: spec, State: s.Clone(), Obs: rollout.Observation{At: at}, image: spec.Target.Image}
	v.readImage()
	return v
}

// UseSpec makes the view that of a round that works towards another specification.
func (v *View) UseSpec(spec rollout.Spec, isRestoring bool) {
	v.Spec, v.IsRestoring = spec, isRestoring
	v.memo = memo{listed: v.memo.listed}
	v.readScript()
	v.readLatest()
}

// Forget drops what was computed of the state, since the state changed.
func (v *View) Forget() { v.memo = memo{listed: v.memo.listed} }

// At is the time of the round.
func (v *View) At() time.Time { return v.Obs.At }

// Model is the model that was read; the zero value where it was not.
func (v *View) Model() rollout.Model { return v.Obs.Model.Value }

// Instances are the instances that were listed; none where they were not.
func (v *View) Instances() []rollout.Instance { return v.Obs.Instances.Value }

// HasScaleSet reports that both the list and the model were read.
func (v *View) HasScaleSet() bool {
	return v.Obs.Instances.State == rollout.Read && v.Obs.Model.State == rollout.Read
}

// Find returns the listed instance that the reference means.
func (v *View) Find(ref rollout.Ref) (rollout.Instance, bool) {
	return rollout.FindInstance(v.Instances(), ref)
}

// Step is the canary step that the run works on.
func (v *View) Step() rollout.CanaryStep { return v.Spec.Step(v.State) }

// IsCarried reports that the model has what the round works towards.
func (v *View) IsCarried() bool {
	return target.Carries(v.Spec.Target, v.Model(), v.State.Model.ScriptWritten)
}

// Inventory is the instances, sorted by what they have of the target.
func (v *View) Inventory() inventory.Inventory {
	if v.memo.inventory == nil {
		c := inventory.Take(v.Spec, v.State, v.Model(), v.Instances())
		c.Cordoned = len(OutOfService(v))
		c.Unavailable += len(v.Unlisted())
		c.Total, c.Skipped = c.Total+len(v.Attached), c.Skipped+len(v.Attached)
		v.memo.inventory = &c
	}
	return *v.memo.inventory
}

// Unhealthy are exposed instances outside an operation that are not healthy.
func (v *View) Unhealthy() []rollout.Instance { return v.Inventory().Unhealthy(v.Spec, v.State) }

// StoppedAfterUpgrade are instances that have the target and were stopped since.
func (v *View) StoppedAfterUpgrade() []rollout.Instance {
	return inventory.StoppedAfterUpgrade(v.Spec, v.State, v.Model(), v.Instances())
}

// RollbackInventory is the instances that a rollback restores, sorted by how far they are.
func (v *View) RollbackInventory() inventory.Rollback {
	return v.rollbackView().Take(batch.Ordered(v.Spec.Instances.Order, v.Instances()))
}

// IsSuspect reports that a target may have touched the instance.
func (v *View) IsSuspect(i rollout.Instance) bool { return v.rollbackView().IsSuspect(i) }

func (v *View) rollbackView() inventory.RollbackView {
	return inventory.RollbackView{Spec: v.Spec, Declared: v.Declared.Target, State: v.State}
}

// IsReplaced reports that the scale set of this name is not the one that the rollout belongs to: that one was deleted, and another one was
// created under its name. What the rollout remembers of instances, and of what to go back to, does not hold for the other one.
func (v *View) IsReplaced() bool {
	if v.Obs.Model.State != rollout.Read || v.Model().UniqueID == "" {
		return v.State.ScaleSet.ReplacedBy != ""
	}
	return v.State.ScaleSet.ID != "" && v.State.ScaleSet.ID != v.Model().UniqueID
}

// IsCompleted reports that the run reached every eligible instance, or never had to leave the baseline.
func (v *View) IsCompleted() bool {
	return v.State.Run.Completed && (v.State.Run.CompletedAtBaseline || v.Spec.IsWhole(v.State))
}

// IsUnchangedSinceCompletion reports that the model still is the one that the run completed with.
func (v *View) IsUnchangedSinceCompletion() bool {
	s, m := v.State.Model, v.Model()
	return s.CompletedETag != "" && m.ETag == s.CompletedETag && max(0, m.Capacity) == s.CompletedCapacity
}

// IsHeld reports that the user lets nothing begin, so that no time passes, whatever is still in flight.
func (v *View) IsHeld() bool {
	return v.Spec.Paused || v.Obs.Window.Closed || v.Obs.IntegrationError != nil
}

// IsOfAnotherTarget reports that the operation was begun for another target than the one that the round works towards.
func (v *View) IsOfAnotherTarget(op *rollout.Operation) bool {
	return op.Run != v.State.Run.Number || op.Rollback != v.State.IsRollingBack()
}

// HasHappened reports that the instance shows what the operation was to bring about.
func HasHappened(op *rollout.Operation, a rollout.Attempt, i rollout.Instance) bool {
	if op.Kind == rollout.ReimageOperation {
		return i.Disk.ID != "" && a.OSDisk != "" && i.Disk.ID != a.OSDisk
	}
	return i.Latest == rollout.True
}

// ShowsEffect reports that an instance shows that the operation was begun.
func (v *View) ShowsEffect(op *rollout.Operation) bool {
	for _, a := range op.Instances {
		if i, listed := v.Find(a.Ref); listed && (i.IsBusy() || HasHappened(op, a, i)) {
			return true
		}
	}
	return false
}
