package e2e

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestRollbackWhileScaling rolls out an image with which the instances' own script no longer works, while autoscale adds instances that are
// made of it. The rollout rolls back the model, the instance that failed, and those that came with the bad image, and no other instance.
// Then it stays as it is, also when Git declares the same again.
func TestRollbackWhileScaling(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{script: "bash start.sh"})
	here.azure.makeImage(t, imageID("v2"))
	// Lists take a while, so that autoscale comes between the upgrade and the verdict on it.
	bad := fault{Operation: "UpdateInstances", Kind: "scriptFails", Stderr: "start.sh: no such interpreter"}
	here.azure.setFaults(t, set, bad, fault{Operation: "VMs.List", Kind: "delay", Seconds: 5})
	r := newRollout(ns, "web", set).target(image(imageID("v2"))).onFailure(v1alpha1.OnFailureRollback)
	g := newGate(t, 0)
	g.admit(t, ns)
	if out, err := r.apply(t); err != nil {
		t.Fatalf("applying: %v\n%s", err, out)
	}
	r.await(t, "has an upgrade in flight", func(o *v1alpha1.VMSSRollout) bool {
		return o.Status.Operation != nil && o.Status.Operation.Kind == v1alpha1.OperationUpgrade && o.Status.Operation.AcceptedTime != nil
	})
	here.azure.ask(t, "POST", "/scale", map[string]any{"scaleSet": set.id(), "capacity": 8}, nil)
	here.azure.setFaults(t, set, bad)
	born := here.azure.images(t, set)
	if born["6"] != "v2" || born["7"] != "v2" {
		t.Fatalf("the instances that autoscale added are not made of the bad image: %v", born)
	}
	r.awaitReason(t, v1alpha1.ReasonRollingBack)
	here.azure.setFaults(t, set) // what was there before works

	back := r.awaitReason(t, v1alpha1.ReasonRolledBack)
	expectStalled(t, back, v1alpha1.ReasonRolledBack)
	if b := back.Status.Rollback; b == nil || b.Cause != v1alpha1.CauseFailurePolicy || b.CompletionTime == nil {
		t.Errorf("rollback %+v, want done, because of failurePolicy", b)
	}
	expectHistory(t, back, v1alpha1.HistoryRolledBack)
	expectImages(t, set, "v1", 8)
	if got := here.azure.operated(t, set); !slices.Equal(got, []string{"0", "6", "7"}) {
		t.Errorf("instances %v were operated on, want only those that had the bad image: 0, 6 and 7", got)
	}
	if got := here.azure.capacity(t, set); got != 8 {
		t.Errorf("capacity %v, want the 8 that autoscale set", got)
	}
	expectRow(t, ns, "web", "RolledBack")

	// GitOps applies what it has again and again. Git is not fought, and does not win either.
	g.expectStill(t, r)
	before := r.now(t)
	if out, err := r.apply(t); err != nil {
		t.Fatalf("applying again: %v\n%s", err, out)
	}
	g.expectStill(t, r)
	if diff := cmp.Diff(before.Status, r.now(t).Status); diff != "" {
		t.Errorf("applying the same again changed the status (-before +after):\n%s", diff)
	}
	expectImages(t, set, "v1", 8)
}

// TestAbort aborts a release whose canary is out: the model is restored, the canary stays for inspection, and nothing more happens until a
// user asks for a rollback, which rolls the canary back.
func TestAbort(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 3})
	here.azure.makeImage(t, imageID("v2"))
	r := newRollout(ns, "web", set).target(image(imageID("v2"))).with(int64(34), "spec", "strategy", "canary", "percent")
	startManager(t, directly(ns))
	r.create(t)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)

	r.action(t, "stop", "Abort", "reason", "latency is up").must(t)
	aborted := r.awaitReason(t, v1alpha1.ReasonAborted)
	expectStalled(t, aborted, v1alpha1.ReasonAborted)
	expectHistory(t, aborted, v1alpha1.HistoryAborted)
	if got := here.azure.modelImage(t, set); got != "v1" {
		t.Errorf("the model has image %s after the abort, want v1", got)
	}
	if diff := cmp.Diff(map[string]string{"0": "v2", "1": "v1", "2": "v1"}, here.azure.images(t, set)); diff != "" {
		t.Errorf("images after the abort (-want +got):\n%s", diff)
	}

	r.action(t, "back", "Rollback").must(t)
	back := r.awaitReason(t, v1alpha1.ReasonRolledBack)
	expectHistory(t, back, v1alpha1.HistoryRolledBack)
	if got, want := told(back.Status.Actions), "Abort by admin, verified true; Rollback by admin, verified true"; got != want {
		t.Errorf("recorded: %s, want %s", got, want)
	}
	expectImages(t, set, "v1", 3)
	if got := here.azure.operated(t, set); !slices.Equal(got, []string{"0"}) {
		t.Errorf("instances %v were operated on, want the canary 0 alone", got)
	}
}

