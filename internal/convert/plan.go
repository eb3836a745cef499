package convert

import (
	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// The bounds of the plan in the status. 1,000 instances would not fit into one object that everybody lists.
const (
	maxPlannedInstances = 300
	maxSkippedInstances = 50
)

// reportPlan makes the status say what would be done; without a forecast, nothing.
func reportPlan(status *v1alpha1.VMSSRolloutStatus, f *rollout.Preview) {
	status.Plan = nil
	if f == nil {
		return
	}
	plan := &v1alpha1.Plan{EstimatedAPICalls: count(f.APICalls), ExpectedReason: string(f.Expected.Reason)}
	for _, kind := range f.Writes {
		plan.Writes = append(plan.Writes, v1alpha1.OperationKind(kind))
	}
	listed := 0
	for _, batch := range f.Batches {
		if listed+len(batch.Instances) > maxPlannedInstances {
			plan.OmittedInstances += count(len(batch.Instances))
			continue
		}
		listed += len(batch.Instances)
		plan.Batches = append(plan.Batches, plannedBatch(batch))
	}
	for _, s := range f.Skipped[:min(len(f.Skipped), maxSkippedInstances)] {
		plan.Skipped = append(plan.Skipped, v1alpha1.SkippedInstance{ID: s.Ref.ID, Reason: s.Why})
	}
	status.Plan = plan
}

func plannedBatch(batch rollout.PlannedBatch) v1alpha1.PlannedBatch {
	out := v1alpha1.PlannedBatch{Step: batch.Step, Action: v1alpha1.OperationKind(batch.Action)}
	for _, i := range batch.Instances {
		out.Instances = append(out.Instances, v1alpha1.PlannedInstance{ID: i.Ref.ID, Name: i.Ref.Name, Zone: i.Zone})
	}
	return out
}
