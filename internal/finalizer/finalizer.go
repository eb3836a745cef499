// Package finalizer is the one finalizer of this controller: on rollouts, and on what is stored for them.
package finalizer

import (
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// Name keeps an object that has to be rolled back, or has nodes or repairs to release, before it goes. Other objects go at once.
const Name = "rollouts.vmss.dev/rollback"

// former is the name that controllers of before December 2026 gave it. It is replaced, so that no object hangs.
const former = "rollouts.vmss.dev/put-back"

// Has reports whether an object is kept by this controller, or by a former version of it.
func Has(object client.Object) bool {
	return controllerutil.ContainsFinalizer(object, Name) || controllerutil.ContainsFinalizer(object, former)
}

// Add gives an object the finalizer in place of the former one. It reports whether that changed anything. An object that is being deleted
// takes no new finalizers, and keeps the one that it has.
func Add(object client.Object) bool {
	if !object.GetDeletionTimestamp().IsZero() {
		return false
	}
	removed := controllerutil.RemoveFinalizer(object, former)
	return controllerutil.AddFinalizer(object, Name) || removed
}

// Remove takes both away. It reports whether that changed anything.
func Remove(object client.Object) bool {
	removed := controllerutil.RemoveFinalizer(object, former)
	return controllerutil.RemoveFinalizer(object, Name) || removed
}
