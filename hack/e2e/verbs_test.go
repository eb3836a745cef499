package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestPromote skips one soak with Promote and all that is left of gates with PromoteFull, in a namespace whose people may use single verbs:
// who may promote may not promote fully.
func TestPromote(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	kubectl(t, "label", "namespace", ns, "rollouts.vmss.dev/verbs=enforced")
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{})
	kubectl(t, "create", "role", "promoter", "-n", ns, "--verb=create,promote", "--resource=rolloutactions.rollouts.vmss.dev")
	jane := operator{name: "jane@" + ns + ".example"}
	var err error
	if jane.kubeconfig, err = here.plane.AddUser(jane.name); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "create", "rolebinding", "promoter", "-n", ns, "--role=promoter", "--user="+jane.name)
	r := newRollout(ns, "web", set).withSteps(
		step("one", "count", int64(1), "soak", "10h"),
		step("half", "percent", int64(50), "soak", "10h"),
		step("most", "percent", int64(80), "approval", map[string]any{}),
		step("all", "percent", int64(100)),
	)
	startManager(t, directly(ns))
	r.create(t)
	r.awaitSoak(t, "one")

	full := r.action(t, "all", "PromoteFull")
	out, err := full.create(t, jane, jane.name)
	if want := "spec.action PromoteFull is not among the actions that " + jane.name + " may ask for"; !isExit(err) ||
		!strings.Contains(out, want) {
		t.Fatalf("PromoteFull by who has the verb promote: %v, and it does not say %q:\n%s", err, want, out)
	}
	on := r.action(t, "on", "Promote", "step", "one")
	if out, err := on.create(t, jane, jane.name); err != nil {
		t.Fatalf("creating RolloutAction on: %v\n%s", err, out)
	}
	on.awaitAnswer(t, v1alpha1.AnswerAccepted)
	r.awaitSoak(t, "half")
	if got := here.azure.upgraded(t, set); !slices.Equal(got, []string{"0", "1", "2"}) {
		t.Fatalf("instances %v were upgraded at the second step, want 0, 1 and 2", got)
	}
	full.name = "all-by-admin"
	full.must(t)
	done := r.awaitReason(t, v1alpha1.ReasonCompleted)
	if got, want := told(done.Status.Actions), "Promote one by "+jane.name+
		", verified true; PromoteFull by admin, verified true"; got != want {
		t.Errorf("recorded: %s, want %s", got, want)
	}
	if got := here.azure.upgraded(t, set); len(got) != 6 {
		t.Errorf("instances %v were upgraded, want each of six once", got)
	}
}

// awaitSoak waits until the rollout soaks at a step.
func (r rollout) awaitSoak(t testing.TB, name string) {
	t.Helper()
	r.await(t, "soaks at step "+name, func(o *v1alpha1.VMSSRollout) bool {
		c := ready(o)
		return c != nil && c.Reason == v1alpha1.ReasonSoaking && o.Status.Step != nil && o.Status.Step.Name == name
	})
}

// TestSkipInstance goes on without an instance on which the script fails, and leaves that one as it is. An action that names an instance
// which does not exist is rejected with that reason.
func TestSkipInstance(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 3})
	here.azure.setFaults(t, set, fault{Operation: "UpdateInstances", Kind: "scriptFails", Instances: []string{"1"}, Stderr: "disk is full"})
	r := newRollout(ns, "web", set)
	startManager(t, directly(ns))
	r.create(t)
	failed := r.awaitReason(t, v1alpha1.ReasonFailed)
	if !strings.Contains(ready(failed).Message, "disk is full") {
		t.Errorf("the message does not show what the script said: %s", ready(failed).Message)
	}

	absent := r.action(t, "absent", "SkipInstance", "instance", "99")
	if out, err := absent.create(t, admin(), admin().name); err != nil {
		t.Fatalf("creating RolloutAction absent: %v\n%s", err, out)
	}
	if said := absent.awaitAnswer(t, v1alpha1.AnswerRejected); !strings.Contains(said, "99") {
		t.Errorf("the answer to skipping 99 is %q", said)
	}
	r.action(t, "skip", "SkipInstance", "instance", "1", "reason", "its disk is full").must(t)
	// It is out of the run, but it does not serve either, so it spends the budget of those that may be away.
	held := r.awaitReason(t, v1alpha1.ReasonWaitingForHealth)
	if !strings.Contains(ready(held).Message, "maxUnavailable exhausted") {
		t.Errorf("the message does not say what holds the rollout: %s", ready(held).Message)
	}
	r.patch(t, `{"spec":{"strategy":{"batch":{"maxUnavailable":2}}}}`)
	done := r.awaitReason(t, v1alpha1.ReasonCompleted)
	if p := done.Status.Progress; p.Skipped != 1 || p.Eligible != 2 || p.Ready != 2 {
		t.Errorf("progress %+v, want 2 of 2 ready and 1 skipped", p)
	}
	// One upgrade each: the skipped one was not tried again.
	if got := here.azure.upgraded(t, set); !slices.Equal(got, []string{"0", "1", "2"}) {
		t.Errorf("instances %v were upgraded, want each of three once", got)
	}
}

