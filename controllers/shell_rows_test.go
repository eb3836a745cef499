package controllers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/finalizer"
	"github.com/vmss-rollouts/vmss-rollouts/internal/revisions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// errDown is the answer of an API server that is down.
var errDown = errors.New("the API server is down")

// TestRevisionsAreSavedOnce: a round that writes twice stores once, and counts as stored only what is.
func TestRevisionsAreSavedOnce(t *testing.T) {
	d := newDesk(t)
	created, isDown := 0, true
	d.between(t, interceptor.Funcs{Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
		if isDown {
			return errDown
		}
		created++
		return c.Create(ctx, o, opts...)
	}})
	at, saved := &round{object: d.object(t)}, []rollout.StoredRevision{{Revision: "0123456789ab"}}
	if err := d.saveRevisions(d.ctx, at, saved); !errors.Is(err, errDown) || len(at.stored) > 0 {
		t.Errorf("stored %v: %v", at.stored, err)
	}
	isDown = false
	for range 2 {
		if err := d.saveRevisions(d.ctx, at, saved); err != nil {
			t.Fatal(err)
		}
	}
	if created != 1 || !slices.Equal(at.stored, []string{"0123456789ab"}) {
		t.Errorf("%d created, stored %v", created, at.stored)
	}
}

// TestFinalizersComeAndGo: an object that has something to put back is held, with its records, and is released when it has nothing.
func TestFinalizersComeAndGo(t *testing.T) {
	for name, tc := range map[string]struct {
		spec  func(*v1alpha1.VMSSRolloutSpec)
		state rollout.State
		held  bool
	}{
		"nothing to put back":    {func(*v1alpha1.VMSSRolloutSpec) {}, rollout.State{}, false},
		"a rollback on deletion": {func(s *v1alpha1.VMSSRolloutSpec) { s.OnDelete = v1alpha1.OnDeleteRollback }, rollout.State{}, true},
		"repairs to be suspended": {func(s *v1alpha1.VMSSRolloutSpec) {
			s.Strategy.AutomaticRepairs = v1alpha1.RepairsSuspend
		}, rollout.State{}, true},
		"nodes to be drained":      {func(s *v1alpha1.VMSSRolloutSpec) { s.Drain = &v1alpha1.Drain{} }, rollout.State{}, true},
		"repairs that are stopped": {func(*v1alpha1.VMSSRolloutSpec) {}, rollout.State{RepairsSuspended: true}, true},
		"nodes that are cordoned":  {func(*v1alpha1.VMSSRolloutSpec) {}, rollout.State{Ledger: rollout.Ledger{Cordoned: []string{"0"}}}, true},
	} {
		for _, was := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				d := newDesk(t)
				object := d.object(t)
				if was {
					object.Finalizers = []string{"others.example/hold", finalizer.Name}
				}
				if err := d.revisions().Save(d.ctx, object, rollout.StoredRevision{Revision: "0123456789ab"}); err != nil {
					t.Fatal(err)
				}
				tc.spec(&object.Spec)
				if err := d.Client.Update(d.ctx, object); err != nil {
					t.Fatal(err)
				}
				if err := d.keepFinalizer(d.ctx, object, tc.state); err != nil {
					t.Fatal(err)
				}
				now, kept := d.object(t), &appsv1.ControllerRevision{}
				if err := d.Client.Get(d.ctx, client.ObjectKey{Namespace: "shop", Name: revisions.Name(now, "0123456789ab")}, kept); err != nil {
					t.Fatal(err)
				}
				isHeld, isKept := controllerutil.ContainsFinalizer(now, finalizer.Name), controllerutil.ContainsFinalizer(kept, finalizer.Name)
				if isHeld != tc.held || isKept != tc.held {
					t.Errorf("held %v, its record %v, want %t", now.Finalizers, kept.Finalizers, tc.held)
				}
				if was && !slices.Contains(now.Finalizers, "others.example/hold") {
					t.Errorf("another one's finalizer is gone: %v", now.Finalizers)
				}
			})
		}
	}
}

