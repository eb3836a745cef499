package planner

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// HandleResult decides what to remember and report after the step of a decision was carried out, or refused, or that is not known. It never
// leads to another effect in the same round.
func HandleResult(spec rollout.Spec, before rollout.Decision, r rollout.StepResult) rollout.Decision {
	d := advance.NewDraft(view.ForState(spec, before.State, r.At))
	d.Facts = before.Report.Facts
	var h *view.Hold
	switch op := d.State.Operation; {
	case before.Step.Operation() == rollout.SuspendRepairsOperation || before.Step.Operation() == rollout.ResumeRepairsOperation:
		_, suspending := before.Step.(rollout.SuspendRepairs)
		h = advance.NoteRepairsResult(d, suspending, before.Explanation, r)
	case op == nil:
		return before
	default:
		h = advance.NoteResult(d, op, r)
	}
	advance.StopProgressTimer(d, r)
	after := before
	after.Step, after.State, after.Recheck, after.Report.Facts = rollout.Wait{}, d.State, h.Recheck, d.Facts
	after.Explanation = explain(d, h.Reason, h.Message)
	return after
}
