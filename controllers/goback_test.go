package controllers

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/convert"
	"github.com/vmss-rollouts/vmss-rollouts/internal/finalizer"
	"github.com/vmss-rollouts/vmss-rollouts/internal/revisions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// toAnImage makes the desk's rollout one of an image, which can always be rolled back.
func (d *desk) toAnImage(t *testing.T, change func(*v1alpha1.VMSSRollout)) {
	t.Helper()
	d.azure.model.Image = rollout.Image{ID: "before"}
	for n := range d.azure.instances {
		d.azure.instances[n].Disk.Image = &rollout.Image{ID: "before"}
	}
	object := d.object(t)
	object.Spec.Target = v1alpha1.Target{Image: &v1alpha1.Image{ID: "after"}}
	change(object)
	if err := d.Client.Update(d.ctx, object); err != nil {
		t.Fatal(err)
	}
}

// records lists the names of what is stored.
func (d *desk) records(t *testing.T) []string {
	t.Helper()
	list := &appsv1.ControllerRevisionList{}
	if err := d.Client.List(d.ctx, list); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, revision := range list.Items {
		names = append(names, revision.Name)
	}
	return names
}

// TestSnapshotIsStoredFirst: I3, seen from Azure's side: when the first write of the model arrives, what was there before can be read back.
func TestSnapshotIsStoredFirst(t *testing.T) {
	d := newDesk(t)
	d.toAnImage(t, func(*v1alpha1.VMSSRollout) {})
	writes := 0
	d.azure.before = func(step string) {
		if step != "image" {
			return
		}
		writes++
		baseline := d.object(t).Status.Baseline
		if baseline == nil || !baseline.Available || baseline.Source != v1alpha1.BaselineSnapshot {
			t.Fatalf("the model is written, and the status says %+v", baseline)
		}
		read := d.revisions().Read(d.ctx, d.object(t), baseline.Revision)
		if read.State != rollout.Read || read.Value.Image == nil || read.Value.Image.ID != "before" {
			t.Errorf("the model is written, and the record is %+v", read)
		}
	}
	d.round(t)
	if writes != 1 {
		t.Fatalf("%d writes of the model in the first round, want 1", writes)
	}
}

// TestNothingIsWrittenUnstored: where the record cannot be stored, nothing is written, to Azure or to the status.
func TestNothingIsWrittenUnstored(t *testing.T) {
	d := newDesk(t)
	d.toAnImage(t, func(*v1alpha1.VMSSRollout) {})
	name := revisions.Name(d.object(t), snapshotName(t, d))
	other := &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	if err := d.Client.Create(d.ctx, other); err != nil {
		t.Fatal(err)
	}
	_, err := d.Reconcile(d.ctx, ctrl.Request{NamespacedName: theKey})
	if err == nil || !strings.Contains(err.Error(), "storing ControllerRevision shop/web-") {
		t.Errorf("error %v, want one that names the record", err)
	}
	if calls := strings.Join(d.azure.calls, " "); calls != "instances model" {
		t.Errorf("calls %q, want reads only", calls)
	}
	if d.object(t).Status.Operation != nil {
		t.Error("an intent was written without the record")
	}
}

// snapshotName is the name of the record that the desk's first round stores.
func snapshotName(t *testing.T, d *desk) string {
	t.Helper()
	decision := planner.Plan(convert.Spec(d.object(t), nil), rollout.Observation{
		At:        d.clock.Now(),
		Model:     rollout.KnownResult(d.azure.model),
		Instances: rollout.KnownResult(d.azure.instances),

		ImageTraits: rollout.KnownResult(rollout.ImageTraits{}),
		Cluster:     rollout.ClusterReads{Ownership: rollout.KnownResult(rollout.Ownership{})},
	})
	if len(decision.SaveRevisions) != 1 {
		t.Fatalf("%d records, want 1", len(decision.SaveRevisions))
	}
	return decision.SaveRevisions[0].Revision
}

