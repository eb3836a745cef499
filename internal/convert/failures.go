package convert

import (
	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// maxFailures is how many failed instances the status names. 1,000 would not fit into one object.
const maxFailures = 10

// named lists the first failed instances.
func named(failed []rollout.Failure) []v1alpha1.FailedInstance {
	var out []v1alpha1.FailedInstance
	for _, f := range failed[:min(len(failed), maxFailures)] {
		out = append(out, v1alpha1.FailedInstance{
			InstanceReference: attemptFrom(rollout.Attempt{Ref: f.Ref, OSDisk: f.OSDisk, Try: f.Try}),
			Reason:            v1alpha1.FailureReason(f.Reason), Message: f.Message, Time: floorTime(f.At),
		})
	}
	return out
}