// TestApprovalTimesOut gives no approval: the declaration decides what then becomes of the release.
func TestApprovalTimesOut(t *testing.T) {
	t.Parallel()
	for onTimeout, c := range map[string]struct{ reason, model string }{
		"Approve":  {v1alpha1.ReasonCompleted, "v2"},
		"Abort":    {v1alpha1.ReasonAborted, "v1"},
		"Rollback": {v1alpha1.ReasonRolledBack, "v1"},
	} {
		t.Run(onTimeout, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t)
			set := scaleSet{group: ns, name: "web"}
			here.azure.makeSet(t, set, stageSet{capacity: 2})
			here.azure.makeImage(t, imageID("v2"))
			r := newRollout(ns, "web", set).target(image(imageID("v2"))).withSteps(
				step("one", "count", int64(1), "approval", map[string]any{"timeout": "1m", "onTimeout": onTimeout}),
				step("all", "percent", int64(100)),
			)
			startManager(t, directly(ns))
			r.create(t)
			over := r.awaitReason(t, c.reason)
			if got := here.azure.modelImage(t, set); got != c.model {
				t.Errorf("the model has image %s, want %s", got, c.model)
			}
			if b := over.Status.Rollback; (b != nil) != (c.model == "v1") || (b != nil && b.Cause != v1alpha1.CauseApprovalTimeout) {
				t.Errorf("rollback %+v, which is not what onTimeout %s does", b, onTimeout)
			}
		})
	}
}

// TestNotRollbackable fails a release over a script that was made by hand. Its protected settings cannot be read back, so the only baseline
// is one that a person declares. The status reports that before it is needed, and declaring the baseline fixes it.
func TestNotRollbackable(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 2, script: "bash byhand.sh"})
	here.azure.setFaults(t, set, fault{Operation: "UpdateInstances", Kind: "scriptFails", Stderr: "no such package"})
	r := newRollout(ns, "web", set).onFailure(v1alpha1.OnFailureRollback)
	startManager(t, directly(ns))
	r.create(t)
	r.awaitReason(t, v1alpha1.ReasonInvalid) // another owner's extension is not written unasked
	r.patch(t, `{"spec":{"target":{"script":{"extensionName":"CustomScript"}}}}`)
	stuck := r.awaitReason(t, v1alpha1.ReasonNotRollbackable)
	expectStalled(t, stuck, v1alpha1.ReasonNotRollbackable)
	if b := stuck.Status.Baseline; b == nil || b.Available || !strings.Contains(b.Reason, "spec.baseline.script") {
		t.Errorf("rollback %+v, want it to name spec.baseline.script", b)
	}
	here.azure.setFaults(t, set)
	r.patch(t, `{"spec":{"baseline":{"script":{"command":"bash byhand.sh"}}}}`)
	r.action(t, "back", "Rollback").must(t)
	r.awaitReason(t, v1alpha1.ReasonRolledBack)
	if got := here.azure.operated(t, set); !slices.Equal(got, []string{"0"}) {
		t.Errorf("instances %v were operated on, want the canary 0 alone", got)
	}
}
