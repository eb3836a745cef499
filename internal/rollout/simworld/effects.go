package simworld

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Do carries out a step as Azure would: it may refuse, fail to answer, or begin an operation that turns out badly.
func (w *World) Do(step rollout.Step) rollout.StepResult {
	if w.Pair != nil {
		if o, done := w.Pair.beside(w, step); done {
			return o
		}
	}
	o := rollout.StepResult{At: w.Now, AzureTime: w.Now, RetryAfter: 10 * time.Second}
	if p := w.refusal(step); p != nil {
		o.Problem = p
		return o
	}
	if w.chance(w.Faults.Ambiguous) && w.Dice(2) == 0 {
		o.Problem = &rollout.Problem{Kind: rollout.KindAmbiguous, Message: "deadline exceeded before it was sent"}
		return o
	}
	if kind := step.Operation(); kind == rollout.SuspendRepairsOperation || kind == rollout.ResumeRepairsOperation {
		w.Suspended = kind == rollout.SuspendRepairsOperation
		return o
	}
	if w.running != nil {
		w.writeBeside(step)
		return o
	}
	op := w.begin(step)
	o.PollToken, o.OperationID = op.token, op.token
	if w.chance(w.Faults.Ambiguous) {
		o.PollToken = ""
		o.Problem = &rollout.Problem{Kind: rollout.KindAmbiguous, Message: "connection reset after it was sent"}
	}
	return o
}

// refusal reports whether Azure takes the effect at all.
func (w *World) refusal(step rollout.Step) *rollout.Problem {
	if w.running != nil && (len(rollout.InstancesOf(step)) > 0 || w.running.instances == nil || w.Dice(3) == 0) {
		return &rollout.Problem{Kind: rollout.KindConflict, Code: "Conflict", Message: "another operation is running"}
	}
	if etag, guarded := guard(step); guarded && etag != strconv.Itoa(w.ETag) {
		return &rollout.Problem{Kind: rollout.KindPreconditionFailed, Code: "PreconditionFailed", Message: "etag does not match"}
	}
	for _, ref := range rollout.InstancesOf(step) {
		if w.find(ref.ID) == nil {
			return &rollout.Problem{Kind: rollout.KindInstanceGone, Code: "InvalidParameter", Message: "not an active instance id"}
		}
	}
	if !w.chance(w.Faults.Refused) {
		return nil
	}
	kinds := []rollout.Kind{
		rollout.KindTransient, rollout.KindThrottled, rollout.KindConflict, rollout.KindForbidden, rollout.KindInvalid, rollout.KindQuota,
	}
	kind := kinds[w.Dice(len(kinds))]
	return &rollout.Problem{Kind: kind, Message: "refused: " + string(kind)}
}

// guard is the ETag that the write is for.
func guard(step rollout.Step) (etag string, guarded bool) {
	switch s := step.(type) {
	case rollout.WriteImage:
		return s.ETag, true
	case rollout.WriteApplications:
		return s.ETag, true
	default:
		return "", false
	}
}

// begin starts the operation.
func (w *World) begin(step rollout.Step) *operation {
	op := &operation{
		token: "op-" + strconv.Itoa(len(w.ended)), kind: step.Operation(), result: rollout.OperationSucceeded, applies: true,
		began: w.Now, endsAt: w.Now.Add(time.Duration(5+w.Dice(60)) * time.Second),
	}
	if named := rollout.InstancesOf(step); named != nil {
		w.beginOnInstances(op, named)
	} else {
		w.beginWrite(op, change(step))
	}
	op.model = len(w.Models) - 1
	w.running = op
	return op
}

// change is the write of a step to the model.
func change(step rollout.Step) func(*Content) {
	return func(c *Content) {
		switch s := step.(type) {
		case rollout.WriteImage:
			c.Image = s.Image
		case rollout.WriteScript:
			c.Script = &rollout.ModelScript{
				Extension: cmp.Or(s.Extension, rollout.DefaultScriptExtension), Handler: s.Handler, URIs: s.Script.URIs,
				Command: s.Script.Command, ForceUpdateTag: s.ForceUpdateTag, KeyVault: s.Script.KeyVault,
			}
		case rollout.RemoveScript:
			c.Script = nil
		case rollout.WriteApplications:
			c.Applications = rollout.MergeApplications(s.Current, s.Applications)
		}
	}
}

