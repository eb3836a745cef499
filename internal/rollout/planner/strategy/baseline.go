package strategy

import (
	"fmt"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

const (
	// deletionTimeout is how long the rollback before a deletion waits for what it needs of the cluster, counted from when it began. A Secret
	// may come back within that time; an object that stays for ever holds up its namespace.
	deletionTimeout = 10 * time.Minute
	// secondLook is how long after the first time that Azure did not find the scale set the object is released: one answer may be wrong, and
	// Azure answers the same about what the identity cannot see.
	secondLook = time.Minute
)

// baselineLost reports that what was to be restored cannot be. A stored revision that is gone does not come back; a Secret may.
func baselineLost(d *advance.Draft, why string, forGood bool) *view.Hold {
	advance.LoseBaseline(d, why, forGood)
	if forGood {
		return baselineUnavailable(d, why)
	}
	return awaitSecret(d, why)
}

// baselineUnavailable holds: a rollback acts as a pause where it is not known what to go back to.
func baselineUnavailable(d *advance.Draft, why string) *view.Hold {
	if d.Spec.Deletion == rollout.DeletionRollback {
		return advance.ReleaseWithoutRollback(d, why)
	}
	if why == "" {
		why = "no baseline to roll back to"
	}
	current := d.State.Rollback.Current
	next := "declare spec.baseline, change spec.target, or create a RolloutAction Retry"
	if current.Revision != "" { // of an older revision, for which nothing else can stand
		next = "restore that, change spec.target, or create a RolloutAction Rollback with another toRevision"
	}
	return view.Wait(rollout.ReasonNotRollbackable, view.RecheckHeld,
		"cannot roll back (%s: %s): %s; no further changes; %s", current.Kind, current.Message, why, next)
}

// awaitSecret waits before a deletion for what the rollback lacks and a person can still provide. The wait is bounded. It is over at once
// in a namespace that is being deleted, where nothing can be created.
func awaitSecret(d *advance.Draft, why string) *view.Hold {
	ends := d.State.Rollback.Current.StartedAt.Add(deletionTimeout)
	switch p := d.Obs.Cluster.BaselineSettings.Problem; {
	case d.Spec.Deletion != rollout.DeletionRollback:
		return baselineUnavailable(d, why)
	case d.Obs.Cluster.Terminating:
		return advance.ReleaseWithoutRollback(d, why+"; the namespace is being deleted")
	case p != nil && p.Kind == rollout.KindForbidden:
		return view.Unreadable("the protected settings of the baseline", p)
	case !d.At().Before(ends):
		return advance.ReleaseWithoutRollback(d, fmt.Sprintf("%s; the rollback waited %.0f minutes", why, deletionTimeout.Minutes()))
	}
	return view.Wait(rollout.ReasonNotRollbackable, d.Until(ends, view.RecheckMissing),
		"the rollback before the deletion waits until %s; after that the object is deleted without it: %s; declare spec.baseline",
		view.FormatTime(ends), why).WithUntil(ends)
}

// isClosed reports that nothing more can be stored before the object goes.
func isClosed(d *advance.Draft) bool {
	return d.Spec.Deletion == rollout.DeletionRollback && d.Obs.Cluster.Terminating
}
