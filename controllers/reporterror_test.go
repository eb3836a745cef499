package controllers

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// between puts what a test wants between the desk's reconciler and its API server.
func (d *desk) between(t *testing.T, funcs interceptor.Funcs) {
	t.Helper()
	kube, is := d.Client.(client.WithWatch)
	if !is {
		t.Fatal("the desk's client cannot be intercepted")
	}
	through := interceptor.NewClient(kube, funcs)
	d.Client, d.Live = through, through
}

// refusal is an answer of an API server that has no rule for it.
func refusal(what string) error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: what}, "", errors.New("no rule allows it"))
}

// TestEveryErrorIsSaid: whatever the controller itself trips over is in STATUS and in one event, not only in the log; when it passes, the
// rollout goes on.
func TestEveryErrorIsSaid(t *testing.T) {
	metric.Fault(t, 21)
	for name, tc := range map[string]struct {
		change func(*v1alpha1.VMSSRollout)
		broken func(*interceptor.Funcs)
		says   string
	}{
		"load: the actions cannot be listed": {broken: func(f *interceptor.Funcs) {
			f.List = func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				if _, is := list.(*v1alpha1.RolloutActionList); is {
					return refusal("rolloutactions")
				}
				return c.List(ctx, list, opts...)
			}
		}, says: "listing RolloutActions in shop"},
		"load: the finalizer cannot be written": {change: func(o *v1alpha1.VMSSRollout) { o.Spec.OnDelete = v1alpha1.OnDeleteRollback },
			broken: func(f *interceptor.Funcs) {
				f.Patch = func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
					return refusal("vmssrollouts")
				}
			}, says: "writing the finalizers of VMSSRollout shop/web"},
		"persist: the record cannot be stored": {broken: func(f *interceptor.Funcs) {
			f.Create = func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
				if _, is := o.(*appsv1.ControllerRevision); is {
					return refusal("controllerrevisions")
				}
				return c.Create(ctx, o, opts...)
			}
		}, says: "storing ControllerRevision shop/web-"},
		"persist: the intent is refused": {broken: func(f *interceptor.Funcs) {
			f.SubResourceUpdate = func(ctx context.Context, c client.Client, sub string, o client.Object,
				opts ...client.SubResourceUpdateOption) error {
				if object, is := o.(*v1alpha1.VMSSRollout); is && object.Status.Operation != nil {
					return apierrors.NewInvalid(schema.GroupKind{Kind: "VMSSRollout"}, "web", nil)
				}
				return c.SubResource(sub).Update(ctx, o, opts...)
			}
		}, says: "writing status of VMSSRollout shop/web"},
		"report: old records cannot be listed": {broken: func(f *interceptor.Funcs) {
			f.List = func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				if _, is := list.(*appsv1.ControllerRevisionList); is {
					return refusal("controllerrevisions")
				}
				return c.List(ctx, list, opts...)
			}
		}, says: "listing ControllerRevisions of VMSSRollout shop/web"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.toAnImage(t, func(o *v1alpha1.VMSSRollout) {
				if tc.change != nil {
					tc.change(o)
				}
			})
			whole := d.Client
			var funcs interceptor.Funcs
			tc.broken(&funcs)
			d.between(t, funcs)
			_, err := d.Reconcile(d.ctx, ctrl.Request{NamespacedName: theKey})
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("error %v, want one that says %q, and the back-off that comes of it", err, tc.says)
			}
			d.reportsError(t, tc.says)
			warnings := 0
			for len(d.events.Events) > 0 {
				if event := <-d.events.Events; strings.HasPrefix(event, "Warning ControllerError ") && strings.Contains(event, tc.says) {
					warnings++
				}
			}
			if warnings != 1 {
				t.Errorf("%d warnings, want 1", warnings)
			}
			d.Client, d.Live = whole, whole
			d.untilReady(t)
		})
	}
}

// reportsError holds the desk's rollout to conditions that tell of an error.
func (d *desk) reportsError(t *testing.T, says string) {
	t.Helper()
	status := d.object(t).Status
	ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status != metav1.ConditionFalse || ready.Reason != "ControllerError" || !strings.Contains(ready.Message, says) ||
		!strings.Contains(ready.Message, "kubectl logs") {
		t.Errorf("Ready is %+v, want the error %q and the next command", ready, says)
	}
	if status.ObservedGeneration != 1 {
		t.Errorf("generation %d observed, want 1", status.ObservedGeneration)
	}
}

