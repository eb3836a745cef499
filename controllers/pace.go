package controllers

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	// spreadOver is how long the first looks at completed rollouts take after a start of the manager. 1,000 of them are 67 reads of a model a
	// minute then: all at once, Azure refuses 3 of 4 (docs/azure.md §3.1: a bucket of 250; §3.3: 2,600 in half an hour).
	spreadOver = 15 * time.Minute
	// longRest is the shortest wait that is varied, by up to a fifth. Looks that fell into step would stay in step.
	longRest    = 30 * time.Minute
	maxVariedBy = 5
)

// firstLook returns how much later the first look of this process at the rollout may come; 0 means now. A rollout waits for its turn only
// if it was completed for its present spec and has no action, operation or deletion to handle. Its last report stays true until then. A
// second request, such as one that an event makes, is never put off.
func firstLook(round *round) time.Duration {
	object, obs := round.object, round.observation
	ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case !round.isFirst, ready == nil, ready.Reason != v1alpha1.ReasonCompleted:
		return 0
	case ready.ObservedGeneration != object.Generation, object.Status.ObservedGeneration != object.Generation:
		return 0
	case !object.DeletionTimestamp.IsZero(), len(obs.Actions) > 0, obs.State.Operation != nil, !obs.State.Run.Completed:
		return 0
	}
	return shareOf(object.UID, spreadOver)
}

// restsFor is when to look again after a wait of the core's. Long ones are drawn out, by as much for the same rollout every time: at the
// most hourly stays at the most hourly.
func restsFor(uid types.UID, recheck time.Duration) time.Duration {
	if recheck < longRest {
		return recheck
	}
	return recheck + shareOf(uid, recheck/maxVariedBy)
}

// shareOf is a part of a time, the same for the same rollout every time, and spread evenly over rollouts.
func shareOf(uid types.UID, of time.Duration) time.Duration {
	sum := sha256.Sum256([]byte(uid))
	const parts = 1 << 16
	return of / parts * time.Duration(binary.BigEndian.Uint16(sum[:2]))
}

// putOff ends a round that waits for its turn. The metrics count the rollout and its state nevertheless.
func (r *VMSSRolloutReconciler) putOff(round *round) {
	r.Metrics.observe(round, rollout.Decision{Explanation: rollout.Explanation{Reason: rollout.Reason(round.before)}})
}
