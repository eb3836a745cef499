package controllers_test

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/controllers"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

// noticed bounds how long it may take to notice that a status was wiped.
const noticed = 2 * time.Minute

// rolledBack makes a namespace with a rollout that was rolled back.
func rolledBack(t *testing.T, c client.Client) (*controllers.Bench, *v1alpha1.VMSSRollout) {
	t.Helper()
	b, object := twoReleases(t, c)
	action := &v1alpha1.RolloutAction{ObjectMeta: metav1.ObjectMeta{Namespace: object.Namespace, Name: "back"},
		Spec: v1alpha1.RolloutActionSpec{
			RolloutRef: v1alpha1.RolloutReference{Name: object.Name, UID: object.UID}, Run: object.Status.Run, Action: v1alpha1.VerbRollback,
			RequestedBy: "jane",
		}}
	if err := c.Create(t.Context(), action); err != nil {
		t.Fatal(err)
	}
	if object = rounds(t, b, client.ObjectKeyFromObject(object), 60, v1alpha1.ReasonRolledBack); is(object) != v1alpha1.ReasonRolledBack {
		t.Fatalf("%+v", object.Status.Conditions)
	}
	return b, object
}

// wipe wipes the status, as kubectl replace --subresource=status does.
func wipe(t *testing.T, c client.Client, object *v1alpha1.VMSSRollout) {
	t.Helper()
	wiped := &v1alpha1.VMSSRollout{}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(object), wiped); err != nil {
		t.Fatal(err)
	}
	wiped.Status = v1alpha1.VMSSRolloutStatus{}
	if err := c.Status().Update(t.Context(), wiped); err != nil {
		t.Fatal(err)
	}
}

// TestWipedStatusStaysRolledBack: after a rollback the status is wiped. The revision is not rolled out again, until a person asks for it.
func TestWipedStatusStaysRolledBack(t *testing.T) {
	metric.Fault(t, 17)
	c := admission(t)
	b, object := rolledBack(t, c)
	key, calls := client.ObjectKeyFromObject(object), len(b.Calls())
	wipe(t, c, object)
	if object = rounds(t, b, key, 5, "none"); is(object) != v1alpha1.ReasonRolledBack || len(b.Calls()) != calls {
		t.Fatalf("after the status was wiped it is %s, with %d calls of Azure", is(object), len(b.Calls())-calls)
	}
	if back := object.Status.Rollback; back == nil || back.Cause != v1alpha1.CauseRecorded || object.Status.Run != 1 {
		t.Errorf("run %d, going back %+v", object.Status.Run, back)
	}
	object.Spec.Target.RevisionTag = "again"
	if err := c.Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	if object = rounds(t, b, key, 60, v1alpha1.ReasonCanaryReached); is(object) != v1alpha1.ReasonCanaryReached {
		t.Fatalf("another target is not rolled out: %+v", object.Status.Conditions)
	}
	if kept := object.Annotations["rollouts.vmss.dev/rolled-back-revision"]; kept != "" {
		t.Errorf("the annotation still says %q", kept)
	}
}

// TestWipedStatusIsNoticed: at rest, a rollout is looked at hourly. Its status is wiped, and is there again within two minutes.
func TestWipedStatusIsNoticed(t *testing.T) {
	metric.Fault(t, 17)
	c := admission(t)
	b, object := rolledBack(t, c)
	ctx := runManager(t, c, b, object.Namespace)
	// Two edits are seen, each in a round of its own: what was queued at the start is done then, and the rollout is at rest.
	for _, paused := range []bool{true, false} {
		if err := c.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			t.Fatal(err)
		}
		object.Spec.Paused = paused
		if err := c.Update(ctx, object); err != nil {
			t.Fatal(err)
		}
		await(ctx, t, c, object, func(o *v1alpha1.VMSSRollout) bool { return o.Status.ObservedGeneration == object.Generation })
	}
	wipe(t, c, object)
	await(ctx, t, c, object, func(o *v1alpha1.VMSSRollout) bool { return is(o) == v1alpha1.ReasonRolledBack })
}

// runManager runs the bench's controller for one namespace until the test ends. It returns once the cache is filled. The context bounds
// how long the test may wait for what the controller does.
func runManager(t *testing.T, c client.Client, b *controllers.Bench, namespace string) context.Context {
	t.Helper()
	mgr, err := ctrl.NewManager(testEnv(t), ctrl.Options{
		Scheme: c.Scheme(), Metrics: server.Options{BindAddress: "0"},
		Cache:      cache.Options{DefaultNamespaces: map[string]cache.Config{namespace: {}}},
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.SetupWithManager(mgr, 1); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), noticed)
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if !mgr.GetCache().WaitForCacheSync(ctx) {
		t.Fatal("the cache is not filled")
	}
	return ctx
}

// await watches the object until it is as wanted.
func await(ctx context.Context, t *testing.T, c client.Client, object *v1alpha1.VMSSRollout, wanted func(*v1alpha1.VMSSRollout) bool) {
	t.Helper()
	watching, err := client.NewWithWatch(testEnv(t), client.Options{Scheme: c.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	w, err := watching.Watch(ctx, &v1alpha1.VMSSRolloutList{}, client.InNamespace(object.Namespace))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			t.Fatal("the status was not written within the time")
		case e := <-w.ResultChan():
			if o, is := e.Object.(*v1alpha1.VMSSRollout); is && wanted(o) {
				return
			}
		}
	}
}