// TestFinalizersOfADeletedObject: the declaration of an object that is being deleted neither holds it again nor releases it.
func TestFinalizersOfADeletedObject(t *testing.T) {
	d := newDesk(t)
	object := d.object(t)
	object.Finalizers = []string{finalizer.Name}
	if err := d.Client.Update(d.ctx, object); err != nil {
		t.Fatal(err)
	}
	if err := d.Client.Delete(d.ctx, object); err != nil {
		t.Fatal(err)
	}
	going := d.object(t)
	if err := d.keepFinalizer(d.ctx, going, rollout.State{}); err != nil {
		t.Fatal(err)
	}
	if now := d.object(t); !controllerutil.ContainsFinalizer(now, finalizer.Name) {
		t.Errorf("finalizers are %v", now.Finalizers)
	}
}

// TestFinalizersInConflict: a patch that is refused ends the round with an error; of an object that is gone nothing is owed.
func TestFinalizersInConflict(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "vmssrollouts"}, "web", errDown)
	for name, tc := range map[string]struct {
		answer error
		fails  bool
	}{
		"conflict": {conflict, true}, "down": {errDown, true}, "gone": {apierrors.NewNotFound(schema.GroupResource{}, "web"), false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			object := d.object(t)
			object.Spec.OnDelete = v1alpha1.OnDeleteRollback
			d.between(t, interceptor.Funcs{Patch: func(_ context.Context, _ client.WithWatch, _ client.Object, _ client.Patch,
				_ ...client.PatchOption) error {
				return tc.answer
			}})
			if err := d.keepFinalizer(d.ctx, object, rollout.State{}); (err != nil) != tc.fails {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestActionsOfThisObject: only actions that name this object, and that have no answer, are decided on, the oldest first.
func TestActionsOfThisObject(t *testing.T) {
	d := newDesk(t)
	made := d.clock.Now()
	for n, tc := range []struct {
		name   string
		change func(*v1alpha1.RolloutAction)
	}{
		{"third", func(a *v1alpha1.RolloutAction) { a.CreationTimestamp = metav1.NewTime(made.Add(time.Hour)) }},
		{"second", func(*v1alpha1.RolloutAction) {}},
		{"first", func(*v1alpha1.RolloutAction) {}},
		{"another-name", func(a *v1alpha1.RolloutAction) { a.Spec.RolloutRef.Name = "db" }},
		{"another-uid", func(a *v1alpha1.RolloutAction) { a.Spec.RolloutRef.UID = "1" }},
		{"answered", func(a *v1alpha1.RolloutAction) { a.Status.Answer = v1alpha1.AnswerAccepted }},
		{"going", func(a *v1alpha1.RolloutAction) { a.Finalizers = []string{"others.example/hold"} }},
	} {
		a := &v1alpha1.RolloutAction{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: tc.name, UID: types.UID("u" + tc.name),
			CreationTimestamp: metav1.NewTime(made)}, Spec: v1alpha1.RolloutActionSpec{
			RolloutRef: v1alpha1.RolloutReference{Name: "web", UID: "2"}, Run: int64(n), Action: v1alpha1.VerbAbort}}
		tc.change(a)
		status := a.Status
		if err := d.Client.Create(d.ctx, a); err != nil {
			t.Fatal(err)
		}
		if a.Status = status; status.Answer != "" {
			if err := d.Client.Status().Update(d.ctx, a); err != nil {
				t.Fatal(err)
			}
		}
		if tc.name == "going" {
			if err := d.Client.Delete(d.ctx, a); err != nil {
				t.Fatal(err)
			}
		}
	}
	at := &round{object: d.object(t)}
	if err := d.readActions(d.ctx, at); err != nil {
		t.Fatal(err)
	}
	var names []string
	for n, a := range at.actions {
		names = append(names, a.Name)
		if at.observation.Actions[n].UID != string(a.UID) {
			t.Errorf("%s is decided on as %+v", a.Name, at.observation.Actions[n])
		}
	}
	if got := strings.Join(names, " "); got != "first second third" {
		t.Errorf("decided on are %s", got)
	}
}

// TestCachedActions: what the cache shows is read live before it is decided on.
func TestCachedActions(t *testing.T) {
	d := newDesk(t)
	d.ask(t, "stop", v1alpha1.RolloutActionSpec{Run: 1, Action: v1alpha1.VerbAbort})
	live := d.action(t, "stop")
	for name, tc := range map[string]struct {
		change func(*v1alpha1.RolloutAction)
		found  bool
	}{
		"the same": {func(*v1alpha1.RolloutAction) {}, true},
		"another":  {func(a *v1alpha1.RolloutAction) { a.UID = "other" }, false},
		"gone":     {func(a *v1alpha1.RolloutAction) { a.Name = "gone" }, false},
	} {
		cached := live.DeepCopy()
		tc.change(cached)
		action, err := d.unansweredNow(d.ctx, cached)
		if err != nil || (action != nil) != tc.found {
			t.Errorf("%s: %v, %v", name, action, err)
		}
	}
}

// TestWhenActionsAreLookedAtAgain: an answered action goes when its time is over, one that waits is looked at again, and an API server that
// does not answer is asked again.
func TestWhenActionsAreLookedAtAgain(t *testing.T) {
	d := newDesk(t)
	r := &RolloutActionReconciler{Client: d.Client, Live: d.Client, Clock: d.clock, TTL: time.Hour}
	d.ask(t, "waits", v1alpha1.RolloutActionSpec{Run: 1, Action: v1alpha1.VerbAbort})
	request := ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "shop", Name: "waits"}}
	again := func(want time.Duration) {
		t.Helper()
		if result, err := r.Reconcile(d.ctx, request); err != nil || result.RequeueAfter != want {
			t.Errorf("again after %s, want %s: %v", result.RequeueAfter, want, err)
		}
	}
	again(recheckOrphan)
	if err := d.Client.Delete(d.ctx, d.object(t)); err != nil {
		t.Fatal(err)
	}
	again(time.Hour)
	status := d.action(t, "waits").Status
	if c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionAccepted); status.Answer != v1alpha1.AnswerRejected || c == nil ||
		c.Status != metav1.ConditionFalse || status.Verified || !status.AnswerTime.Time.Equal(d.clock.Now().Truncate(time.Second)) {
		t.Errorf("answered %+v", status)
	}
	d.clock.SetTime(d.clock.Now().Add(59 * time.Minute))
	again(time.Minute)
	d.clock.SetTime(d.clock.Now().Add(time.Minute))
	again(0)
	again(0) // it is gone
	d.between(t, interceptor.Funcs{Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
		return errDown
	}})
	r.Live = d.Live
	if _, err := r.Reconcile(d.ctx, request); !errors.Is(err, errDown) {
		t.Errorf("error %v", err)
	}
}

