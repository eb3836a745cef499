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

// TestUnreadableStatus: a rollout whose state cannot be read holds and says how to go on. Neither the state nor anything else is touched
// until it can be read again.
func TestUnreadableStatus(t *testing.T) {
	for name, tc := range map[string]struct{ state, says, next string }{
		"damaged": {"H4sIAAAAAAAC/6pWKkstKs7Mz1OyMqwFAAAA//8=", "reading status.controllerState: ",
			"restore the status, or start again"},
		"newer": {`{"version":2,"state":{}}`, "the state has version 2, and this controller reads versions up to 1",
			"install the newer controller again: kubectl rollout undo"},
		"a field of a newer controller": {`{"version":1,"state":{"tide":"high"}}`, `unknown field "tide"`, "restore the status"},
		"lost":                          {"", "it has neither controllerState nor bookkeeping", "restore the status, or start again"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, theSecret())
			d.round(t)
			whole := d.object(t)
			spoilt := whole.DeepCopy()
			spoilt.Status.ControllerState = tc.state
			if err := d.Client.Status().Update(d.ctx, spoilt); err != nil {
				t.Fatal(err)
			}
			calls := len(d.azure.calls)
			for range 2 {
				_, err := d.Reconcile(d.ctx, ctrl.Request{NamespacedName: theKey})
				if err == nil || !strings.Contains(err.Error(), "VMSSRollout shop/web: reading status") {
					t.Errorf("error %v, want one that names the object and the field", err)
				}
			}
			if len(d.azure.calls) != calls {
				t.Errorf("calls %v, want none", d.azure.calls[calls:])
			}
			now := d.object(t)
			ready := meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionReady)
			if ready == nil || ready.Status != metav1.ConditionFalse || ready.Reason != "Invalid" ||
				!strings.Contains(ready.Message, tc.says) || !strings.Contains(ready.Message, tc.next) {
				t.Errorf("Ready is %+v", ready)
			}
			if got := len(d.events.Events); got != 2 { // the first round's, and one of this
				t.Errorf("%d events, want 2", got)
			}
			if diff := cmp.Diff(spoilt.Status, now.Status, cmpopts.IgnoreFields(v1alpha1.VMSSRolloutStatus{}, "Conditions")); diff != "" {
				t.Errorf("more than the conditions changed (-before +after):\n%s", diff)
			}
			now.Status = whole.Status
			if err := d.Client.Status().Update(d.ctx, now); err != nil {
				t.Fatal(err)
			}
			d.untilReady(t)
		})
	}
}