// TestRecordsArePruned: records of revisions to which no rollback leads any more are deleted. Records of other owners stay.
func TestRecordsArePruned(t *testing.T) {
	d := newDesk(t)
	d.toAnImage(t, func(object *v1alpha1.VMSSRollout) { object.Spec.RevisionHistoryLimit = new(int32(1)) })
	stranger := &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-stranger"}}
	if err := d.Client.Create(d.ctx, stranger); err != nil {
		t.Fatal(err)
	}
	for _, image := range []string{"a", "b", "c", "d"} {
		object := d.object(t)
		object.Spec.Target.Image.ID = image
		object.Generation++
		if err := d.Client.Update(d.ctx, object); err != nil {
			t.Fatal(err)
		}
		d.round(t)
		d.untilReady(t)
	}
	if names := d.records(t); len(names) != 3 {
		t.Errorf("records %v, want the stranger's, the last target and what was before it", names)
	}
}

// ask creates an action for the desk's rollout.
func (d *desk) ask(t *testing.T, name string, spec v1alpha1.RolloutActionSpec) {
	t.Helper()
	spec.RolloutRef = v1alpha1.RolloutReference{Name: "web", UID: "2"}
	spec.RequestedBy = "jane"
	action := &v1alpha1.RolloutAction{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: name, UID: types.UID("uid-" + name), CreationTimestamp: metav1.NewTime(d.clock.Now()),
	}, Spec: spec}
	if err := d.Client.Create(d.ctx, action); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) action(t *testing.T, name string) *v1alpha1.RolloutAction {
	t.Helper()
	action := &v1alpha1.RolloutAction{}
	if err := d.Client.Get(d.ctx, client.ObjectKey{Namespace: "shop", Name: name}, action); err != nil {
		t.Fatal(err)
	}
	return action
}

// TestActionsAreAnswered: an action that makes sense takes effect and is on record; one for another run is rejected with the reason; the
// answer comes after the record.
func TestActionsAreAnswered(t *testing.T) {
	d := newDesk(t)
	d.toAnImage(t, func(*v1alpha1.VMSSRollout) {})
	d.round(t)
	d.ask(t, "late", v1alpha1.RolloutActionSpec{Run: 7, Action: v1alpha1.VerbAbort})
	d.ask(t, "stop", v1alpha1.RolloutActionSpec{Run: 1, Action: v1alpha1.VerbAbort})
	d.round(t)
	if late := d.action(t, "late").Status; late.Answer != v1alpha1.AnswerRejected || !strings.Contains(late.Message, "run 7") {
		t.Errorf("late: %+v", late)
	}
	stop := d.action(t, "stop").Status
	if stop.Answer != v1alpha1.AnswerAccepted || stop.AnswerTime == nil || stop.Verified || len(stop.Conditions) != 1 ||
		stop.Conditions[0].Status != metav1.ConditionTrue {
		t.Errorf("stop: %+v", stop)
	}
	status := d.object(t).Status
	if len(status.Actions) != 1 || status.Actions[0].UID != "uid-stop" || status.Actions[0].RequestedBy != "jane" || status.Rollback == nil {
		t.Errorf("on record: %+v, going back %+v", status.Actions, status.Rollback)
	}
}

// TestActionActsOnceAcrossACrash: the process dies after the record and before the answer; the next one answers and does not act again.
func TestActionActsOnceAcrossACrash(t *testing.T) {
	d := newDesk(t)
	d.toAnImage(t, func(*v1alpha1.VMSSRollout) {})
	d.round(t)
	d.ask(t, "stop", v1alpha1.RolloutActionSpec{Run: 1, Action: v1alpha1.VerbAbort})
	died := errors.New("died")
	recorded := false
	d.onWrite = func(int) error {
		if !recorded {
			recorded = true
			return nil
		}
		return died
	}
	if _, err := d.Reconcile(d.ctx, ctrl.Request{NamespacedName: theKey}); !errors.Is(err, died) {
		t.Fatalf("error %v, want the death before the answer", err)
	}
	since := d.object(t).Status.Rollback.StartTime
	d.onWrite = nil
	d.clock.SetTime(d.clock.Now().Add(time.Minute))
	d.round(t)
	if answer := d.action(t, "stop").Status.Answer; answer != v1alpha1.AnswerAccepted {
		t.Errorf("answer %q, want Accepted", answer)
	}
	if status := d.object(t).Status; len(status.Actions) != 1 || !status.Rollback.StartTime.Equal(since) {
		t.Errorf("it acted again: %+v, since %v", status.Actions, status.Rollback.StartTime)
	}
}

