package gate

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Drift says what another tool changed of what is declared, after this run had written it; "": nothing.
func Drift(v *view.View) string {
	if !v.State.Model.Applied {
		return ""
	}
	return target.Drifted(v.Spec.Target, v.Model(), v.State.Model.ScriptWritten)
}

// Undrifted holds when another tool changed what is declared, unless it is to be written again.
func Undrifted(v *view.View) *view.Hold {
	drifted := Drift(v)
	if drifted == "" || v.Spec.Drift.Overwrite {
		return nil
	}
	return view.Wait(rollout.ReasonDrifted, view.RecheckHeld,
		"another tool changed %s in the scale set's model; no further instance is upgraded; restore it, or change spec.target "+
			"(its revisionTag is enough) to write it again",
		drifted)
}