// TestRetry tries a release again when the cause of its failure is fixed: once after a rollback, and once while the release is held.
func TestRetry(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy v1alpha1.FailureAction
		do     v1alpha1.InstanceAction
		failed string // reason
	}{
		"taken back": {v1alpha1.OnFailureRollback, v1alpha1.ActionUpgrade, v1alpha1.ReasonRolledBack},
		"held":       {v1alpha1.OnFailurePause, v1alpha1.ActionUpgradeThenReimage, v1alpha1.ReasonFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t)
			set := scaleSet{group: ns, name: "web"}
			here.azure.makeSet(t, set, stageSet{capacity: 2})
			here.azure.setFaults(t, set, fault{Operation: "UpdateInstances", Kind: "scriptFails", Stderr: "store.example: connection refused"})
			r := newRollout(ns, "web", set).onFailure(c.policy).with(string(c.do), "spec", "strategy", "instanceAction")
			startManager(t, directly(ns))
			r.create(t)
			r.await(t, "notices the failure", func(o *v1alpha1.VMSSRollout) bool {
				return len(o.Status.FailedInstances) > 0 || o.Status.Rollback != nil
			})
			here.azure.setFaults(t, set)
			r.awaitReason(t, c.failed)

			r.action(t, "again", "Retry", "reason", "the store is up again").must(t)
			done := r.awaitReason(t, v1alpha1.ReasonCompleted)
			if done.Status.Run != 2 {
				t.Errorf("run %d, want 2", done.Status.Run)
			}
			if len(done.Status.History) != 2 || told(done.Status.History[1].Actions) != "Retry by admin, verified true" {
				t.Errorf("history %+v, want two runs, the first with the Retry", done.Status.History)
			}
			for _, m := range here.azure.guests(t, set) {
				if !m.Latest || m.State != "Succeeded" {
					t.Errorf("instance %s is %s, latest %t", m.ID, m.State, m.Latest)
				}
			}
		})
	}
}

// TestUndo goes back, two releases later, to the first one, with every instance.
func TestUndo(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 2})
	r := newRollout(ns, "web", set)
	g := newGate(t, 0)
	g.admit(t, ns)
	for _, release := range []string{"v2", "v3"} {
		here.azure.makeImage(t, imageID(release))
		if out, err := r.target(image(imageID(release))).apply(t); err != nil {
			t.Fatalf("applying: %v\n%s", err, out)
		}
		r.awaitReason(t, v1alpha1.ReasonCompleted)
		expectImages(t, set, release, 2)
	}
	first := kubectl(t, "get", "vmssr", "web", "-n", ns, "-o", "jsonpath={.status.history[1].revision}")

	r.action(t, "undo", "Rollback", "toRevision", first).must(t)
	back := r.awaitReason(t, v1alpha1.ReasonRolledBack)
	expectStalled(t, back, v1alpha1.ReasonRolledBack)
	expectImages(t, set, "v2", 2)
	if b := back.Status.Rollback; b == nil || b.Scope != v1alpha1.ScopeAllInstances || b.Revision != first || b.RequestedBy != admin().name {
		t.Errorf("rollback %+v, want all instances to %s by %s", b, first, admin().name)
	}
	for _, m := range here.azure.guests(t, set) {
		if m.Upgrades != 3 {
			t.Errorf("instance %s was upgraded %d times, want once for each of three releases", m.ID, m.Upgrades)
		}
	}
	if out, err := r.apply(t); err != nil {
		t.Fatalf("applying again: %v\n%s", err, out)
	}
	g.expectStill(t, r)
	expectImages(t, set, "v2", 2)
}

// expectStill holds that a rollout that is over writes nothing, to Azure or to Kubernetes, however often it is made to look.
func (g *gate) expectStill(t testing.TB, r rollout) {
	t.Helper()
	written := func() int {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.writes + len(g.strange)
	}
	for range 2 { // the first may still have something to say; that a second begins means that it is over
		g.awaitRound(t, r)
	}
	before := written()
	for range 2 {
		g.awaitRound(t, r)
	}
	if after := written(); after != before {
		t.Errorf("%d writes when nothing was left to do", after-before)
	}
}

// expectStalled fails unless the conditions show that nothing more happens until a user acts.
func expectStalled(t testing.TB, o *v1alpha1.VMSSRollout, reason string) {
	t.Helper()
	c, stalled := ready(o), meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionStalled)
	if c.Status != metav1.ConditionFalse || stalled == nil || stalled.Status != metav1.ConditionTrue || stalled.Reason != reason {
		t.Errorf("Ready is %+v and Stalled %+v, want False and True with reason %s", c, stalled, reason)
	}
	if c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReconciling); c != nil {
		t.Errorf("Reconciling is %+v, want it absent", c)
	}
}

// expectHistory holds how the last run ended.
func expectHistory(t testing.TB, o *v1alpha1.VMSSRollout, want v1alpha1.HistoryOutcome) {
	t.Helper()
	if h := o.Status.History; len(h) == 0 || h[0].Run != o.Status.Run || h[0].Outcome != want {
		t.Errorf("history %+v, want run %d to have ended %s", h, o.Status.Run, want)
	}
}

// expectImages fails unless the model and all instances have one image, and the number of instances is right.
func expectImages(t testing.TB, set scaleSet, want string, instances int) {
	t.Helper()
	got := here.azure.images(t, set)
	for _, id := range slices.Sorted(maps.Keys(got)) {
		if got[id] != want {
			t.Errorf("instance %s has image %s, want %s", id, got[id], want)
		}
	}
	if len(got) != instances {
		t.Errorf("%d instances, want %d", len(got), instances)
	}
	if model := here.azure.modelImage(t, set); model != want {
		t.Errorf("the model has image %s, want %s", model, want)
	}
}