// TestRoundsInConflict: after another client wrote the status, the controller reads it again a second later, and has begun nothing. An
// object that is gone is not looked at again.
func TestRoundsInConflict(t *testing.T) {
	gone := apierrors.NewNotFound(schema.GroupResource{Resource: "vmssrollouts"}, "web")
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "vmssrollouts"}, "web", errDown)
	for name, tc := range map[string]struct {
		paused bool // so that the round only reports
		answer error
		again  time.Duration
		fails  bool
	}{
		"an intent in conflict":      {false, conflict, time.Second, false},
		"an intent, and it is gone":  {false, gone, time.Second, false},
		"an intent, and it is down":  {false, errDown, time.Second, true},
		"a report, and it is gone":   {true, gone, 0, false},
		"a report, and it is down":   {true, errDown, 0, true},
		"a report in conflict twice": {true, conflict, time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, theSecret())
			object := d.object(t)
			if object.Spec.Paused = tc.paused; tc.paused {
				if err := d.Client.Update(d.ctx, object); err != nil {
					t.Fatal(err)
				}
			}
			d.onWrite = func(int) error { return tc.answer }
			result, err := d.run(d.ctx, theKey)
			if (err != nil) != tc.fails || result.RequeueAfter != tc.again {
				t.Errorf("again after %s, want %s: %v", result.RequeueAfter, tc.again, err)
			}
			if got := d.effectsOf(); got != "" {
				t.Errorf("effects %q", got)
			}
		})
	}
}

