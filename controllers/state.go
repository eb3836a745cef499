package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/convert"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// stateOf returns the state that the object's status holds. A convert.UnreadableError says that it cannot be read; any other error is of
// the API server.
func (r *VMSSRolloutReconciler) stateOf(ctx context.Context, object *v1alpha1.VMSSRollout) (rollout.State, error) {
	if !convert.IsFormer(object.Status) {
		return convert.State(object.Status)
	}
	raw, err := r.rawStatus(ctx, client.ObjectKeyFromObject(object))
	if err != nil {
		return rollout.State{}, err
	}
	return convert.FormerState(raw)
}

// rawStatus reads the status with the fields that the API has no more.
func (r *VMSSRolloutReconciler) rawStatus(ctx context.Context, name client.ObjectKey) ([]byte, error) {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("VMSSRollout"))
	if err := r.Live.Get(ctx, name, object); err != nil {
		return nil, fmt.Errorf("reading VMSSRollout %s: %w", name, err)
	}
	raw, err := json.Marshal(object.Object["status"])
	if err != nil {
		return nil, fmt.Errorf("reading the status of VMSSRollout %s: %w", name, err)
	}
	return raw, nil
}

// isUnreadable reports whether the error says that the state cannot be read, now or later.
func isUnreadable(err error) bool {
	_, is := errors.AsType[convert.UnreadableError](err)
	return is
}