// TestFormerFinalizerGoes: an object and its records that a former controller holds are held by the finalizer of now, and go with it.
func TestFormerFinalizerGoes(t *testing.T) {
	d := newDesk(t, theSecret())
	d.untilReady(t)
	object := d.object(t)
	object.Spec.OnDelete, object.Finalizers = v1alpha1.OnDeleteRollback, []string{"rollouts.vmss.dev/put-back"}
	if err := d.Client.Update(d.ctx, object); err != nil {
		t.Fatal(err)
	}
	d.round(t)
	if got := d.object(t).Finalizers; !slices.Equal(got, []string{finalizer.Name}) {
		t.Errorf("finalizers %v, want the one of now", got)
	}
}

// TestFinalizerOnlyWhereNeeded: an object gets the finalizer only while there could be something to put back.
func TestFinalizerOnlyWhereNeeded(t *testing.T) {
	d := newDesk(t)
	d.toAnImage(t, func(*v1alpha1.VMSSRollout) {})
	d.round(t)
	if names := d.object(t).Finalizers; len(names) != 0 {
		t.Errorf("finalizers %v with onDelete Leave", names)
	}
	for _, policy := range []v1alpha1.DeletionPolicy{v1alpha1.OnDeleteRollback, v1alpha1.OnDeleteLeave} {
		object := d.object(t)
		object.Spec.OnDelete = policy
		if err := d.Client.Update(d.ctx, object); err != nil {
			t.Fatal(err)
		}
		d.round(t)
		if names := d.object(t).Finalizers; (len(names) == 1) != (policy == v1alpha1.OnDeleteRollback) {
			t.Errorf("finalizers %v with onDelete %s", names, policy)
		}
	}
}

// TestDeletionRollsBackFirst: the object stays until the model and the instances are as they were, and is gone then.
func TestDeletionRollsBackFirst(t *testing.T) {
	d := newDesk(t)
	d.toAnImage(t, func(object *v1alpha1.VMSSRollout) { object.Spec.OnDelete = v1alpha1.OnDeleteRollback })
	d.round(t)
	for range 20 { // the canary is out
		d.round(t)
		if p := d.object(t).Status.Progress; p != nil && p.Updated == 1 {
			break
		}
	}
	if err := d.Client.Delete(d.ctx, d.object(t)); err != nil {
		t.Fatal(err)
	}
	for range 40 {
		result, err := d.Reconcile(d.ctx, ctrl.Request{NamespacedName: theKey})
		if err != nil {
			t.Fatal(err)
		}
		d.clock.SetTime(d.clock.Now().Add(max(result.RequeueAfter, time.Second)))
		if err := d.Client.Get(d.ctx, theKey, &v1alpha1.VMSSRollout{}); apierrors.IsNotFound(err) {
			if d.azure.model.Image.ID != "before" {
				t.Errorf("gone, and the model has %+v", d.azure.model.Image)
			}
			return
		}
	}
	t.Fatalf("still there: %+v", d.object(t).Status.Conditions)
}