// writeBeside writes the model while instances are worked on: Azure lets the work go on towards the model it was begun with, or ends it.
func (w *World) writeBeside(step rollout.Step) {
	w.obey(change(step))
	if w.Dice(2) == 0 {
		return
	}
	op := w.running
	op.result, op.applies, op.endsAt = rollout.OperationCanceled, false, w.Now
	op.problem = &rollout.Problem{Kind: rollout.KindPreempted, Code: "OperationPreempted", Message: "preempted"}
	w.end(op)
}

// beginWrite writes the model, unless the operation is to fail or to be for nothing.
func (w *World) beginWrite(op *operation, change func(*Content)) {
	switch {
	case w.chance(w.Faults.WriteFails):
		op.result = rollout.OperationFailed
		op.problem = &rollout.Problem{Kind: rollout.KindOperationFailed, Code: "InternalExecutionError", Message: "the write failed"}
	case w.chance(w.Faults.WriteLost):
	default:
		w.obey(change)
	}
}

// obey writes the model as a step wants it.
func (w *World) obey(change func(*Content)) {
	before := len(w.Models)
	if w.Edit(change); w.Ours == 0 && len(w.Models) > before {
		w.Ours = before
	}
}

// beginOnInstances puts the instances to work and draws how it will end.
func (w *World) beginOnInstances(op *operation, named []rollout.Ref) {
	for _, ref := range named {
		m := w.find(ref.ID)
		if m.State == rollout.StateUpdating || m.State == rollout.StateCreating {
			w.violate("instance %s is worked on already, and is named again", m.ID)
		}
		if m.Off != rollout.NotOff && w.Faults.ListLags == 0 {
			w.violate("instance %s is %s, and is named", m.ID, m.Off)
		}
		if op.kind == rollout.UpgradeOperation && m.Model == len(w.Models)-1 {
			continue // Azure does nothing to an instance that is at the latest model
		}
		op.instances = append(op.instances, m)
		m.State = rollout.StateUpdating
	}
	w.draw(op)
}

// draw decides how an operation on instances will end.
func (w *World) draw(op *operation) {
	switch {
	case w.chance(w.Faults.OperationFails):
		op.result, op.applies = rollout.OperationFailed, false
		op.problem = &rollout.Problem{Kind: rollout.KindOperationFailed, Code: "AllocationFailed", Message: "no capacity"}
	case w.chance(w.Faults.Preempted):
		op.result, op.applies = rollout.OperationCanceled, false
		op.problem = &rollout.Problem{Kind: rollout.KindPreempted, Code: "OperationPreempted", Message: "preempted"}
	case w.chance(w.Faults.NotApplied):
		op.applies = false
	case w.chance(w.Faults.Sticks) && len(op.instances) > 0:
		op.instances[w.Dice(len(op.instances))].stuck = true
	case w.chance(w.Faults.Hangs):
		op.endsAt = w.Now.Add(3 * time.Hour)
	}
}

// count notes what really happened to an instance, for the model it happened for.
func (w *World) count(m *Instance, op *operation) {
	ledger := m.Upgrades
	if op.kind == rollout.ReimageOperation {
		ledger = m.Reimages
	}
	if ledger[op.model]++; ledger[op.model] > 1+w.Retries {
		w.violate("instance %s was worked on twice (%s) for model %d", m.ID, op.kind, op.model)
	}
}

// write makes a new model, unless it is the same.
func (w *World) write(c Content) {
	old := w.latest()
	same := slices.EqualFunc(old.Applications, c.Applications, rollout.Application.Same)
	if same && old.Image == c.Image && old.Other == c.Other && sameScript(old.Script, c.Script) {
		return
	}
	w.Models = append(w.Models, c)
	w.ETag++
}

func sameScript(a, b *rollout.ModelScript) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.Equal(a.URIs, b.URIs) && a.Command == b.Command && a.ForceUpdateTag == b.ForceUpdateTag
}

func (w *World) violate(format string, args ...any) {
	w.Violations = append(w.Violations, fmt.Sprintf(format, args...))
}
