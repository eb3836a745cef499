package controllers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/convert"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/statecodec"
)

// another is another rollout of the desk's scale set, older by a day or younger.
func another(name string, isOlder bool, change func(*v1alpha1.VMSSRollout)) *v1alpha1.VMSSRollout {
	object := theRollout()
	object.Name, object.UID = name, "uid-of-"+object.UID
	object.Spec.ScaleSet.ResourceGroup = "SHOP-rg" // Azure's names know no case
	by := 24 * time.Hour
	if isOlder {
		by = -by
	}
	object.CreationTimestamp = metav1.NewTime(object.CreationTimestamp.Add(by))
	change(object)
	return object
}

// says gives the rollout a Ready condition.
func says(object *v1alpha1.VMSSRollout, reason rollout.Reason) {
	object.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: string(reason), ObservedGeneration: object.Generation,
		LastTransitionTime: object.CreationTimestamp,
	}}
}

// TestClaim shows whose a scale set is: the oldest rollout's that can work or has worked, and a younger one's while it has something in
// flight.
func TestClaim(t *testing.T) {
	older, younger := rollout.Ownership{Owner: "shop/other"}, rollout.Ownership{Owner: "shop/other", Releasing: true}
	upgrading := rollout.State{Operation: &rollout.Operation{
		Kind: rollout.UpgradeOperation, Run: 1, CreatedAt: time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC),
	}}
	refused := rollout.State{Operation: &rollout.Operation{
		Kind: rollout.WriteImageOperation, Run: 1, Rejection: &rollout.Problem{Kind: rollout.KindForbidden},
	}}
	for name, tc := range map[string]struct {
		isOlder bool
		change  func(*v1alpha1.VMSSRollout)
		want    rollout.Ownership
	}{
		"an older one":                      {true, func(*v1alpha1.VMSSRollout) {}, older},
		"a younger one":                     {false, func(*v1alpha1.VMSSRollout) {}, rollout.Ownership{}},
		"an older one that only plans":      {true, func(o *v1alpha1.VMSSRollout) { o.Spec.Mode = v1alpha1.ModePlan }, rollout.Ownership{}},
		"an older one of another scale set": {true, func(o *v1alpha1.VMSSRollout) { o.Spec.ScaleSet.Name = "db" }, rollout.Ownership{}},
		"an older one that is not valid":    {true, func(o *v1alpha1.VMSSRollout) { says(o, rollout.ReasonInvalid) }, rollout.Ownership{}},
		"an older one that may make sense by now": {true, func(o *v1alpha1.VMSSRollout) { says(o, rollout.ReasonInvalid); o.Generation++ },
			older},
		"an older one that is not let in": {true, func(o *v1alpha1.VMSSRollout) { says(o, rollout.ReasonAccessDenied) }, older},
		"an older one that has worked, not valid": {true, func(o *v1alpha1.VMSSRollout) {
			o.Status = statusOf(t, rollout.State{Rollback: rollout.RollbackState{LastCompletedRevision: "0123456789ab"}})
			says(o, rollout.ReasonInvalid)
		}, older},
		"an older one with something in flight, not valid": {true,
			func(o *v1alpha1.VMSSRollout) { o.Status = statusOf(t, upgrading); says(o, rollout.ReasonInvalid) }, older},
		"an older one that cannot be read": {true, func(o *v1alpha1.VMSSRollout) {
			says(o, rollout.ReasonInvalid)
			o.Status.ControllerState = "no gzip"
		}, older},
		"a younger one with something in flight": {false, func(o *v1alpha1.VMSSRollout) { o.Status = statusOf(t, upgrading) }, younger},
		"a younger one of a former controller, with something in flight": {false, func(o *v1alpha1.VMSSRollout) {
			o.Status.Run, o.Status.Operation = 1, &v1alpha1.Operation{Kind: v1alpha1.OperationUpgrade, Run: 1}
		}, younger},
		"a younger one whose write was refused": {false, func(o *v1alpha1.VMSSRollout) {
			o.Status = statusOf(t, refused)
		}, rollout.Ownership{}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, another("other", tc.isOlder, tc.change))
			object := d.object(t)
			got := d.readClaim(d.ctx, &round{object: object, set: convert.ScaleSet(object)})
			if diff := cmp.Diff(rollout.KnownResult(tc.want), got); diff != "" {
				t.Errorf("whose it is (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOlderWinsOverInFlight: where both are there, the older one is named.
func TestOlderWinsOverInFlight(t *testing.T) {
	d := newDesk(t,
		another("a-younger", false, func(o *v1alpha1.VMSSRollout) {
			o.UID = "3"
			o.Status.Operation = &v1alpha1.Operation{Kind: v1alpha1.OperationUpgrade, Run: 1}
		}),
		another("older", true, func(*v1alpha1.VMSSRollout) {}))
	object := d.object(t)
	got := d.readClaim(d.ctx, &round{object: object, set: convert.ScaleSet(object)})
	if got.Value != (rollout.Ownership{Owner: "shop/older"}) {
		t.Errorf("got %+v", got)
	}
}

// statusOf is the status that keeps the state.
func statusOf(t *testing.T, s rollout.State) v1alpha1.VMSSRolloutStatus {
	t.Helper()
	text, err := statecodec.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	return v1alpha1.VMSSRolloutStatus{ControllerState: text}
}