// TestRecordsOutliveTheirDeletion: a deletion in the foreground deletes the records first. The rollback still finds them, and releases
// them.
func TestRecordsOutliveTheirDeletion(t *testing.T) {
	d := newDesk(t)
	d.toAnImage(t, func(object *v1alpha1.VMSSRollout) { object.Spec.OnDelete = v1alpha1.OnDeleteRollback })
	d.round(t)
	names := d.records(t)
	if len(names) != 1 {
		t.Fatalf("records %v, want 1", names)
	}
	key := client.ObjectKey{Namespace: "shop", Name: names[0]}
	revision := &appsv1.ControllerRevision{}
	if err := errors.Join(d.Client.Get(d.ctx, key, revision), d.Client.Delete(d.ctx, revision)); err != nil {
		t.Fatal(err)
	}
	if read := d.revisions().Read(d.ctx, d.object(t), names[0]); read.State != rollout.Read {
		t.Errorf("the record is gone: %+v", read.Problem)
	}
	if err := d.release(d.ctx, d.object(t)); err != nil {
		t.Fatal(err)
	}
	if names := d.records(t); len(names) != 0 {
		t.Errorf("records %v are held for nothing", names)
	}
}

// TestOrphansAndOldAnswers: an action without a rollout is rejected, one that was answered long ago is deleted, and one that waits for its
// rollout is left alone.
func TestOrphansAndOldAnswers(t *testing.T) {
	d := newDesk(t)
	r := &RolloutActionReconciler{Client: d.Client, Live: d.Client, Clock: d.clock, TTL: time.Hour}
	d.ask(t, "waits", v1alpha1.RolloutActionSpec{Run: 1, Action: v1alpha1.VerbAbort})
	orphan := &v1alpha1.RolloutAction{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orphan", UID: "9"},
		Spec: v1alpha1.RolloutActionSpec{RolloutRef: v1alpha1.RolloutReference{Name: "absent", UID: "1"}, Run: 1, Action: v1alpha1.VerbAbort}}
	former := orphan.DeepCopy()
	former.Name, former.Spec.RolloutRef = "former", v1alpha1.RolloutReference{Name: "web", UID: "1"}
	for _, object := range []client.Object{orphan, former} {
		if err := d.Client.Create(d.ctx, object); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"waits", "orphan", "former"} {
		if _, err := r.Reconcile(d.ctx, ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "shop", Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	if answer := d.action(t, "waits").Status.Answer; answer != "" {
		t.Errorf("answered %q in the rollout's place", answer)
	}
	for name, says := range map[string]string{"orphan": "no VMSSRollout shop/absent", "former": "has the UID 2"} {
		if status := d.action(t, name).Status; status.Answer != v1alpha1.AnswerRejected || !strings.Contains(status.Message, says) {
			t.Errorf("%s: %+v", name, status)
		}
	}
	request := ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "shop", Name: "orphan"}}
	if result, err := r.Reconcile(d.ctx, request); err != nil || result.RequeueAfter != time.Hour {
		t.Errorf("%v, %v: want it back in an hour", result, err)
	}
	d.clock.SetTime(d.clock.Now().Add(time.Hour))
	if _, err := r.Reconcile(d.ctx, request); err != nil {
		t.Fatal(err)
	}
	if err := d.Client.Get(d.ctx, request.NamespacedName, &v1alpha1.RolloutAction{}); !apierrors.IsNotFound(err) {
		t.Errorf("still there: %v", err)
	}
}

// TestConflictOnTheFinalizer: another writer edited the object meanwhile, so the controller does nothing on what it read before.
func TestConflictOnTheFinalizer(t *testing.T) {
	d := newDesk(t)
	d.toAnImage(t, func(object *v1alpha1.VMSSRollout) { object.Spec.OnDelete = v1alpha1.OnDeleteRollback })
	stale := d.object(t)
	stale.ResourceVersion = "1"
	err := d.keepFinalizer(d.ctx, stale, rollout.State{})
	if !apierrors.IsConflict(err) && !errors.Is(err, apierrors.NewConflict(schema.GroupResource{}, "", nil)) {
		t.Errorf("error %v, want a conflict", err)
	}
}
