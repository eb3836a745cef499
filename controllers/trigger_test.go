package controllers_test

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/controllers"
)

// looks tells which objects are read live.
type looks struct {
	client.Reader
	read chan types.NamespacedName
}

func (l looks) Get(ctx context.Context, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
	select {
	case l.read <- key:
	case <-ctx.Done():
	}
	return l.Reader.Get(ctx, key, object, opts...)
}

// TestTriggersWakeTheController: a rollout that is woken from outside is looked at without any change of it.
func TestTriggersWakeTheController(t *testing.T) {
	c := admission(t)
	object := create(t, c, "listens")
	b, woken := controllers.NewBench(c), types.NamespacedName{Namespace: object.GetNamespace(), Name: "woken"}
	seen := looks{Reader: c, read: make(chan types.NamespacedName)}
	b.Live, b.Triggers = seen, &controllers.TriggerSource{}
	b.Triggers.Wake(woken) // before the controller listens: dropped, and no fault
	ctx := runManager(t, c, b, object.GetNamespace())
	// Once an object that exists is read, the controller listens.
	if key := next(ctx, t, seen); key.Name != object.GetName() {
		t.Fatalf("looked at is %s", key)
	}
	for b.Triggers.Wake(woken); next(ctx, t, seen) != woken; {
		continue // the object that exists may be looked at again
	}
}

// next waits for the next live read of an object.
func next(ctx context.Context, t *testing.T, seen looks) types.NamespacedName {
	t.Helper()
	select {
	case key := <-seen.read:
		return key
	case <-ctx.Done():
		t.Fatal("the rollout that was woken is not looked at")
		return types.NamespacedName{}
	}
}
