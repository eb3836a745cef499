package controllers

import (
	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// How many failed machines the status names each for itself, and how many of these with what was said. A thousand would not fit into one
// object. What the others said is in status.instances as far as it fits, and with Azure.
const (
	maxFailures        = 10
	maxFailureMessages = 3
	maxFailureMessage  = 400
)

// named lists the first failed machines, and those of which more is known than how they failed.
func named(failed []rollout.Failure) []v1alpha1.FailedInstance {
	var out []v1alpha1.FailedInstance
	for n, f := range failed {
		if isGrouped(n, f) {
			continue
		}
		entry := v1alpha1.FailedInstance{
			InstanceReference: attemptFrom(rollout.Attempt{Ref: f.Ref, OSDisk: f.OSDisk, Try: f.Try}),
			Reason:            v1alpha1.FailureReason(f.Reason),
		}
		if n < maxFailureMessages {
			entry.Message, entry.Time = shortened(f.Message), happened(f.At)
		}
		out = append(out, entry)
	}
	return out
}

// shortened is a message that fits. One that does not loses its command whole.
func shortened(message string) string {
	if len(message) > maxFailureMessage {
		message = rollout.WithoutAdvice(message)
	}
	return conditions.Shorten(message, maxFailureMessage)
}

// grouped lists the other failed machines by how they failed. That they are not told from a later machine with the same id is safe, since
// Azure does not give an id again soon: at worst such a machine is left alone until a person asks for another try.
func grouped(failed []rollout.Failure) []v1alpha1.FailedGroup {
	var groups []v1alpha1.FailedGroup
	ids := map[int][]string{}
	for n, f := range failed {
		if isGrouped(n, f) {
			at := groupOf(&groups, f)
			ids[at] = append(ids[at], f.Ref.ID)
		}
	}
	for at := range groups {
		groups[at].Instances = idsFrom(inOrder(ids[at]))
	}
	return groups
}

// groupOf finds the group of those that failed alike, or begins it.
func groupOf(groups *[]v1alpha1.FailedGroup, f rollout.Failure) int {
	reason, attempt := v1alpha1.FailureReason(f.Reason), count(f.Try)
	for at, g := range *groups {
		if g.Reason == reason && g.Attempt == attempt {
			return at
		}
	}
	*groups = append(*groups, v1alpha1.FailedGroup{Reason: reason, Attempt: attempt})
	return len(*groups) - 1
}

// isGrouped says whether the n-th failed machine is told with others.
func isGrouped(n int, f rollout.Failure) bool {
	return n >= maxFailures && f.OSDisk == ""
}

// failuresOf reads what named and grouped wrote.
func failuresOf(status v1alpha1.VMSSRolloutStatus) []rollout.Failure {
	var out []rollout.Failure
	for _, f := range status.FailedInstances {
		out = append(out, rollout.Failure{
			Ref: refOf(
				f.InstanceReference,
			), Try: int(f.Attempt), OSDisk: f.OSDisk, Reason: rollout.FailureReason(f.Reason), Message: f.Message, At: timeOf(f.Time),
		})
	}
	if kept := status.Bookkeeping; kept != nil && kept.Machines != nil {
		for _, group := range kept.Machines.Failed {
			for _, id := range idsOf(group.Instances) {
				out = append(
					out,
					rollout.Failure{Ref: rollout.Ref{ID: id}, Try: int(group.Attempt), Reason: rollout.FailureReason(group.Reason)},
				)
			}
		}
	}
	return out
}
