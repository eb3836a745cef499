package rollout

import "slices"

// State is kept between rounds because it cannot be observed again. It is persisted before every effect.
//
// The zero value is the state of a rollout that has not begun a run yet.
type State struct {
	ScaleSet  ScaleSetState      `json:"scaleSet,omitzero"`
	Run       Run                `json:"run,omitzero"`
	Model     ModelState         `json:"model,omitzero"`
	Stage     Stage              `json:"stage,omitzero"`
	Operation *Operation         `json:"operation,omitempty"` // the one effect in flight, from its durable intent to the verdict; nil: none
	Preempted PreemptedOperation `json:"preempted,omitzero"`
	Ledger    Ledger             `json:"ledger,omitzero"`
	Timers    Timers             `json:"timers,omitzero"`
	Pacing    Pacing             `json:"pacing,omitzero"`
	Rollback  RollbackState      `json:"rollback,omitzero"`
	Tasks     TaskState          `json:"tasks,omitzero"`
	BlueGreen BlueGreenState     `json:"blueGreen,omitzero"`

	Actions          []AppliedAction `json:"actions,omitempty"`          // actions that took effect in this run
	History          []PastRun       `json:"history,omitempty"`          // the runs before this one, newest first
	RepairsSuspended bool            `json:"repairsSuspended,omitempty"` // the rollout suspended automatic repairs, or may have
}

// Clone returns a copy that shares nothing with s.
func (s State) Clone() State {
	if s.Operation != nil {
		op := *s.Operation
		op.Instances = slices.Clone(op.Instances)
		s.Operation = &op
	}
	if s.Run.Image != nil {
		image := *s.Run.Image
		s.Run.Image = &image
	}
	s.Stage = s.Stage.clone()
	s.Preempted.Instances = slices.Clone(s.Preempted.Instances)
	s.Ledger = s.Ledger.clone()
	s.Pacing.NoEffectInstances = slices.Clone(s.Pacing.NoEffectInstances)
	s.Rollback = s.Rollback.clone()
	s.Tasks = s.Tasks.clone()
	s.Actions, s.History = slices.Clone(s.Actions), slices.Clone(s.History)
	return s
}
