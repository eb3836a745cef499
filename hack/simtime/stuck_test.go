package simtime

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

// latest asks the simulator which instances are at the latest model, by id.
func latest(t *testing.T, w *World) map[string]bool {
	t.Helper()
	raw, err := w.Control("GET", "/instances?scaleSet="+theSet, nil)
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		ID     string
		Latest bool
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	are := map[string]bool{}
	for _, m := range list {
		are[m.ID] = m.Latest
	}
	return are
}

// readyFor returns whether the condition Ready has the reason.
func readyFor(reason string) func(*v1alpha1.VMSSRollout) bool {
	return func(o *v1alpha1.VMSSRollout) bool {
		c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
		return c != nil && c.Reason == reason
	}
}

// rollBack asks for a rollback of the rollout's run.
func rollBack(t *testing.T, w *World, object *v1alpha1.VMSSRollout) {
	t.Helper()
	action := &v1alpha1.RolloutAction{ObjectMeta: metav1.ObjectMeta{Namespace: object.Namespace, Name: "back", UID: "back"},
		Spec: v1alpha1.RolloutActionSpec{
			RolloutRef: v1alpha1.RolloutReference{Name: object.Name, UID: object.UID}, Run: object.Status.Run, Action: v1alpha1.VerbRollback,
			RequestedBy: "ann",
		}}
	if err := w.Kubernetes.Create(t.Context(), action); err != nil {
		t.Fatal(err)
	}
}

// TestStuckOperationAndRollback: of four instances one has the release, and the upgrade of the next never ends. A rollback restores the
// model and takes the first back within a quarter of an hour, beside what is stuck. It names the stuck instance and the operation's id
// while it goes on, and is stalled after the deadline.
func TestStuckOperationAndRollback(t *testing.T) {
	metric.Fault(t, 14)
	w, key := declare(t, 4, func(s *v1alpha1.VMSSRolloutSpec) {
		s.Strategy.Canary.Percent = 25
		// the stuck one is unavailable, and a healthy one goes back only within the budget (I1)
		s.Strategy.Batch.MaxUnavailable = new(intstr.FromInt32(2))
	})
	before := held(t, w)
	run := func(limit time.Duration, done func(*v1alpha1.VMSSRollout) bool) *v1alpha1.VMSSRollout {
		t.Helper()
		object, err := w.Run(t.Context(), key, limit, done)
		if err != nil {
			t.Fatal(err)
		}
		if !done(object) {
			t.Fatalf("not within %s: %+v, %+v, %v", limit, object.Status.Conditions, object.Status.Rollback, latest(t, w))
		}
		return object
	}
	object := run(time.Hour, readyFor(v1alpha1.ReasonCanaryReached))
	if _, err := w.Control("PUT", "/faults",
		[]map[string]string{{"operation": "UpdateInstances", "kind": "operationStuck", "scaleSet": theSet}}); err != nil {
		t.Fatal(err)
	}
	object.Spec.Strategy.Canary.Percent = 50
	object.Generation++
	if err := w.Kubernetes.Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	stuck := run(time.Hour, func(o *v1alpha1.VMSSRollout) bool {
		return o.Status.Operation != nil && o.Status.Operation.Kind == v1alpha1.OperationUpgrade && o.Status.Operation.AcceptedTime != nil
	})
	if _, err := w.Control("PUT", "/faults", []map[string]string{}); err != nil {
		t.Fatal(err)
	}
	if len(differences("", before, held(t, w))) == 0 {
		t.Error("the release changed nothing, so nothing is to be put back")
	}
	rollBack(t, w, stuck)
	back := run(15*time.Minute, func(o *v1alpha1.VMSSRollout) bool {
		return o.Status.Rollback != nil && o.Status.Rollback.ModelRestoredTime != nil && latest(t, w)["0"]
	})
	if left := differences("", before, held(t, w)); len(left) > 0 {
		t.Errorf("the restored model is not that of before: %v", left)
	}
	named := func(o *v1alpha1.VMSSRollout) string {
		return meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady).Message
	}
	run(15*time.Minute, func(o *v1alpha1.VMSSRollout) bool {
		return readyFor(v1alpha1.ReasonRollingBack)(o) && strings.Contains(named(o), "instance 1") && strings.Contains(named(o), "(operation ")
	})
	id := stuck.Status.Operation.ID
	stalled := run(4*time.Hour, func(o *v1alpha1.VMSSRollout) bool {
		return meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled)
	})
	if id == "" || !strings.Contains(named(stalled), id) || !strings.Contains(named(stalled), "started at") {
		t.Errorf("the operation %q is not named: %s; before: %s", id, named(stalled), named(back))
	}
	if are := latest(t, w); !are["0"] || are["1"] {
		t.Errorf("at the restored model are %v, want 0 and not 1, which is stuck", are)
	}
}
