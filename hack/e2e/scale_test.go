package e2e

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestCanaryFollowsScale holds a canary of 34 % while autoscale and a user of the portal change the instances under it. The held rollout
// looks by itself every two minutes; the test only makes it look sooner.
func TestCanaryFollowsScale(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 3})
	r := newRollout(ns, "web", set).with(int64(34), "spec", "strategy", "canary", "percent")
	startManager(t, directly(ns))
	r.create(t)
	held := r.awaitReady(t)
	expectCanary(t, held, v1alpha1.Progress{Total: 3, Desired: 1, Exposed: 1})
	if got := here.azure.upgraded(t, set); !slices.Equal(got, []string{"0"}) {
		t.Fatalf("34 %% of 3 upgraded instances %v, want 0 alone", got)
	}

	// Out: instances that autoscale adds are made of the new model. They were not upgraded, but they are exposed.
	here.azure.scale(t, set, 6)
	grown := r.looksUntil(t, "has seen six instances", func(p *v1alpha1.Progress) bool { return p.Total == 6 })
	expectCanary(t, grown, v1alpha1.Progress{Total: 6, Desired: 2, Exposed: 4, Overshoot: 2})
	expectSinceThen(t, held, grown)

	// In: the instances that came last go first, so the canary stays.
	here.azure.scale(t, set, 3)
	shrunk := r.looksUntil(t, "has seen three instances", func(p *v1alpha1.Progress) bool { return p.Total == 3 })
	expectCanary(t, shrunk, v1alpha1.Progress{Total: 3, Desired: 1, Exposed: 1})
	expectSinceThen(t, held, shrunk)
	if got := here.azure.upgraded(t, set); !slices.Equal(got, []string{"0"}) {
		t.Fatalf("scaling made the controller upgrade instances %v", got)
	}

	// The canary itself goes: another one takes its place.
	here.azure.remove(t, set, "0")
	here.azure.awaitSize(t, set, 2)
	next := r.looksUntil(t, "has a new canary", func(p *v1alpha1.Progress) bool { return p.Total == 2 && p.Ready == 1 })
	expectCanary(t, next, v1alpha1.Progress{Total: 2, Desired: 1, Exposed: 1})
	if got := here.azure.upgraded(t, set); !slices.Equal(got, []string{"0", "1"}) {
		t.Fatalf("instances %v were upgraded, want the first canary 0 and the second 1", got)
	}
}

// looksUntil makes the controller look until the progress is as wanted and Ready is True again.
func (r rollout) looksUntil(t testing.TB, what string, wanted func(*v1alpha1.Progress) bool) *v1alpha1.VMSSRollout {
	t.Helper()
	r.look(t)
	return r.await(t, what, func(o *v1alpha1.VMSSRollout) bool {
		c := ready(o)
		return c != nil && c.Status == metav1.ConditionTrue && o.Status.Operation == nil && wanted(o.Status.Progress)
	})
}

// expectCanary holds that the canary is reached with these counts. Everybody is eligible, and who is exposed is updated and well.
func expectCanary(t testing.TB, o *v1alpha1.VMSSRollout, want v1alpha1.Progress) {
	t.Helper()
	want.Eligible, want.Updated, want.Ready = want.Total, want.Exposed, want.Exposed
	if diff := cmp.Diff(&want, o.Status.Progress); diff != "" {
		t.Fatalf("progress (-want +got):\n%s", diff)
	}
	if c := ready(o); c.Reason != v1alpha1.ReasonCanaryReached {
		t.Fatalf("reason %s, want CanaryReached: %s", c.Reason, c.Message)
	}
}

// expectSinceThen holds that Ready never was anything but True between two looks at the object.
func expectSinceThen(t testing.TB, then, now *v1alpha1.VMSSRollout) {
	t.Helper()
	if was, is := ready(then).LastTransitionTime, ready(now).LastTransitionTime; !was.Equal(&is) {
		t.Errorf("Ready changed at %s; it should have stayed True since %s", is, was)
	}
}
