package controllers

import (
	"time"

	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Bench is a reconciler for a real API server, with a clock that stands still and a scale set of two that does as it is told.
type Bench struct {
	*VMSSRolloutReconciler
	Time *clocktesting.FakePassiveClock
	Told *events.FakeRecorder
	set  *obedient
}

// NewBench returns a bench. Its clock begins at a time before the one from which the instances report to be healthy.
func NewBench(c client.Client) *Bench {
	b := &Bench{Time: clocktesting.NewFakePassiveClock(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)), Told: events.NewFakeRecorder(100),
		set: &obedient{}}
	b.set.model = rollout.Model{ETag: "1", Capacity: 2, UpgradeMode: "Manual", Orchestration: "Uniform", State: rollout.StateSucceeded,
		HealthMonitored: true}
	reported := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, id := range []string{"0", "1"} {
		b.set.instances = append(b.set.instances, rollout.Instance{
			ID:       id,
			VMID:     "vm" + id,
			State:    rollout.StateSucceeded,
			Latest:   rollout.True,
			Power:    rollout.PowerState{Running: rollout.True},
			Health:   rollout.HealthReport{Healthy: rollout.True, Since: reported},
			ListedAt: reported,
		})
	}
	b.VMSSRolloutReconciler = &VMSSRolloutReconciler{Client: c, Live: c, Azure: b.set, Clock: b.Time, Events: b.Told}
	return b
}

// Calls are the calls of Azure so far.
func (b *Bench) Calls() []string { return b.set.calls }
