package e2e

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestSecondClaim declares a second rollout for a scale set that has one. It touches nothing and says whose the scale set is; when the
// first is deleted, it takes over by itself, within a minute.
func TestSecondClaim(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 3})
	startManager(t, directly(ns))
	first := newRollout(ns, "first", set).with(int64(34), "spec", "strategy", "canary", "percent")
	first.create(t)
	first.awaitReason(t, v1alpha1.ReasonCanaryReached)
	before := mistake{}.footprint(t, set)

	second := newRollout(ns, "second", set).target(map[string]any{"script": map[string]any{"command": "bash install_v3.sh"}})
	if out, err := second.apply(t); err != nil {
		t.Fatalf("applying: %v\n%s", err, out)
	}
	expectSaid(t, second.awaitReason(t, v1alpha1.ReasonPreflightFailed), "the older VMSSRollout "+ns+"/first owns the scale set",
		"delete one of the two")
	if diff := cmp.Diff(before, mistake{}.footprint(t, set)); diff != "" {
		t.Errorf("something was touched (-before +after):\n%s", diff)
	}

	kubectl(t, "delete", "vmssr", "first", "-n", ns, "--timeout=60s")
	second.awaitReason(t, v1alpha1.ReasonCompleted)
	for _, m := range here.azure.guests(t, set) {
		if !m.Latest {
			t.Errorf("instance %s is not at what the second rollout declares", m.ID)
		}
	}
}

// TestInvalidRolloutLeavesTheScaleSet declares a rollout that is not valid, and a second one for the same scale set, which goes on in its
// place. Once the first is fixed it takes the scale set over, being the older one, and the second reports that.
func TestInvalidRolloutLeavesTheScaleSet(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 3})
	startManager(t, directly(ns))
	first := newRollout(ns, "first", set).with(openIn("Europe/Atlantis"), "spec", "windows")
	first.create(t)
	first.awaitReason(t, v1alpha1.ReasonInvalid)

	second := newRollout(ns, "second", set).target(map[string]any{"script": map[string]any{"command": "bash install_v3.sh"}}).with(int64(34),
		"spec", "strategy", "canary", "percent")
	second.create(t)
	second.awaitReason(t, v1alpha1.ReasonCanaryReached)

	first.patch(t, `{"spec":{"windows":null}}`)
	first.awaitReason(t, v1alpha1.ReasonCompleted)
	second.look(t)
	expectSaid(t, second.awaitReason(t, v1alpha1.ReasonPreflightFailed), "the older VMSSRollout "+ns+"/first owns the scale set")
}
