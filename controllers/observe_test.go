package controllers

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// endless answers no read before its caller has given up.
type endless struct{ ScaleSets }

func (endless) Model(ctx context.Context, _ rollout.ScaleSet) (rollout.Model, error) {
	<-ctx.Done()
	return rollout.Model{}, &rollout.Problem{Kind: rollout.KindTransient, Message: "it took too long"}
}

// TestRoundReadsForABoundedTime: reads without an end give the worker back, and the round knows that they failed.
func TestRoundReadsForABoundedTime(t *testing.T) {
	metric.Fault(t, 24)
	synctest.Test(t, func(t *testing.T) {
		r := &VMSSRolloutReconciler{Azure: endless{}, Clock: clock.RealClock{}}
		target := rollout.Target{Image: &rollout.Image{ID: "/images/a"}}
		round := &round{
			object: &v1alpha1.VMSSRollout{},
			spec:   rollout.Spec{Target: target, Canary: rollout.Canary{Percent: 100}},
			observation: rollout.Observation{
				At:    time.Now(),
				State: rollout.State{Run: rollout.Run{Number: 1, Revision: target.Revision(), Completed: true, CompletedAtBaseline: true}},
			},
		}
		begun := time.Now()
		ctx, giveUp := context.WithTimeout(t.Context(), time.Hour)
		defer giveUp()
		r.observe(ctx, round)
		if took := time.Since(begun); took != maxLook {
			t.Errorf("the round read for %s, want %s", took, maxLook)
		}
		if obs := round.observation; obs.Model.State != rollout.ReadFailed {
			t.Errorf("got %+v", obs.Model)
		}
	})
}
