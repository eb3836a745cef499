package rollout_test

import (
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestIdentityOfAScript: a script with an identity is written, though the model shows the same script, since the identity cannot be read
// back. Another identity is another revision, and a rollback writes the former one.
func TestIdentityOfAScript(t *testing.T) {
	with := func(id string) rollout.Target {
		script := *v2.Script
		script.ManagedIdentity = &rollout.ManagedIdentity{ClientID: id}
		return rollout.Target{Script: &script}
	}
	if with("c-1").Revision() == with("c-2").Revision() || with("c-1").Revision() == (rollout.Target{Script: v2.Script}).Revision() {
		t.Error("the identity is no part of the revision")
	}
	s := begins(2, canary(with("c-1"), 100))
	var written []string
	s.shell.OnEffect = func(_ rollout.Observation, d rollout.Decision) {
		if step, is := d.Step.(rollout.WriteScript); is {
			written = append(written, step.Script.ManagedIdentity.ClientID)
		}
	}
	if !s.run(rollout.ReasonCompleted) {
		t.Fatalf("not completed: %v", s.shell.Last.Explanation)
	}
	s.shell.Spec.Target, s.shell.Spec.Canary.Percent = with("c-2"), 50
	if !s.run(rollout.ReasonCanaryReached) {
		t.Fatalf("another identity: %v", s.shell.Last.Explanation)
	}
	s.shell.Actions = []rollout.Action{{UID: "1", Verb: rollout.VerbRollback, Run: 2}}
	if !s.run(rollout.ReasonRolledBack) {
		t.Fatalf("not rolled back: %v", s.shell.Last.Explanation)
	}
	if len(written) != 3 || written[0] != "c-1" || written[1] != "c-2" || written[2] != "c-1" {
		t.Errorf("written with %q", written)
	}
}

// TestSuppressedFailureOfAScript: where an extension suppresses failures, Azure calls the operation and the instance succeeded. The
// instance's own view decides: a script that failed there fails the instance.
func TestSuppressedFailureOfAScript(t *testing.T) {
	spec, obs := batchOf()
	obs.Model.Value.Script.Handler = `{"suppressFailures":true}`
	obs.Instances.Value[0].Script = rollout.ScriptFailed
	if d := planner.Plan(spec, obs); len(d.State.Ledger.Failed) != 1 || d.State.Ledger.Failed[0].ID != "0" {
		t.Errorf("%s: %v", outcome(d), d.Explanation)
	}
}
