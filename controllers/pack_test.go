package controllers

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// pack packs the status of the desk's rollout, as far as can be, or spoils what was packed.
func (d *desk) pack(t *testing.T, spoil func([]byte)) {
	t.Helper()
	object := d.object(t)
	pack(&object.Status, 0)
	spoil(object.Status.Bookkeeping.Packed)
	if err := d.Client.Status().Update(d.ctx, object); err != nil {
		t.Fatal(err)
	}
}

// TestPackedStatusGoesOn: a rollout whose status is packed after every round does what it does without.
func TestPackedStatusGoesOn(t *testing.T) {
	ended := func(packed bool) ([]string, v1alpha1.VMSSRolloutStatus) {
		d := newDesk(t, theSecret())
		for range 40 {
			d.round(t)
			if packed {
				d.pack(t, func([]byte) {})
			}
		}
		if !meta.IsStatusConditionTrue(d.object(t).Status.Conditions, v1alpha1.ConditionReady) {
			t.Fatalf("not ready: %+v", d.object(t).Status)
		}
		full, err := unpacked(d.object(t).Status)
		if err != nil {
			t.Fatal(err)
		}
		return d.azure.calls, full
	}
	calls, status := ended(false)
	packedCalls, packedStatus := ended(true)
	if diff := cmp.Diff(calls, packedCalls); diff != "" {
		t.Errorf("calls to Azure (-legible +packed):\n%s", diff)
	}
	if diff := cmp.Diff(status, packedStatus, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("status at the end (-legible +packed):\n%s", diff)
	}
}

// TestUnreadableStatus: a status that somebody spoilt is said to be so, and neither it nor anything else is touched until it is mended.
func TestUnreadableStatus(t *testing.T) {
	d := newDesk(t, theSecret())
	d.round(t)
	whole := d.object(t)
	d.pack(t, func(packed []byte) { packed[len(packed)/2] ^= 1 })
	spoilt, calls := d.object(t), len(d.azure.calls)
	for range 2 {
		if _, err := d.Reconcile(d.ctx, ctrl.Request{NamespacedName: theKey}); err == nil ||
			!strings.Contains(err.Error(), "VMSSRollout shop/web: reading status.bookkeeping.packed") {
			t.Errorf("error %v, want one that names the object and the field", err)
		}
	}
	if len(d.azure.calls) != calls {
		t.Errorf("calls %v, want none", d.azure.calls[calls:])
	}
	now := d.object(t)
	ready := meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status != metav1.ConditionFalse || ready.Reason != "Invalid" ||
		!strings.Contains(ready.Message, "to mend it: put back the status") {
		t.Errorf("Ready is %+v", ready)
	}
	if got := len(d.events.Events); got != 2 { // the first round's, and one of this
		t.Errorf("%d events, want 2", got)
	}
	if diff := cmp.Diff(spoilt.Status, now.Status, cmpopts.IgnoreFields(v1alpha1.VMSSRolloutStatus{}, "Conditions")); diff != "" {
		t.Errorf("what was remembered changed (-before +after):\n%s", diff)
	}

	now.Status = whole.Status
	if err := d.Client.Status().Update(d.ctx, now); err != nil {
		t.Fatal(err)
	}
	d.untilReady(t)
}
