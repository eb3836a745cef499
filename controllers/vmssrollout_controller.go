// Package controllers is the Kubernetes shell around the rollout core: load → observe → plan → persist → act → report, one file
// each. It decides nothing about rollouts; it reads what the core asks for, stores the state that the core returns, carries out the
// one step the core chose, and tells people.
package controllers

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// VMSSRolloutReconciler brings scale sets to what VMSSRollout objects declare, one step a round.
type VMSSRolloutReconciler struct {
	// Client writes status.
	Client client.Client
	// Live reads from the API server, not from a cache: a round must never decide on its own former self.
	Live client.Reader
	// Azure is where scale sets live.
	Azure ScaleSets
	// Leadership knows how long this process is the only one that works; nil: there is no election.
	Leadership Leadership
	// Clock tells the time of each round.
	Clock clock.PassiveClock
	// Events tells people what happened.
	Events events.EventRecorder
	// Verification measures and calls; nil: checks and hooks are never answered.
	Verification Verification
	// Nodes drains instances that are nodes of this cluster; nil: they are never drained.
	Nodes Nodes
	// Triggers is how these two ask for a look; nil: they wait for the next one.
	Triggers *TriggerSource
	// Metrics counts; nil counts nothing.
	Metrics *Metrics

	known sync.Map // UIDs by name, so that it can be told which rollout is gone
}

// Reconcile runs one round and reports its error, if it ends in one.
func (r *VMSSRolloutReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	defer func() {
		if p := recover(); p != nil {
			r.reportError(ctx, req.NamespacedName, errPanicked)
			panic(p)
		}
	}()
	result, err := r.run(ctx, req.NamespacedName)
	if err != nil {
		r.reportError(ctx, req.NamespacedName, err)
	}
	return result, err
}

// run is one round: at most one effect on Azure, stored before it is sent.
func (r *VMSSRolloutReconciler) run(ctx context.Context, name types.NamespacedName) (ctrl.Result, error) {
	if !r.leads() {
		return ctrl.Result{RequeueAfter: recheckLeader}, nil
	}
	round, err := r.load(ctx, name)
	if round == nil || err != nil {
		return ctrl.Result{}, err
	}
	if later := firstLook(round); later > 0 {
		r.putOff(round)
		return ctrl.Result{RequeueAfter: later}, nil
	}
	ctx = r.withRedactor(ctx, round)
	r.observe(ctx, round)
	decision := planner.Plan(round.spec, round.observation)
	if decision.Step.Operation() == "" {
		return r.report(ctx, round, decision)
	}
	if persisted, err := r.persist(ctx, round, decision); !persisted {
		return ctrl.Result{RequeueAfter: afterConflict}, err
	}
	if !r.leads() {
		// Neither the effect nor a word about it: the intent is the next leader's to look at.
		ctrl.LoggerFrom(ctx).Info("The lease may be another process's by now; nothing was sent", "step", decision.Step.Operation(),
			"scaleSet", round.set.String())
		return ctrl.Result{RequeueAfter: recheckLeader}, nil
	}
	return r.report(ctx, round, r.act(ctx, round, decision))
}

// afterConflict is how soon a round that lost a write is tried again.
const afterConflict = time.Second

// SetupWithManager registers the reconciler. The controller's own status writes trigger no reconcile. An annotation asks for a look at
// once: kubectl annotate vmssr web rollouts.vmss.dev/requested-at="$(date)" --overwrite.
func (r *VMSSRolloutReconciler) SetupWithManager(mgr ctrl.Manager, concurrent int) error {
	controlled := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.VMSSRollout{}, builder.WithPredicates(
			predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}, statusLost()))).
		Watches(&v1alpha1.RolloutAction{}, handler.EnqueueRequestsFromMapFunc(rolloutOf), builder.WithPredicates(unanswered())).
		Watches(&v1alpha1.CheckTemplate{}, handler.EnqueueRequestsFromMapFunc(r.usersOf),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrent})
	if r.Triggers != nil {
		controlled = controlled.WatchesRawSource(r.Triggers)
	}
	return controlled.Complete(r)
}

// rolloutOf names the rollout that an action is for.
func rolloutOf(_ context.Context, object client.Object) []ctrl.Request {
	action, is := object.(*v1alpha1.RolloutAction)
	if !is {
		return nil
	}
	return []ctrl.Request{{NamespacedName: types.NamespacedName{Namespace: action.Namespace, Name: action.Spec.RolloutRef.Name}}}
}

// unanswered lets through the actions that have no answer yet.
func unanswered() predicate.Predicate {
	return predicate.NewPredicateFuncs(func(object client.Object) bool {
		action, is := object.(*v1alpha1.RolloutAction)
		return is && action.Status.Answer == ""
	})
}
