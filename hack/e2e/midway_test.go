package e2e

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestTerminationMidway asks the manager to end in the middle of a rollout, as an upgrade of the controller does, and lets another go on.
func TestTerminationMidway(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{})
	r := newRollout(ns, "web", set)
	first := startManager(t, directly(ns))
	r.create(t)
	r.await(t, "has two instances done", func(o *v1alpha1.VMSSRollout) bool {
		return o.Status.Progress != nil && o.Status.Progress.Updated >= 2
	})
	if err := first.terminate(); err != nil {
		t.Fatalf("terminating the manager: %v", err)
	}
	if c := ready(r.now(t)); c.Status == metav1.ConditionTrue {
		t.Fatalf("the rollout was over before the manager was asked to end: %s", c.Message)
	}
	startManager(t, directly(ns))
	r.awaitReason(t, v1alpha1.ReasonCompleted)
	if got := here.azure.upgraded(t, set); len(got) != 6 {
		t.Errorf("instances %v were upgraded, want each of six once", got)
	}
}

// TestDeletionMidway deletes a rollout whose upgrade is in flight. Nothing holds the deletion up, the operation goes on in Azure and is not
// polled any more, and nothing more is begun.
func TestDeletionMidway(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{})
	r := newRollout(ns, "web", set).with(int64(50), "spec", "strategy", "canary", "percent")
	startManager(t, directly(ns))
	r.create(t)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)

	// The next upgrade never ends, so that the rollout is in the middle of one for as long as the test likes.
	here.azure.setFaults(t, set, fault{Operation: "UpdateInstances", Kind: "operationStuck"})
	r.patch(t, `{"spec":{"strategy":{"canary":{"percent":100}}}}`)
	r.await(t, "has an upgrade in flight", func(o *v1alpha1.VMSSRollout) bool {
		return o.Status.Operation != nil && o.Status.Operation.AcceptedTime != nil
	})
	before := len(here.azure.writes(t, set))
	kubectl(t, "delete", "vmssr", "web", "-n", ns, "--timeout=60s")
	if err := here.kube.Get(t.Context(), r.key(), &v1alpha1.VMSSRollout{}); !apierrors.IsNotFound(err) {
		t.Fatalf("kubectl delete returned and the object is still there: %v", err)
	}

	// The same manager carries out another rollout from beginning to end. Had it anything left to do to the first, it would have.
	other := scaleSet{group: ns, name: "other"}
	here.azure.makeSet(t, other, stageSet{capacity: 3})
	next := newRollout(ns, "other", other)
	next.create(t)
	next.awaitReason(t, v1alpha1.ReasonCompleted)
	if after := here.azure.writes(t, set); len(after) != before {
		t.Errorf("after the deletion Azure was asked to change the scale set: %+v", after[before:])
	}
	if got := here.azure.upgraded(t, set); len(got) > 4 {
		t.Errorf("instances %v were upgraded, want no more than three and the one in flight", got)
	}
}

// TestRecreation deletes a rollout and declares it again: what was done counts, and only the rest is upgraded.
func TestRecreation(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 3})
	r := newRollout(ns, "web", set).with(int64(34), "spec", "strategy", "canary", "percent")
	startManager(t, directly(ns))
	r.create(t)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
	kubectl(t, "delete", "vmssr", "web", "-n", ns, "--timeout=60s")
	before := len(here.azure.writes(t, set))

	r.with(int64(100), "spec", "strategy", "canary", "percent").create(t)
	r.awaitReason(t, v1alpha1.ReasonCompleted)
	if got := here.azure.upgraded(t, set); len(got) != 3 {
		t.Errorf("instances %v were upgraded, want each of three once", got)
	}
	if got := len(here.azure.writes(t, set)) - before; got != 2 {
		t.Errorf("%d writes to Azure for the two instances that were left, want 2", got)
	}
}
