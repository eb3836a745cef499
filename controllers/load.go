package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/convert"
	"github.com/vmss-rollouts/vmss-rollouts/internal/finalizer"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// round holds the data that one reconcile carries from stage to stage.
type round struct {
	object      *v1alpha1.VMSSRollout // as read live, then as last written
	before      string                // reason of the Ready condition as the round found it
	isFirst     bool                  // this process has not looked at it before
	set         rollout.ScaleSet
	spec        rollout.Spec
	templates   map[string]*v1alpha1.CheckTemplate // that its checks refer to, by name
	observation rollout.Observation
	listed      time.Time // when the instances were listed, or else the model was read
	// when the intent was sent to the API server, which stores it for no other object than the one that was read
	confirmed time.Time
	began     rollout.OperationKind // what this round began, "" for nothing
	stored    []string              // revisions that this round stored
	actions   []*v1alpha1.RolloutAction
	protected map[string]map[string]any // protected settings by Secret; never logged, never written to Kubernetes
}

// load reads the object live, with what was asked of it. It returns nil for one that is gone, or on its way out with nothing to be put
// back first: deletion then stops all work, touches nothing and holds nothing up.
func (r *VMSSRolloutReconciler) load(ctx context.Context, name types.NamespacedName) (*round, error) {
	object := &v1alpha1.VMSSRollout{}
	if err := r.Live.Get(ctx, name, object); err != nil {
		if client.IgnoreNotFound(err) == nil {
			r.forget(name)
			return nil, nil
		}
		return nil, fmt.Errorf("reading VMSSRollout %s: %w", name, err)
	}
	if !object.DeletionTimestamp.IsZero() && !finalizer.Has(object) {
		r.forget(name)
		return nil, nil
	}
	before, known := r.known.Swap(name, object.UID)
	state, err := r.stateOf(ctx, object)
	switch {
	case isUnreadable(err):
		return nil, r.reportUnreadable(ctx, object, err)
	case err != nil:
		return nil, err
	}
	if err := r.keepFinalizer(ctx, object, state); err != nil {
		return nil, err
	}
	templates, err := r.readTemplates(ctx, object)
	if err != nil {
		return nil, err
	}
	spec := convert.Spec(object, templates)
	round := &round{
		object:    object,
		isFirst:   !known || before != object.UID,
		before:    readyReason(object),
		set:       spec.On(state).ScaleSet,
		spec:      spec,
		templates: templates,
		observation: rollout.Observation{
			At:      r.Clock.Now(),
			State:   state,
			Cluster: rollout.ClusterReads{RolledBack: rolledBackOf(object)},
		},
	}
	r.observeOutside(ctx, round)
	return round, r.readActions(ctx, round)
}
