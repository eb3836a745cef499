package controllers

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/leaderelection"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// How old what an effect rests on may be when the effect is sent. A process that was stopped, or waited long for an answer, has to look
// again: meanwhile the object may have been paused, changed or taken over, and the scale set may be another one.
const (
	maxIntentAge   = 10 * time.Second // since the intent was sent to the API server, which accepts it only for the object that was read
	maxReadAge     = 30 * time.Second // since the instances were listed
	persistTimeout = 8 * time.Second  // how long the API server may take to store the intent
	recheckLeader  = 2 * time.Second  // how soon a process that may not be the leader looks whether it is
)

// leads reports whether this process is known to be the only one that works.
func (r *VMSSRolloutReconciler) leads() bool { return r.Leadership == nil || r.Leadership.Left() > 0 }

// whileLeading returns a context that ends before another process can become the leader.
func (r *VMSSRolloutReconciler) whileLeading(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.Leadership == nil {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, r.Leadership.Left())
}

// lateness is the problem of an effect that comes too late, nil for one that does not. Such an effect is not sent.
func (r *VMSSRolloutReconciler) lateness(round *round) *rollout.Problem {
	for _, rests := range []struct {
		what string
		at   time.Time
		most time.Duration
	}{{"the intent was written", round.confirmed, maxIntentAge}, {"the scale set was read", round.listed, maxReadAge}} {
		if passed := leaderelection.Elapsed(r.Clock, rests.at); !rests.at.IsZero() && passed > rests.most {
			return &rollout.Problem{Kind: rollout.KindTransient, Message: fmt.Sprintf(
				"nothing was sent: %s passed since %s, more than %s; the controller reads again", passed.Round(time.Second),
				rests.what, rests.most)}
		}
	}
	return nil
}

// confirm makes sure that the object is still the one that was read, where an intent is already stored word for word and is not written
// again.
func (r *VMSSRolloutReconciler) confirm(ctx context.Context, round *round) error {
	now, key := &v1alpha1.VMSSRollout{}, client.ObjectKeyFromObject(round.object)
	if err := r.Live.Get(ctx, key, now); err != nil {
		return fmt.Errorf("reading VMSSRollout %s: %w", key, err)
	}
	if now.UID != round.object.UID || now.ResourceVersion != round.object.ResourceVersion {
		return apierrors.NewConflict(
			v1alpha1.GroupVersion.WithResource("vmssrollouts").GroupResource(), key.Name, fmt.Errorf("it changed since it was read"))
	}
	return nil
}
