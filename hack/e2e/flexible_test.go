package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestFlexible goes through a Flexible scale set, whose ids are names: the plan is carried out, a person leaves out one instance by its
// name, the release turns out bad and is rolled back, and no other instance is touched.
func TestFlexible(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 4, script: "bash start.sh", orchestration: "Flexible"})
	here.azure.makeImage(t, imageID("v2"))
	startManager(t, directly(ns))
	r := newRollout(ns, "web", set).target(image(imageID("v2"))).onFailure(v1alpha1.OnFailureRollback).
		with(int64(25), "spec", "strategy", "canary", "percent").with("Plan", "spec", "mode")
	r.create(t)

	planned := r.awaitReason(t, v1alpha1.ReasonPlanned).Status.Plan
	if len(planned.Batches) != 1 || len(planned.Batches[0].Instances) != 1 {
		t.Fatalf("planned %+v, want one instance", planned)
	}
	canary := planned.Batches[0].Instances[0].ID
	if !strings.HasPrefix(canary, "web_") {
		t.Errorf("the canary is %q, want the name of an instance", canary)
	}
	r.patch(t, `{"spec":{"mode":"Apply"}}`)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
	if got := here.azure.upgraded(t, set); !slices.Equal(got, []string{canary}) {
		t.Errorf("upgraded %v, planned %s", got, canary)
	}

	var others []string
	for _, m := range here.azure.guests(t, set) {
		if m.ID != canary {
			others = append(others, m.ID)
		}
	}
	slices.Sort(others)
	r.action(t, "leave-out", "SkipInstance", "instance", others[0]).must(t)
	here.azure.setFaults(t, set, fault{Operation: "UpdateInstances", Kind: "scriptFails", Stderr: "start.sh: no such interpreter"})
	r.patch(t, `{"spec":{"strategy":{"canary":{"percent":100}}}}`)
	r.awaitReason(t, v1alpha1.ReasonRollingBack)
	here.azure.setFaults(t, set)
	back := r.awaitReason(t, v1alpha1.ReasonRolledBack)

	expectImages(t, set, "v1", 4)
	expectSaid(t, back, "no such interpreter", others[1])
	want := slices.Sorted(slices.Values([]string{canary, others[1]}))
	if got := slices.Sorted(slices.Values(here.azure.operated(t, set))); !slices.Equal(got, want) {
		t.Errorf("instances %v were operated on, want %v: the canary, and the first of those that follow", got, want)
	}
}
