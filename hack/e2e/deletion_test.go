package e2e

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestDeletionLeaves deletes a rollout whose canary is out. The object goes at once, and the scale set stays as it is.
func TestDeletionLeaves(t *testing.T) {
	t.Parallel()
	r, set := canaryToDelete(t, v1alpha1.OnDeleteLeave)
	if f := r.now(t).Finalizers; len(f) > 0 {
		t.Errorf("finalizers %v on an object that has nothing to put back", f)
	}
	before := mistake{}.footprint(t, set)
	kubectl(t, "delete", "vmssr", "web", "-n", r.GetNamespace(), "--timeout=60s")
	if diff := cmp.Diff(before, mistake{}.footprint(t, set)); diff != "" {
		t.Errorf("something was touched (-before +after):\n%s", diff)
	}
}

// TestDeletionRollsBack deletes a rollout that is to be rolled back first. The object stays until the canary is rolled back. When the
// object is gone, the scale set is as it was before the release.
func TestDeletionRollsBack(t *testing.T) {
	t.Parallel()
	r, set := canaryToDelete(t, v1alpha1.OnDeleteRollback)
	kubectl(t, "delete", "vmssr", "web", "-n", r.GetNamespace(), "--wait=false")
	seen := false
	eventually(t, patience, "the object is gone", func(ctx context.Context) error {
		o := &v1alpha1.VMSSRollout{}
		switch err := here.kube.Get(ctx, r.key(), o); {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return err
		}
		c := ready(o)
		seen = seen || !o.DeletionTimestamp.IsZero() && c.Reason == v1alpha1.ReasonRollingBack
		return errors.New("it is still there: " + c.Reason + ": " + c.Message)
	})
	if !seen {
		t.Error("the object was never seen to be rolling back while it was being deleted")
	}
	expectImages(t, set, "v1", 3)
	if got := here.azure.operated(t, set); !slices.Equal(got, []string{"0"}) {
		t.Errorf("instances %v were operated on, want the canary 0 alone", got)
	}
}

// canaryToDelete is a rollout with one canary of three, image v2.
func canaryToDelete(t *testing.T, policy v1alpha1.DeletionPolicy) (rollout, scaleSet) {
	t.Helper()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 3})
	here.azure.makeImage(t, imageID("v2"))
	r := newRollout(ns, "web", set).target(image(imageID("v2"))).with(string(policy), "spec", "onDelete").
		with(int64(34), "spec", "strategy", "canary", "percent")
	startManager(t, directly(ns))
	r.create(t)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
	if got := here.azure.images(t, set)["0"]; got != "v2" {
		t.Fatalf("the canary has image %s, want v2", got)
	}
	return r, set
}
