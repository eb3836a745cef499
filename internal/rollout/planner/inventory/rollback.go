package inventory

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// Rollback is the instances that a rollback has to restore, sorted by how far they are.
type Rollback struct {
	Behind    []rollout.Instance // lack what was there before
	Unhealthy []rollout.Instance // have it and are not healthy, or show that they cannot have it
	Busy      []rollout.Instance // Azure is at work on them, or may be
	Failed    []rollout.Instance // did not come back
	Skipped   []rollout.Instance // they are off, or Azure leaves them alone
}

// RollbackView is the source of a rollback inventory. Its Spec has the baseline as its target.
type RollbackView struct {
	Spec     rollout.Spec
	Declared rollout.Target
	State    rollout.State
}

// Take sorts the instances, which come in the declared order. Instances that were never exposed are not among them.
func (v RollbackView) Take(ordered []rollout.Instance) Rollback {
	var r Rollback
	for _, i := range ordered {
		if i.State != rollout.StateDeleting && v.isMember(i) {
			r.add(v, i)
		}
	}
	return r
}

func (r *Rollback) add(v RollbackView, i rollout.Instance) {
	switch {
	case v.State.IsOff(i), i.Protected && v.Spec.Instances.Protected == rollout.ProtectedSkip:
		r.leaveAlone(v, i)
	case v.State.Ledger.HasFailed(i):
		r.Failed = append(r.Failed, i)
	case v.State.InFlight(i) || i.IsBusy():
		r.Busy = append(r.Busy, i)
	case i.Latest == rollout.False:
		r.Behind = append(r.Behind, i)
	case target.Contradicts(v.Spec.Target, i) || !IsHealthy(v.Spec.Health, i):
		r.Unhealthy = append(r.Unhealthy, i)
	}
}

// leaveAlone adds an instance that Azure leaves alone. One that was restored before it was protected was not left out; how it is since is
// not for the rollback to remedy.
func (r *Rollback) leaveAlone(v RollbackView, i rollout.Instance) {
	isRestored := i.Latest == rollout.True && !i.IsBusy() && !target.Contradicts(v.Spec.Target, i)
	if !isRestored {
		r.Skipped = append(r.Skipped, i)
	}
}

// isMember reports whether the rollback restores the instance: every instance where a completed release is undone.
func (v RollbackView) isMember(i rollout.Instance) bool {
	return v.State.Rollback.Current.AllInstances || v.IsSuspect(i)
}

// IsSuspect reports whether a target may have touched the instance: it was seen on it; or the instance was created since the first write
// and not from what is in the model now; or it boots from the target's image.
func (v RollbackView) IsSuspect(i rollout.Instance) bool {
	newest := v.State.Rollback.Baseline.NewestInstanceAt
	switch {
	case v.State.Ledger.IsExposed(i.ID):
		return true
	case i.Latest != rollout.True && !newest.IsZero() && i.CreatedAt.Truncate(time.Microsecond).After(newest):
		return true
	}
	before, image := v.Spec.Target.Image, v.Declared.Image
	return image != nil && before != nil && i.Disk.Image != nil && image.Same(*i.Disk.Image) && !before.Same(*i.Disk.Image)
}