// TestTheSameErrorIsSaidOnce: an error that stays is one write and one event, and leaves what is remembered alone.
func TestTheSameErrorIsSaidOnce(t *testing.T) {
	metric.Fault(t, 21)
	d := newDesk(t, theSecret())
	d.round(t)
	for len(d.events.Events) > 0 {
		<-d.events.Events
	}
	before := d.object(t).Status
	d.between(t, interceptor.Funcs{List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
		return refusal("rolloutactions")
	}})
	writes := d.writes
	for range 5 {
		if _, err := d.Reconcile(d.ctx, ctrl.Request{NamespacedName: theKey}); err == nil {
			t.Fatal("no error")
		}
		d.clock.SetTime(d.clock.Now().Add(time.Minute))
	}
	if d.writes != writes+1 || len(d.events.Events) != 1 {
		t.Errorf("%d writes and %d events, want one of each", d.writes-writes, len(d.events.Events))
	}
	after := d.object(t).Status
	d.reportsError(t, "listing RolloutActions")
	before.Conditions, after.Conditions = nil, nil
	if !isSame(before, after) {
		t.Errorf("what was remembered changed from %+v to %+v", before, after)
	}
}

// TestConflictsAndStopsAreNotReported: a conflict with another write, or a stop of the manager, makes no status write and no event.
func TestConflictsAndStopsAreNotReported(t *testing.T) {
	d := newDesk(t, theSecret())
	stopped, stop := context.WithCancel(d.ctx)
	stop()
	d.reportError(stopped, theKey, errors.New("context canceled"))
	d.reportError(d.ctx, theKey, apierrors.NewConflict(schema.GroupResource{}, "web", errors.New("edited")))
	if d.writes != 0 || len(d.events.Events) != 0 {
		t.Errorf("%d writes and %d events, want none", d.writes, len(d.events.Events))
	}
}

// TestAPanicIsSaid: the round still panics, for the log, and STATUS tells so, without what it panicked with.
func TestAPanicIsSaid(t *testing.T) {
	metric.Fault(t, 21)
	d := newDesk(t, theSecret())
	d.azure.before = func(string) { panic(secretValue) }
	func() {
		defer func() {
			if p := recover(); p != secretValue {
				t.Errorf("recovered %v, want the panic itself", p)
			}
		}()
		_, _ = d.Reconcile(d.ctx, ctrl.Request{NamespacedName: theKey})
	}()
	d.reportsError(t, "panicked")
	if strings.Contains(d.exits(t), secretValue) {
		t.Error("what it panicked with got out")
	}
}

// recreate deletes the desk's rollout and creates it again, as `kubectl delete --cascade=orphan` and `kubectl apply` do: what it stored
// stays.
func (d *desk) recreate(t *testing.T) {
	t.Helper()
	object := d.object(t)
	if err := d.Client.Delete(d.ctx, object); err != nil {
		t.Fatal(err)
	}
	object = &v1alpha1.VMSSRollout{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "3", Generation: 1}, Spec: object.Spec}
	if err := d.Client.Create(d.ctx, object); err != nil {
		t.Fatal(err)
	}
}

// TestRecordsOfAFormerObjectAreNotInTheWay: what an orphaned, or not yet collected, record of the same name holds is the former object's.
func TestRecordsOfAFormerObjectAreNotInTheWay(t *testing.T) {
	metric.Fault(t, 21)
	d := newDesk(t)
	d.toAnImage(t, func(*v1alpha1.VMSSRollout) {})
	d.round(t)
	d.azure.model.Image = rollout.Image{ID: "before"} // another client restored it
	former := d.records(t)
	d.recreate(t)
	d.untilReady(t)
	if now := d.records(t); len(now) < 2 || now[0] == now[1] || len(former) != 1 {
		t.Errorf("records %v after %v, want one of its own", now, former)
	}
}

// TestLongNamesThatBeginAlike: names up to the longest one allowed work, and those that differ at their end only do not share records.
func TestLongNamesThatBeginAlike(t *testing.T) {
	metric.Fault(t, 21)
	long := strings.Repeat("n", 252)
	first, second := theRollout(), theRollout()
	first.Name, first.UID = long+"1", "11"
	second.Name, second.UID, second.Spec.ScaleSet.Name = long+"2", "12", "other"
	d := newDesk(t, first, second)
	d.toAnImage(t, func(*v1alpha1.VMSSRollout) {})
	for _, object := range []*v1alpha1.VMSSRollout{first, second} {
		key := client.ObjectKeyFromObject(object)
		fresh := &v1alpha1.VMSSRollout{}
		if err := d.Client.Get(d.ctx, key, fresh); err != nil {
			t.Fatal(err)
		}
		fresh.Spec.Target = v1alpha1.Target{Image: &v1alpha1.Image{ID: "after"}}
		fresh.Spec.ScaleSet.Name += object.Name[252:]
		if err := d.Client.Update(d.ctx, fresh); err != nil {
			t.Fatal(err)
		}
		d.azure.model.Image = rollout.Image{ID: "before"}
		if _, err := d.Reconcile(d.ctx, ctrl.Request{NamespacedName: key}); err != nil {
			t.Errorf("%s: %v", key.Name[250:], err)
		}
	}
	names := d.records(t)
	if len(names) != 2 || len(names[0]) > 253 || len(names[1]) > 253 {
		t.Errorf("records %v, want one of each, of at most 253 characters", names)
	}
}
