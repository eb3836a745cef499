package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestApproval lets a release through step by step. The approver's role is enough for that and allows nothing else. An action names its
// creator, and one approval opens one gate, also when it is sent twice.
func TestApproval(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{})
	jane := newOperator(t, "jane", ns, "vmssrollout-approver")
	r := newRollout(ns, "web", set).withSteps(
		step("one", "count", int64(1)),
		step("half", "percent", int64(50), "approval", map[string]any{}),
		step("all", "percent", int64(100), "approval", map[string]any{}),
	)
	startManager(t, directly(ns))
	if out, err := r.apply(t); err != nil {
		t.Fatalf("applying: %v\n%s", err, out)
	}
	half := r.awaitStep(t, "half")
	if got := here.azure.upgraded(t, set); !slices.Equal(got, []string{"0", "1", "2"}) {
		t.Fatalf("instances %v were upgraded before the approval, want 0, 1 and 2", got)
	}
	if !strings.Contains(ready(half).Message, "action Approve, run 1 and step half") {
		t.Errorf("the message does not say how to approve: %s", ready(half).Message)
	}
	expectApprovesOnly(t, jane, ns)

	approve := r.action(t, "approve-half", "Approve", "step", "half", "reason", "error rate is fine")
	out, err := approve.create(t, jane, "another@user.example")
	if want := `set requestedBy to "` + jane.name + `"`; !isExit(err) || !strings.Contains(out, want) {
		t.Fatalf("an approval in the name of another user: %v, and it does not say %q:\n%s", err, want, out)
	}
	again := r.action(t, "approve-half-again", "Approve", "step", "half")
	for _, a := range []action{approve, again} {
		if out, err := a.create(t, jane, jane.name); err != nil {
			t.Fatalf("creating RolloutAction %s: %v\n%s", a.name, err, out)
		}
	}
	approve.awaitAnswer(t, v1alpha1.AnswerAccepted)
	if said := again.awaitAnswer(t, v1alpha1.AnswerRejected); !strings.Contains(said, "half") {
		t.Errorf("the second click is told %q, which does not name the step", said)
	}

	// The second click did not open the next gate.
	all := r.awaitStep(t, "all")
	byJane := "Approve half by " + jane.name + ", verified true"
	if got := told(all.Status.Actions); got != byJane {
		t.Errorf("recorded: %s, want %s", got, byJane)
	}
	last := r.action(t, "approve-all", "Approve", "step", "all")
	if out, err := last.create(t, jane, jane.name); err != nil {
		t.Fatalf("creating RolloutAction %s: %v\n%s", last.name, err, out)
	}
	done := r.awaitReason(t, v1alpha1.ReasonCompleted)
	if got := here.azure.upgraded(t, set); len(got) != 6 {
		t.Errorf("instances %v were upgraded, want each of six once", got)
	}
	if len(done.Status.History) != 1 {
		t.Fatalf("history %+v, want one run", done.Status.History)
	}
	entry := done.Status.History[0]
	if entry.Outcome != v1alpha1.HistoryPromoted || entry.Run != 1 {
		t.Errorf("run %d ended %s, want run 1 Promoted", entry.Run, entry.Outcome)
	}
	if diff := cmp.Diff(byJane+"; Approve all by "+jane.name+", verified true", told(entry.Actions)); diff != "" {
		t.Errorf("what history tells of actions (-want +got):\n%s", diff)
	}
}

// awaitStep waits until the rollout asks for the approval of a step.
func (r rollout) awaitStep(t testing.TB, name string) *v1alpha1.VMSSRollout {
	t.Helper()
	return r.await(t, "awaits the approval of step "+name, func(o *v1alpha1.VMSSRollout) bool {
		c := ready(o)
		return c != nil && c.Reason == v1alpha1.ReasonAwaitingApproval && c.ObservedGeneration == o.Generation &&
			o.Status.Step != nil && o.Status.Step.Name == name
	})
}

// expectApprovesOnly holds that an approver, with that role alone, sees rollouts and actions and changes neither.
func expectApprovesOnly(t testing.TB, who operator, ns string) {
	t.Helper()
	for _, args := range [][]string{
		{"get", "vmssr", "web", "-n", ns, "-o", "jsonpath={.metadata.uid} {.status.run} {.status.step.name}"},
		{"get", "vmssra", "-n", ns},
	} {
		if out, err := who.kubectl(t, "", args...); err != nil {
			t.Errorf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	for _, args := range [][]string{
		{"patch", "vmssr", "web", "-n", ns, "--type=merge", "-p", `{"spec":{"paused":true}}`},
		{"patch", "vmssr", "web", "-n", ns, "--subresource=status", "--type=merge", "-p", `{"status":{"run":7}}`},
		{"delete", "vmssra", "any", "-n", ns},
	} {
		if out, err := who.kubectl(t, "", args...); !isExit(err) || !strings.Contains(out, "Forbidden") {
			t.Errorf("kubectl %s: %v, want Forbidden:\n%s", strings.Join(args, " "), err, out)
		}
	}
}
