package view

import "github.com/vmss-rollouts/vmss-rollouts/internal/rollout"

// AreReadsDeferred reports that Azure asked not to be read from at this time. A time that lies further ahead than it can was corrected when
// the round began.
func AreReadsDeferred(v *View) bool { return v.At().Before(v.State.Pacing.ReadsDeferred.Until) }

// RefusedRead returns which read of this round Azure refused with a time, and how; nil: none.
func RefusedRead(v *View) (string, *rollout.Problem) {
	reads := []struct {
		what    string
		state   rollout.ReadState
		problem *rollout.Problem
	}{
		{"the running operation", v.Obs.Operation.State, v.Obs.Operation.Problem},
		{"the instances", v.Obs.Instances.State, v.Obs.Instances.Problem},
		{"the scale set", v.Obs.Model.State, v.Obs.Model.Problem},
		{"the rolling upgrade", v.Obs.RollingUpgrade.State, v.Obs.RollingUpgrade.Problem},
		{"the versions of the image", v.Obs.Image.State, v.Obs.Image.Problem},
		{"the image", v.Obs.ImageTraits.State, v.Obs.ImageTraits.Problem},
		{"the load balancer", v.Obs.Traffic.State, v.Obs.Traffic.Problem},
		{"the other scale set", v.Obs.Peer.State, v.Obs.Peer.Problem},
	}
	for _, read := range reads {
		if read.state == rollout.ReadFailed && read.problem.RetryAfter > 0 {
			return read.what, read.problem
		}
	}
	return "", nil
}

// HasReadAny reports that any read of Azure in this round succeeded.
func HasReadAny(v *View) bool {
	return v.Obs.Operation.State == rollout.Read || v.Obs.Instances.State == rollout.Read || v.Obs.Model.State == rollout.Read
}

// MayRead reports that Azure may be read from in this round.
func MayRead(v *View) bool {
	_, p := RefusedRead(v)
	return p == nil && !AreReadsDeferred(v)
}

// MayShare reports that another rollout may have the scale set too. A rollout with something in flight waits for that first, and one that
// only plans does nothing.
func MayShare(v *View) bool { return v.State.Operation != nil || v.Spec.PlanOnly }

// IsBlockedByOwner reports that another rollout, as far as is known, keeps this one from the scale set.
func IsBlockedByOwner(v *View) bool { return !MayShare(v) && v.Obs.Cluster.Ownership.Value.Owner != "" }

// OlderOwner is the older rollout that keeps this one from the scale set; "": none that is known.
func OlderOwner(v *View) string {
	if MayShare(v) {
		return ""
	}
	return v.Obs.Cluster.Ownership.Value.OlderOwner()
}

// IsNotDue reports that the operation was begun and it is too early to poll.
func IsNotDue(v *View, op *rollout.Operation) bool {
	return op != nil && op.EndedAt.IsZero() && op.Rejection == nil && v.At().Before(op.NextPollAt)
}

// IsPollable reports that a poll of the operation may tell something.
func IsPollable(v *View, op *rollout.Operation) bool {
	return op != nil && !IsLateWrite(v, op) && op.PollToken != "" && op.EndedAt.IsZero() && op.Rejection == nil &&
		v.At().Before(op.AcceptedAt.Add(OperationDeadline))
}