// TestWhoIsWoken: an action wakes its rollout until it is answered; a status that was lost wakes it, and one that grew does not.
func TestWhoIsWoken(t *testing.T) {
	action := &v1alpha1.RolloutAction{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "stop"},
		Spec: v1alpha1.RolloutActionSpec{RolloutRef: v1alpha1.RolloutReference{Name: "web"}}}
	if got := rolloutOf(t.Context(), action); len(got) != 1 || got[0].NamespacedName != theKey {
		t.Errorf("woken are %v", got)
	}
	if got := rolloutOf(t.Context(), theRollout()); len(got) != 0 {
		t.Errorf("woken are %v by what is no action", got)
	}
	answered := action.DeepCopy()
	answered.Status.Answer = v1alpha1.AnswerRejected
	for object, want := range map[client.Object]bool{action: true, answered: false, theRollout(): false} {
		if got := unanswered().Generic(event.GenericEvent{Object: object}); got != want {
			t.Errorf("%T %s is let through: %t", object, object.GetName(), got)
		}
	}
	before := v1alpha1.VMSSRolloutStatus{ControllerState: "state", Run: 2, ObservedGeneration: 2,
		Conditions: []metav1.Condition{{Type: "Ready"}}}
	for name, tc := range map[string]struct {
		change func(*v1alpha1.VMSSRolloutStatus)
		want   bool
	}{
		"the same":      {func(*v1alpha1.VMSSRolloutStatus) {}, false},
		"more":          {func(s *v1alpha1.VMSSRolloutStatus) { s.Run, s.ObservedGeneration, s.ControllerState = 3, 3, "other" }, false},
		"no state":      {func(s *v1alpha1.VMSSRolloutStatus) { s.ControllerState = "" }, true},
		"a former run":  {func(s *v1alpha1.VMSSRolloutStatus) { s.Run = 1 }, true},
		"a former spec": {func(s *v1alpha1.VMSSRolloutStatus) { s.ObservedGeneration = 1 }, true},
		"no conditions": {func(s *v1alpha1.VMSSRolloutStatus) { s.Conditions = nil }, true},
	} {
		was, is := theRollout(), theRollout()
		was.Status, is.Status = before, before
		tc.change(&is.Status)
		if got := statusLost().Update(event.UpdateEvent{ObjectOld: was, ObjectNew: is}); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if bare := (v1alpha1.VMSSRolloutStatus{}); hasLost(bare, bare) {
		t.Error("a status that never had a condition has lost some")
	}
	if l := statusLost(); l.Create(event.CreateEvent{Object: theRollout()}) || l.Delete(event.DeleteEvent{Object: theRollout()}) ||
		l.Generic(event.GenericEvent{Object: theRollout()}) {
		t.Error("creation, deletion or another event counts as a lost status")
	}
}

// TestRolledBackIsKeptOnce: the annotation names the revision that was rolled back, is written once, and goes with the next run.
func TestRolledBackIsKeptOnce(t *testing.T) {
	for text, want := range map[string]rollout.RolledBackRevision{
		"": {}, "Rollback 0a2a": {Kind: rollout.FullRollback, Revision: "0a2a"}, "Abort 0a2a": {Kind: rollout.AbortRollback, Revision: "0a2a"},
		"Other 0a2a": {}, "Rollback": {Kind: rollout.FullRollback},
	} {
		object := theRollout()
		object.Annotations = map[string]string{rolledBackAnnotation: text}
		if got := rolledBackOf(object); got != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
	d, patches := newDesk(t), 0
	d.between(t, interceptor.Funcs{Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch,
		opts ...client.PatchOption) error {
		patches++
		return c.Patch(ctx, o, p, opts...)
	}})
	for n, back := range []rollout.RolledBackRevision{{}, {Kind: rollout.AbortRollback, Revision: "0a2a"},
		{Kind: rollout.AbortRollback, Revision: "0a2a"}, {}, {}} {
		if err := d.keepRolledBack(d.ctx, &round{object: d.object(t)}, back); err != nil {
			t.Fatal(err)
		}
		if want := []int{0, 1, 1, 2, 2}[n]; patches != want || rolledBackOf(d.object(t)) != back {
			t.Errorf("step %d: %d patches, want %d; kept is %q", n, patches, want, d.object(t).Annotations[rolledBackAnnotation])
		}
	}
}

// TestOlderOfTwo: creation decides, and between equals the name.
func TestOlderOfTwo(t *testing.T) {
	first, second := theRollout(), theRollout()
	second.Name = "web-2"
	if !older(first, second) || older(second, first) || older(first, first) {
		t.Error("between equals the name decides")
	}
	second.Name, second.CreationTimestamp = "a", metav1.NewTime(first.CreationTimestamp.Add(time.Second))
	if !older(first, second) || older(second, first) {
		t.Error("the one that was created first is older")
	}
}
